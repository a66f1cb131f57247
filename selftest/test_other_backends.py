"""A known defect speaks of the backends on which its witness was seen, and of no others.

The other backend is one of another name whose device is the CPU: what it has wrong is what PyTorch
has wrong here, and what it has right is mended here for the time of a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from scipy import special
from torch import Tensor, nn

from selftest.behaviour.support import RUN
from verify.backends import Backend
from verify.behaviour.errors import verify_errors
from verify.behaviour.exact import Comparison, compare
from verify.checks.finding import Finding, Raised
from verify.defects import known_defects
from verify.defects.known_defects import KnownDefect, load
from verify.engine.explore import verify_cell
from verify.engine.witness import witness, witnesses
from verify.outcome.outcome import Outcome
from verify.plan.profiles import Extent, Profile
from verify.plan.run import Cell
from verify.subjects import SUBJECTS


class Elsewhere(Backend):
    """A backend whose every device is the CPU."""

    def device(self, _worker: int = 0) -> torch.device:
        return torch.device("cpu")


OTHER = Elsewhere("xpu", lambda: 1, dict, ("float32",))
HERE = replace(OTHER, name="cpu")


def errors(cell: Cell) -> Outcome:
    return verify_errors(cell, RUN)


_MANY = Extent(150, 1 << 8, 2, 1 << 12, 256, stratum_values=1 << 6, largest=1 << 12)
"""Many small cases: one-sided windows are among them."""


def law(cell: Cell) -> Outcome:
    return verify_cell(cell, replace(RUN, profile=Profile("many", _MANY, _MANY)), "law")


def _truncated(_original: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """By the inverse distribution function in double precision, in the tail of smaller numbers."""

    @torch.no_grad()
    def mended(
        tensor: Tensor,
        mean: float = 0.0,
        std: float = 1.0,
        a: float = -2.0,
        b: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        side = -1.0 if (a - mean) + (b - mean) > 0 else 1.0
        low, high = (special.ndtr(side * (end - mean) / std) for end in (a, b))
        uniforms = torch.rand(tensor.shape, dtype=torch.float64, generator=generator).numpy()
        normals = special.ndtri(low + (high - low) * uniforms)
        return tensor.copy_(torch.as_tensor(mean + side * std * normals).clamp(a, b))

    return mended


def _dirac(original: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def mended(tensor: Tensor, groups: object = 1) -> Tensor:
        if type(groups) is not int or groups < 1:
            raise ValueError(f"groups must be a positive whole number, not {groups!r}")
        return original(tensor, groups)

    return mended


def _wide(fill: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Wrong in the default window alone, which is looked at after the drawn ones."""

    @torch.no_grad()
    def spoilt(tensor: Tensor, *args: float, **options: Any) -> Tensor:
        filled = fill(tensor, *args, **options)
        default = {**dict(zip(_PARAMETERS, args, strict=False)), **options}
        return filled.mul_(1.5 if [default.get(p) for p in "ab"] in _DEFAULT else 1.0)

    return spoilt


