"""The file of known defects: complete, within the tables, and refused when malformed."""

import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from strategies import Truncation
from verify import backends, known_defects, torch_api
from verify.checks.words import WORDS
from verify.known_defects import KnownDefect, deviating, load, spoiling
from verify.run import Cell, cells
from verify.subjects import SUBJECTS
from verify.subjects.initializers import GainCase, TruncatedCase
from verify.subjects.subject import TensorCase
from verify.witness import build, witnesses

DEFECTS = load()
REGIONAL = [d for d in DEFECTS if not d.calls]
each = pytest.mark.parametrize("defect", DEFECTS, ids=[d.id for d in DEFECTS])
regional = pytest.mark.parametrize("defect", REGIONAL, ids=[d.id for d in REGIONAL])


DTYPES = {cell.dtype_name for cell in cells(["cpu"])}


def alike(defect):
    """The subjects that have cases like the witness: like those of the first one."""
    kind = type(SUBJECTS[defect.subjects[0]].anchors[0])
    return [name for name in defect.subjects if type(SUBJECTS[name].anchors[0]) is kind]


def case_of(defect, subject):
    return build(SUBJECTS[subject].anchors[0], defect.witness)


def holding(case, defect):
    """Whether the region holds the case, and spoils it or explains its deviation."""
    return spoiling(case, (defect,)) is defect or deviating(case, (defect,)) == (defect,)


class TestEntries:
    def test_there_are_some_and_each_has_its_own_name(self):
        assert DEFECTS
        assert len({d.id for d in DEFECTS}) == len(DEFECTS)

    @each
    def test_is_complete(self, defect):
        assert defect.id and defect.symptom.strip().endswith(".")
        assert defect.subjects and set(defect.subjects) <= set(SUBJECTS)
        assert set(defect.backends) <= set(backends.known())
        assert set(defect.dtypes) <= DTYPES
        assert defect.since < defect.until
        assert defect.check in WORDS
        assert defect.link == "" or defect.link.startswith("https://github.com/pytorch/pytorch/")
        assert defect.seed is None or 0 <= defect.seed < 2**32

    @regional
    def test_its_region_is_made_of_features(self, defect):
        assert defect.region
        for subject in alike(defect):
            features = case_of(defect, subject).features()
            assert set(defect.region) <= set(features)
        for low, high in defect.region.values():
            assert low <= high

    @regional
    def test_its_witness_lies_in_its_region(self, defect):
        for subject in alike(defect):
            assert holding(case_of(defect, subject), defect)

    @regional
    def test_its_region_leaves_the_anchors_alone(self, defect):
        """What most users call is never excluded, in the dtypes and layouts that most use."""
        usual = not defect.dtypes or {"float32", "float64"} & set(defect.dtypes)
        if not usual or "strided" in defect.promises:
            return
        for subject in defect.subjects:
            for anchor in SUBJECTS[subject].anchors:
                assert spoiling(anchor, (defect,)) is None


def entry(**changes):
    """A lawful entry, with some fields replaced, or left out where None."""
    fields = {
        "id": '"a-defect"',
        "subjects": '["uniform_"]',
        "region": "{ numel = [0, 0] }",
        "check": '"raises"',
        "witness": "{ shape = [0] }",
        "symptom": '"It raises."',
    }
    fields |= changes
    return "[[defect]]\n" + "".join(f"{k} = {v}\n" for k, v in fields.items() if v is not None)


def read(text, folder: Path):
    path = folder / "defects.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


class TestReading:
    def test_a_lawful_entry(self, tmp_path):
        (defect,) = read(entry(since='"2.12"', until='"2.14.1"', seed="7"), tmp_path)
        assert (defect.id, defect.subjects, defect.seed) == ("a-defect", ("uniform_",), 7)
        assert (defect.since, defect.until) == ((2, 12), (2, 14))
        assert defect.region == {"numel": (0, 0)}
        assert (defect.backends, defect.dtypes, defect.link) == ((), (), "")

    def test_exact_comparisons_in_place_of_a_region(self, tmp_path):
        calls = entry(calls='["gain of selu"]', promises='["gain"]', region=None, witness=None)
        (defect,) = read(calls, tmp_path)
        assert (defect.calls, defect.promises) == (("gain of selu",), ("gain",))
        assert (defect.region, defect.witness, defect.seed) == ({}, {}, None)

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"region": None},
            {"witness": None},
            {"region": None, "witness": None, "seed": "7"},
            {"region": None, "witness": None, "calls": "[]"},
            {"region": None, "witness": None, "calls": "[7]"},
            {"region": None, "witness": None, "calls": '"gain of selu"'},
        ],
        ids=str,
    )
    def test_either_comparisons_or_a_region(self, changes, tmp_path):
        with pytest.raises(ValueError, match="known defect 'a-defect': "):
            read(entry(**{"calls": '["gain of selu"]'} | changes), tmp_path)

    def test_an_empty_file(self, tmp_path):
        assert read("", tmp_path) == ()

    def test_infinities(self, tmp_path):
        (defect,) = read(entry(region="{ numel = [-inf, inf] }"), tmp_path)
        assert defect.region == {"numel": (-math.inf, math.inf)}

    @pytest.mark.parametrize(
        "changes",
        [
            *({name: None} for name in ["id", "subjects", "region", "check", "witness", "symptom"]),
            {"version": '"2.12"'},
            {"chek": '"raises"'},
            {"since": '"two"'},
            {"since": '"2"'},
            {"until": "2.13"},
            {"region": "{ numel = 5 }"},
            {"region": "{ numel = [5] }"},
            {"region": "{ numel = [1, 2, 3] }"},
            {"region": '"everywhere"'},
            {"subjects": "7"},
            {"subjects": '"uniform_"'},
            {"dtypes": '"float32"'},
        ],
        ids=str,
    )
    def test_malformed_entries_are_named(self, changes, tmp_path):
        with pytest.raises(ValueError, match=r"known defect '(a-defect|without id)': ") as refusal:
            read(entry(**changes), tmp_path)
        missing = [name for name, value in changes.items() if value is None]
        assert all(f"'{name}'" in str(refusal.value) for name in missing)

    def test_what_is_not_toml_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match="line"):
            read("[[defect]\n", tmp_path)


