"""The case that shows a defect, built from the plain values of its entry."""

import math
import threading
from dataclasses import replace

import pytest
import torch

from selftest.behaviour.support import RUN, cell
from strategies import Truncation
from verify.defects import known_defects
from verify.defects.known_defects import KnownDefect
from verify.engine.witness import build, shown_on, witness, witnesses
from verify.plan.run import cells
from verify.subjects.initializer_cases import GainCase, TruncatedCase

TRUNCATED = TruncatedCase((1,), Truncation(0.0, 1.0, -2.0, 2.0))
GAIN = GainCase((1, 1), 1.0)
EARLIER = {"shape": [3, 2], "gain": 1.0}


@pytest.mark.parametrize(
    ("numel", "shown"), [((0, 8), True), ((5, 8), False)], ids=["inside", "outside"]
)
def test_a_witness_is_shown_only_where_its_region_holds_it(numel, shown, monkeypatch):
    """Outside it shows nothing, and would read as fixed upstream: its entry is wrong."""
    defect = KnownDefect(
        "a-defect", "It is off.", "support", ("xavier_normal_",), region={"numel": numel},
        witness={"shape": [2, 2], "gain": 1.0},
    )  # fmt: skip
    monkeypatch.setattr(known_defects, "_chosen", (defect,))
    assert bool(witnesses(cells(["cpu"]))) is shown


class TestWithoutAnAnswer:
    """A witness that was not drawn, or is held to other checks, says nothing of its defect."""

    def outcome(self, **changes):
        fields = {
            "id": "a-defect", "symptom": "It is off.", "check": "support", "region": {},
            "subjects": ("xavier_normal_",), "witness": {"shape": [2, 2], "gain": 1.0},
        }  # fmt: skip
        return witness(cell("xavier_normal_"), KnownDefect(**fields | changes), RUN)

    def test_what_is_drawn_and_right_is_fixed(self):
        assert self.outcome().final_verdict == "fail"
        assert self.outcome(check="raises").final_verdict == "fail"

    def test_a_call_that_raises(self, monkeypatch):
        def raise_it(*_args, **_options):
            raise ValueError("no way")

        monkeypatch.setattr(torch.nn.init, "xavier_normal_", raise_it)
        found = self.outcome()
        assert found.final_verdict == "error"
        assert "shows nothing of 'support': ValueError: no way" in found.reason
        assert self.outcome(check="raises").final_verdict == "known defect"

    @pytest.mark.parametrize(("after", "verdict"), [({}, "fail"), (EARLIER, "known defect")])
    def test_what_one_call_leaves_behind_for_the_next(self, after, verdict, monkeypatch):
        """A device that finds its programs by too little runs that of another shape."""
        real, programs = torch.nn.init.xavier_normal_, list[torch.Size]()

        def confused(tensor, *arguments, **options):
            programs.append(tensor.shape)
            return real(tensor.resize_(programs[0]), *arguments, **options)

        monkeypatch.setattr(torch.nn.init, "xavier_normal_", confused)
        assert self.outcome(check="state", after=after).final_verdict == verdict

    @pytest.mark.usefixtures("patient")
    def test_a_call_that_does_not_end(self, monkeypatch):
        monkeypatch.setattr(
            torch.nn.init, "xavier_normal_", lambda *_args, **_options: threading.Event().wait()
        )
        monkeypatch.setattr(f"{__name__}.RUN", replace(RUN, time_limit=0.2))
        found = self.outcome()
        assert found.final_verdict == "error" and "--time-limit" in found.reason
        assert self.outcome(check="time_limit").final_verdict == "known defect"

    def test_a_case_too_large_for_the_machine(self):
        found = self.outcome(witness={"shape": [1 << 30, 1 << 30], "gain": 1.0})
        assert found.final_verdict == "error", found.reason
        assert "shows nothing of" in found.reason or "too little memory" in found.reason

    def test_a_check_that_is_not_made(self):
        found = self.outcome(check="zero_count")
        assert found.final_verdict == "error"
        assert "not held to that check; choose among those made of it (" in found.reason


class TestBuild:
    def test_nested_dataclasses_from_plain_values(self):
        window = {"mean": 0.0, "std": 1.0, "a": 1.0, "b": math.inf}
        built = build(TRUNCATED, {"shape": [2, 3], "window": window})
        assert built == TruncatedCase((2, 3), Truncation(0.0, 1.0, 1.0, math.inf))
        assert isinstance(hash(built), int)

    @pytest.mark.parametrize(
        ("values", "sentence"),
        [
            ({"shape": [2]}, "gain"),
            ({"gain": 1.0}, "shape"),
            ({"shape": [2], "gain": 1.0, "colour": 3}, "colour"),
            ({}, "shape"),
        ],
    )
    def test_missing_and_unknown_fields_are_named(self, values, sentence):
        with pytest.raises(ValueError, match=f"does not describe a GainCase: .*{sentence}"):
            build(GAIN, values)

    def test_fields_of_fields_are_checked_too(self):
        with pytest.raises(ValueError, match="does not describe a Truncation"):
            build(TRUNCATED, {"shape": [2], "window": {"mean": 0.0}})

    def test_windows_that_mean_nothing_are_refused(self):
        window = {"mean": 0.0, "std": 1.0, "a": 1.0, "b": 1.0}
        with pytest.raises(ValueError, match="not a truncated normal"):
            build(TRUNCATED, {"shape": [2], "window": window})


def test_modules_that_are_built_from_other_arguments_have_other_cases():
    defect = KnownDefect("a-defect", "It is off.", "support", ("Linear", "GRU", "LazyLinear"))
    assert shown_on(defect) == ("Linear", "LazyLinear")