def _refusing(fill: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def spoilt(tensor: Tensor, groups: object = 1) -> Tensor:
        if tensor.numel() == 0:
            raise ValueError("there is nothing to fill")
        return fill(tensor, groups)

    return spoilt


_PARAMETERS = ("mean", "std", "a", "b")
_DEFAULT = ([-2.0, 2.0], [None, None])
_SPOILT = {"trunc_normal_": _wide, "dirac_": _refusing}
"""A fault of the device's own, in the same cell."""


def told(outcome: Outcome) -> list[Finding]:
    """What failed, without the sum of questions."""
    summed = outcome.promise == "errors"
    return [f for f in outcome.failures if f.scope == "case" or not summed]


QUESTIONS = [  # Which entry, what asks for it, and how it is mended.
    ("trunc-normal-infinite-tail", "trunc_normal_", law, _truncated),
    ("dirac-of-impossible-groups", "dirac_", errors, _dirac),
]
each = pytest.mark.parametrize(("known", "name", "ask", "mend"), QUESTIONS, ids=["law", "errors"])


def cell_of(name: str, backend: Backend) -> Cell:
    return Cell(SUBJECTS[name], backend, "float32")


@each
class TestEachEntry:
    def test_is_a_fault_like_any_other_where_nobody_has_seen_it(self, known, name, ask, mend):
        outcome = ask(cell_of(name, OTHER))
        assert outcome.final_verdict == "fail"
        assert known not in outcome.excluded
        assert {finding.elsewhere for finding in told(outcome)} == {known}

    def test_stands_beside_a_fault_of_its_own(self, known, name, ask, mend, monkeypatch):
        monkeypatch.setattr(nn.init, name, _SPOILT[name](getattr(nn.init, name)))
        outcome = ask(cell_of(name, OTHER))
        assert outcome.final_verdict == "fail"
        assert {finding.elsewhere for finding in told(outcome)} == {"", known}
        own = {finding.check for finding in told(outcome) if not finding.elsewhere}
        assert own == ({"errors"} if name == "dirac_" else own - {"raises"})

    def test_is_not_what_a_fault_of_its_own_is(self, known, name, ask, mend, monkeypatch):
        mended = mend(getattr(nn.init, name))
        monkeypatch.setattr(nn.init, name, _SPOILT[name](mended))
        outcome = ask(cell_of(name, OTHER))
        assert outcome.final_verdict == "fail"
        assert {finding.elsewhere for finding in told(outcome)} == {""}

    def test_is_no_matter_where_it_is_mended(self, known, name, ask, mend, monkeypatch):
        monkeypatch.setattr(nn.init, name, mend(getattr(nn.init, name)))
        outcome = ask(cell_of(name, OTHER))
        assert outcome.final_verdict == "pass", outcome.diagnosis
        assert outcome.excluded == ()

    def test_is_left_out_where_it_was_seen(self, known, name, ask, mend):
        outcome = ask(cell_of(name, HERE))
        assert outcome.final_verdict == "pass", outcome.diagnosis
        assert known in outcome.excluded


def test_no_witness_is_planned_elsewhere():
    planned = [cell_of(name, OTHER) for name in SUBJECTS]
    assert witnesses(planned) == []


def infinite_tail() -> KnownDefect:
    (known,) = (each for each in load() if each.id == "trunc-normal-infinite-tail")
    return known


def test_the_witness_of_what_is_mended_is_red_where_it_was_seen(monkeypatch):
    monkeypatch.setattr(nn.init, "trunc_normal_", _truncated(nn.init.trunc_normal_))
    outcome = witness(cell_of("trunc_normal_", HERE), infinite_tail(), RUN)
    assert outcome.final_verdict == "fail" and "fixed upstream" in outcome.diagnosis


@pytest.mark.parametrize(("backends", "excluded"), [((), False), (("xpu",), True)])
def test_an_entry_for_another_backend_names_it(backends, excluded, monkeypatch):
    """One that names none speaks of the CPU, on which every list so far was written."""
    known = replace(infinite_tail(), backends=backends)
    monkeypatch.setattr(known_defects, "_chosen", (known,))
    found = law(cell_of("trunc_normal_", OTHER))
    assert (known.id in found.excluded) == excluded
    said = "RuntimeError: to is out of bounds" in found.diagnosis
    assert said != excluded


class TestWhatAnEntryExplains:
    @pytest.fixture(autouse=True)
    def _of_a_tie(self, monkeypatch):
        fields = {"subjects": ("Linear",), "symptom": "It raises TypeError.", "promises": ("gain",)}
        known = KnownDefect("known", check="exact", calls=("a", "b"), **fields)
        monkeypatch.setattr(known_defects, "_chosen", (known,))

    def judged(self, *comparisons: Comparison) -> dict[str, str]:
        known = known_defects.for_promise_elsewhere("gain", "Linear", "xpu", "float32")
        asked = Outcome("gain", "Linear", "xpu", "float32", "", "", "")
        outcome = compare(asked, comparisons, elsewhere=known)
        assert outcome.excluded == ()
        assert (outcome.final_verdict == "fail") == bool(outcome.failures)
        return {f.asked: f.elsewhere for f in outcome.failures if f.scope == "case"}

    def test_is_what_it_names(self):
        wrong = [Comparison(name, lambda: ["lost"], []) for name in "abc"]
        assert self.judged(*wrong) == {"c": "", "a": "known", "b": "known"}

    def test_is_nothing_that_is_right(self):
        assert self.judged(Comparison("a", lambda: [], [])) == {}

    @pytest.mark.parametrize(("error", "by"), [(TypeError, "known"), (KeyError, "")])
    def test_is_an_exception_that_its_symptom_names(self, error, by):
        def raises():
            raise error("of a device")

        assert self.judged(Comparison("a", raises, [])) == {"a": by}

    def test_is_all_that_is_wrong_however_much(self):
        own = [Comparison(f"own {i}", lambda: ["lost"], []) for i in range(30)]
        found = self.judged(*own, Comparison("a", lambda: ["lost"], []))
        assert found["a"] == "known" and len(found) > 2


def test_a_question_about_a_case_that_raises_elsewhere_is_explained():
    case = Comparison("a", lambda: 1 / 0, [], raising=infinite_tail())
    outcome = compare(Outcome("gain", "Linear", "xpu", "float32", "", "", ""), [case])
    assert {f.elsewhere for f in outcome.failures} == {""}  # It raises something else.
    assert infinite_tail().speaks_of(Raised("RuntimeError", "to is out of bounds"))