@dataclass(frozen=True)
class Measured(TensorCase):
    size: float = 0.0

    def features(self):
        return {**super().features(), "size": self.size}


def defect(**changes):
    fields = {
        "id": "x", "subjects": ("uniform_",), "backends": (), "dtypes": (), "since": (0, 0),
        "until": (999, 0), "region": {"size": (1.0, 2.0)}, "symptom": "", "link": "",
        "check": "raises", "witness": {},
    }  # fmt: skip
    return KnownDefect(**(fields | changes))


class TestRegions:
    @pytest.mark.parametrize(
        ("size", "inside"), [(0.999, False), (1.0, True), (1.5, True), (2.0, True), (2.001, False)]
    )
    def test_bounds_are_included(self, size, inside):
        assert (spoiling(Measured((3,), size), (defect(),)) is not None) == inside

    def test_every_feature_must_agree(self):
        narrow = defect(region={"size": (1.0, 2.0), "numel": (5, 9)})
        assert spoiling(Measured((7,), 1.5), (narrow,)) is narrow
        assert spoiling(Measured((3,), 1.5), (narrow,)) is None

    def test_the_first_that_spoils(self):
        first, second = defect(id="first", region={"size": (0, 1)}), defect(id="second")
        assert spoiling(Measured((3,), 1.0), (first, second)) is first
        assert spoiling(Measured((3,), 2.0), (first, second)) is second
        assert spoiling(Measured((3,), 2.0), ()) is None

    @pytest.mark.parametrize(
        ("changes", "place", "touched"),
        [
            ({}, ("uniform_", "cpu", "float32"), True),
            ({}, ("normal_", "cpu", "float32"), False),
            ({"backends": ("cuda",)}, ("uniform_", "cpu", "float32"), False),
            ({"backends": ("cuda", "cpu")}, ("uniform_", "cpu", "float32"), True),
            ({"dtypes": ("float64",)}, ("uniform_", "cpu", "float32"), False),
            ({"since": (2, 13)}, ("uniform_", "cpu", "float32"), True),
            ({"since": (2, 14)}, ("uniform_", "cpu", "float32"), False),
            ({"until": (2, 13)}, ("uniform_", "cpu", "float32"), False),
            ({"until": (2, 14)}, ("uniform_", "cpu", "float32"), True),
        ],
    )
    def test_place_and_version(self, changes, place, touched, monkeypatch):
        monkeypatch.setattr(torch_api, "version", lambda: (2, 13))
        assert defect(**changes).touches(*place) == touched

    def test_cells_know_their_own(self):
        for cell in cells(["cpu"]):
            for found in known_defects.of_cell(cell):
                assert cell.subject.name in found.subjects
                assert not found.calls  # Those are no regions, and have no witness.
        shown = witnesses(cells(["cpu"]))
        assert {(c.id, d.id) for c, d in shown} == {
            (c.id, d.id)
            for c in cells(["cpu"])
            for d in known_defects.of_cell(c)
            if c.subject.name in alike(d)
        }
        assert all(isinstance(cell, Cell) for cell, _ in shown)

    def test_what_breaks_the_law_breaks_it_in_every_layout(self):
        (cell,) = (c for c in cells(["cpu"]) if c.id == "cpu-float64-xavier_uniform_")
        lawless = known_defects.of_cell(cell, "law")
        everywhere = known_defects.of_cell(cell, "strided")
        assert lawless and all(known in everywhere for known in lawless)

    def test_deviations_forgive_their_check_and_spoil_nothing(self):
        known = defect(deviation=True)
        assert spoiling(Measured((3,), 1.5), (known,)) is None
        assert deviating(Measured((3,), 1.5), (known, defect())) == (known,)
        assert deviating(Measured((3,), 2.5), (known,)) == ()


class TestOfPromise:
    def test_comparisons_of_the_promise_and_place(self, monkeypatch):
        known = (
            defect(id="one", calls=("a",), promises=("gain",), region={}),
            defect(id="another", calls=("a",), promises=("fan",), region={}),
            defect(id="elsewhere", calls=("a",), promises=("gain",), backends=("cuda",), region={}),
            defect(id="a region", promises=("gain",)),
        )
        monkeypatch.setattr(known_defects, "load", lambda: known)
        place = ("uniform_", "cpu", "float32")
        assert [d.id for d in known_defects.of_promise("gain", *place)] == ["one"]
        assert known_defects.of_promise("gain", "normal_", "cpu", "float32") == ()


TRUNCATED = TruncatedCase((1,), Truncation(0.0, 1.0, -2.0, 2.0))
GAIN = GainCase((1, 1), 1.0)


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
