"""What known defects are in force, and which cells and cases they touch."""

from dataclasses import dataclass

import pytest
from packaging.specifiers import SpecifierSet

from verify import torch_api
from verify.defects import known_defects
from verify.defects.known_defects import KnownDefect, choose, excluding, in_force, load, tolerating
from verify.engine.witness import shown_on, witnesses
from verify.plan.run import Cell, cells
from verify.subjects.case import TensorCase

DEFECTS = load()


class TestChoice:
    @pytest.fixture(autouse=True)
    def _restored(self, monkeypatch):
        monkeypatch.setattr(known_defects, "_chosen", None)

    def test_the_suites_own_by_default(self):
        assert in_force() == DEFECTS

    @pytest.mark.parametrize("chosen", [(), DEFECTS[:1]])
    def test_is_what_every_cell_goes_by(self, chosen):
        choose(chosen)
        assert in_force() == chosen
        known = {d.id for cell in cells(["cpu"]) for d in known_defects.for_cell(cell)}
        assert known == {d.id for d in chosen}
        assert {d.id for _, d in witnesses(cells(["cpu"]))} == {d.id for d in chosen}
        assert known_defects.for_promise("errors", "trunc_normal_", "cpu", "float32") == ()


@dataclass(frozen=True)
class Measured(TensorCase):
    size: float = 0.0

    def features(self):
        return {**super().features(), "size": self.size}


def defect(**changes):
    fields = {
        "id": "x", "subjects": ("uniform_",), "region": {"size": (1.0, 2.0)}, "symptom": "",
        "check": "raises", "witness": {},
    }  # fmt: skip
    return KnownDefect(**(fields | changes))


class TestRegions:
    @pytest.mark.parametrize(
        ("size", "inside"), [(0.999, False), (1.0, True), (1.5, True), (2.0, True), (2.001, False)]
    )
    def test_bounds_are_included(self, size, inside):
        assert (excluding(Measured((3,), size), (defect(),)) is not None) == inside

    def test_every_feature_must_agree(self):
        narrow = defect(region={"size": (1.0, 2.0), "numel": (5, 9)})
        assert excluding(Measured((7,), 1.5), (narrow,)) is narrow
        assert excluding(Measured((3,), 1.5), (narrow,)) is None

    def test_the_first_that_spoils(self):
        first, second = defect(id="first", region={"size": (0, 1)}), defect(id="second")
        assert excluding(Measured((3,), 1.0), (first, second)) is first
        assert excluding(Measured((3,), 2.0), (first, second)) is second
        assert excluding(Measured((3,), 2.0), ()) is None

    @pytest.mark.parametrize(
        ("changes", "place", "touched"),
        [
            ({}, ("uniform_", "cpu", "float32"), True),
            ({}, ("normal_", "cpu", "float32"), False),
            ({"backends": ("cuda",)}, ("uniform_", "cpu", "float32"), False),
            ({"backends": ("cuda", "cpu")}, ("uniform_", "cpu", "float32"), True),
            ({"backends": ("cpu",)}, ("uniform_", "cuda", "float32"), False),
            ({}, ("uniform_", "cuda", "float32"), False),
            ({"dtypes": ("float64",)}, ("uniform_", "cpu", "float32"), False),
            ({"since": (2, 13)}, ("uniform_", "cpu", "float32"), True),
            ({"since": (2, 14)}, ("uniform_", "cpu", "float32"), False),
            ({"until": (2, 13)}, ("uniform_", "cpu", "float32"), False),
            ({"until": (2, 14)}, ("uniform_", "cpu", "float32"), True),
            ({"packages": {"numpy": SpecifierSet(">=1")}}, ("uniform_", "cpu", "float32"), True),
            ({"packages": {"numpy": SpecifierSet("<1")}}, ("uniform_", "cpu", "float32"), False),
            ({"packages": {"not-there": SpecifierSet("")}}, ("uniform_", "cpu", "float32"), False),
        ],
    )
    def test_place_and_version(self, changes, place, touched, monkeypatch):
        monkeypatch.setattr(torch_api, "version", lambda: (2, 13))
        assert defect(**changes).touches(*place) == touched

    def test_cells_know_their_own(self):
        for cell in cells(["cpu"]):
            for found in known_defects.for_cell(cell):
                assert cell.subject.name in found.subjects
                assert not found.calls  # Those are no regions, and have no witness.
        shown = witnesses(cells(["cpu"]))
        assert {(c.id, d.id) for c, d in shown} == {
            (c.id, d.id)
            for c in cells(["cpu"])
            for d in known_defects.for_cell(c)
            if c.subject.name in shown_on(d)
        }
        assert all(isinstance(cell, Cell) for cell, _ in shown)

    def test_what_breaks_the_law_breaks_it_in_every_layout(self):
        (cell,) = (c for c in cells(["cpu"]) if c.id == "cpu-float64-xavier_uniform_")
        lawless = known_defects.for_cell(cell, "law")
        everywhere = known_defects.for_cell(cell, "strided")
        assert lawless and all(known in everywhere for known in lawless)

    def test_deviations_forgive_their_check_and_spoil_nothing(self):
        known = defect(deviation=True)
        assert excluding(Measured((3,), 1.5), (known,)) is None
        assert tolerating(Measured((3,), 1.5), (known, defect())) == (known,)
        assert tolerating(Measured((3,), 2.5), (known,)) == ()

    def test_a_deviation_may_explain_further_checks(self):
        known = defect(deviation=True, check="support", explains=("tails", "far_tails"))
        assert known.forgiven == ("support", "tails", "far_tails")


class TestOfPromise:
    def test_comparisons_of_the_promise_and_place(self, monkeypatch):
        known = (
            defect(id="one", calls=("a",), promises=("gain",), region={}),
            defect(id="another", calls=("a",), promises=("fan",), region={}),
            defect(id="elsewhere", calls=("a",), promises=("gain",), backends=("cuda",), region={}),
            defect(id="a region", promises=("gain",)),
        )
        monkeypatch.setattr(known_defects, "in_force", lambda: known)
        place = ("uniform_", "cpu", "float32")
        assert [d.id for d in known_defects.for_promise("gain", *place)] == ["one"]
        assert known_defects.for_promise("gain", "normal_", "cpu", "float32") == ()
