"""The file of known defects: complete, within the tables, and refused when malformed."""

import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from strategies import Truncation
from verify import backends, torch_api
from verify.checks.words import WORDS
from verify.defects import file as defect_file
from verify.defects import known_defects
from verify.defects.known_defects import KnownDefect, choose, excluding, in_force, load, tolerating
from verify.engine.witness import build, shown_on, witnesses
from verify.plan.run import Cell, cells
from verify.subjects import SUBJECTS
from verify.subjects.case import TensorCase
from verify.subjects.initializers import GainCase, TruncatedCase

DEFECTS = load()
REGIONAL = [d for d in DEFECTS if not d.calls]
each = pytest.mark.parametrize("defect", DEFECTS, ids=[d.id for d in DEFECTS])
regional = pytest.mark.parametrize("defect", REGIONAL, ids=[d.id for d in REGIONAL])


DTYPES = {cell.dtype_name for cell in cells(["cpu"])}


def case_of(defect, subject):
    return build(SUBJECTS[subject].anchors[0], defect.witness)


def holding(case, defect):
    """Whether the region holds the case, and spoils it or explains its deviation."""
    return excluding(case, (defect,)) is defect or tolerating(case, (defect,)) == (defect,)


class TestEntries:
    def test_there_are_some_and_each_has_its_own_name(self):
        assert DEFECTS
        assert len({d.id for d in DEFECTS}) == len(DEFECTS)

    @each
    def test_is_complete(self, defect):
        assert defect.id and defect.symptom.strip().endswith(".")
        assert defect.subjects and set(defect.subjects) <= set(SUBJECTS)
        assert defect.backends and set(defect.backends) <= set(backends.known())
        assert set(defect.dtypes) <= DTYPES
        assert defect.since < defect.until
        assert defect.check in WORDS
        assert defect.link == "" or defect.link.startswith("https://github.com/pytorch/pytorch/")
        assert defect.seed is None or 0 <= defect.seed < 2**32

    @regional
    def test_its_region_is_made_of_features(self, defect):
        assert defect.region
        for subject in shown_on(defect):
            features = case_of(defect, subject).features()
            assert set(defect.region) <= set(features)
        for low, high in defect.region.values():
            assert low <= high

    @regional
    def test_its_witness_lies_in_its_region(self, defect):
        for subject in shown_on(defect):
            assert holding(case_of(defect, subject), defect)

    @regional
    def test_its_region_leaves_the_anchors_alone(self, defect):
        """What most users call is never excluded, in the dtypes and layouts that most use."""
        usual = not defect.dtypes or {"float32", "float64"} & set(defect.dtypes)
        if not usual or "strided" in defect.promises:
            return
        for subject in defect.subjects:
            for anchor in SUBJECTS[subject].anchors:
                assert excluding(anchor, (defect,)) is None


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


CALLS = {"calls": '["gain of selu"]', "region": None, "witness": None}


def read(text, folder: Path, name="defects.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load(path)


def refusal(text, folder: Path) -> str:
    """The one sentence by which a file is refused."""
    with pytest.raises(defect_file.BadFile) as refused:
        read(text, folder)
    sentence = str(refused.value)
    assert sentence.endswith(".") and "\n" not in sentence
    assert str(folder / "defects.toml") in sentence
    return sentence


class TestReading:
    def test_a_lawful_entry(self, tmp_path):
        (defect,) = read(entry(since='"2.12"', until='"2.14.1"', seed="7"), tmp_path)
        assert (defect.id, defect.subjects, defect.seed) == ("a-defect", ("uniform_",), 7)
        assert (defect.since, defect.until) == ((2, 12), (2, 14))
        assert defect.region == {"numel": (0, 0)}
        assert (defect.backends, defect.dtypes, defect.link) == ((), (), "")
        assert (defect.promises, defect.deviation, defect.expires) == (("law",), False, None)

    def test_an_entry_that_expires(self, tmp_path):
        (defect,) = read(entry(expires='"2031-12-31"'), tmp_path)
        assert defect.expires == date(2031, 12, 31)

    def test_an_entry_without_backends_speaks_of_the_cpu_and_says_so(self, tmp_path):
        unsaid, said = read(entry() + entry(id='"another"', backends='["cuda"]'), tmp_path)
        assert (unsaid.seen_on, said.seen_on) == (("cpu",), ("cuda",))
        assert 'write those on which its witness was seen, like backends = ["cpu"]' in unsaid.unsaid
        assert "'a-defect'" in unsaid.unsaid and said.unsaid == ""

    def test_exact_comparisons_in_place_of_a_region(self, tmp_path):
        (defect,) = read(entry(**CALLS, promises='["gain"]'), tmp_path)
        assert (defect.calls, defect.promises) == (("gain of selu",), ("gain",))
        assert (defect.region, defect.witness, defect.seed) == ({}, {}, None)

    def test_an_empty_file(self, tmp_path):
        assert read("", tmp_path) == ()

    def test_infinities(self, tmp_path):
        (defect,) = read(entry(region="{ numel = [-inf, inf] }"), tmp_path)
        assert defect.region == {"numel": (-math.inf, math.inf)}

    @pytest.mark.parametrize(
        ("changes", "field", "mending"),
        [
            *(
                ({name: None}, name, "is missing: write ")
                for name in ["id", "subjects", "region", "check", "witness", "symptom"]
            ),
            ({"version": '"2.12"'}, "version", "is unknown: choose among id, subjects, "),
            ({"since": '"two"'}, "since", "is 'two': write a version"),
            ({"since": '"2"'}, "since", "is '2': write a version"),
            ({"until": "2.13"}, "until", "is 2.13: write a version"),
            ({"since": '"2.12"', "until": '"2.9"'}, "until", "is not after 'since'"),
            ({"since": '"2.12"', "until": '"2.12"'}, "until", "is not after 'since'"),
            ({"until": '"0.0"'}, "until", "is not after 'since'"),
            ({"region": "{ numel = 5 }"}, "region", "write a table of ranges"),
            ({"region": "{ numel = [5] }"}, "region", "write a table of ranges"),
            ({"region": "{ numel = [1, 2, 3] }"}, "region", "write a table of ranges"),
            ({"region": "{ numel = [2, 1] }"}, "region", "write a table of ranges"),
            ({"region": "{ numel = [nan, 1] }"}, "region", "write a table of ranges"),
            ({"region": '{ numel = ["a", "b"] }'}, "region", "write a table of ranges"),
            ({"region": '"everywhere"'}, "region", "write a table of ranges"),
            ({"witness": "[0]"}, "witness", "write the fields of a case"),
            ({"subjects": "7"}, "subjects", "write a list of names"),
            ({"subjects": '"uniform_"'}, "subjects", "write a list of names"),
            ({"subjects": "[]"}, "subjects", "write a list of names"),
            ({"subjects": "[7]"}, "subjects", "write a list of names"),
            ({"dtypes": '"float32"'}, "dtypes", "write a list of names"),
            ({"backends": "true"}, "backends", "write a list of names"),
            ({"promises": '[""]'}, "promises", "write a list of names"),
            ({"id": "7"}, "id", "is 7: write a name of its own"),
            ({"id": '" "'}, "id", "write a name of its own"),
            ({"symptom": "1"}, "symptom", "write a text"),
            ({"link": "1"}, "link", "write an address"),
            ({"check": '"raised"'}, "check", "is 'raised': write one of atoms, "),
            ({"check": "[]"}, "check", "is []: write one of atoms, "),
            ({"seed": "-1"}, "seed", "write a whole number below 2^32"),
            ({"seed": "true"}, "seed", "write a whole number below 2^32"),
            ({"seed": "4294967296"}, "seed", "write a whole number below 2^32"),
            ({"deviation": "1"}, "deviation", "write true or false"),
            ({"expires": '"soon"'}, "expires", "is 'soon': write a day"),
            ({"expires": '"2031-02-30"'}, "expires", "write a day"),
            ({"expires": '"20310230"'}, "expires", "write a day"),
            ({"expires": '"20311231"'}, "expires", "write a day"),
            ({"expires": "2031-12-31"}, "expires", "write a day"),
            ({"calls": '["gain of selu"]'}, "region", "is of no use beside 'calls'"),
            ({**CALLS, "seed": "7"}, "seed", "is of no use beside 'calls'"),
            ({**CALLS, "deviation": "true"}, "deviation", "is of no use beside 'calls'"),
            ({**CALLS, "calls": "[]"}, "calls", "write a list of the questions' ids"),
            ({**CALLS, "calls": "[7]"}, "calls", "write a list of the questions' ids"),
            ({**CALLS, "calls": '"gain of selu"'}, "calls", "write a list of the questions'"),
        ],
        ids=str,
    )
    def test_malformed_entries_are_named(self, changes, field, mending, tmp_path):
        sentence = refusal(entry(id='"first"') + entry(**changes), tmp_path)
        name = 2 if "id" in changes and changes["id"] is None else "a-defect"
        name = {"7": 7, '" "': " "}.get(changes.get("id"), name)
        assert f"known defect {name!r}: the field '{field}' " in sentence
        assert mending in sentence

    @pytest.mark.parametrize(
        ("text", "mending"),
        [
            ("[[defect]\n", "is not TOML"),
            ("\udcff", "is no text in UTF-8"),
            (
                'defects = "all"',
                "the key 'defects' is unknown: a file has 'extends' and [[defect]]",
            ),
            ("[defect]\nid = 1", "begin each entry with [[defect]]"),
            ("defect = 1", "begin each entry with [[defect]]"),
            ("defect = [1]", "begin each entry with [[defect]]"),
            ("extends = 1", 'write "default" or the path of a file'),
            ('extends = ""', 'write "default" or the path of a file'),
            (entry() + entry(), "'a-defect': the field 'id' is that of another entry"),
        ],
    )
    def test_malformed_files_say_how_to_mend_them(self, text, mending, tmp_path):
        (tmp_path / "defects.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(defect_file.BadFile) as refused:
            load(tmp_path / "defects.toml")
        assert mending in str(refused.value) and str(refused.value).endswith(".")

    @pytest.mark.parametrize("name", ["", "missing.toml"])
    def test_what_cannot_be_read_is_named(self, name, tmp_path):
        with pytest.raises(defect_file.BadFile, match=r"cannot be read \(.+\): name a file"):
            load(tmp_path / name)


class TestExtending:
    def test_the_suites_own(self, tmp_path):
        extended = read('extends = "default"\n' + entry(), tmp_path)
        assert [d.id for d in extended] == [*(d.id for d in DEFECTS), "a-defect"]

    def test_a_file_beside_it(self, tmp_path):
        (tmp_path / "sub").mkdir()
        (tmp_path / "base.toml").write_text(entry(id='"base"'), encoding="utf-8")
        extended = read('extends = "../base.toml"\n' + entry(), tmp_path / "sub")
        assert [d.id for d in extended] == ["base", "a-defect"]

    def test_a_repeated_id_is_refused(self, tmp_path):
        text = 'extends = "default"\n' + entry(id=f'"{DEFECTS[0].id}"')
        assert f"{DEFECTS[0].id!r}: the field 'id' is that of another" in refusal(text, tmp_path)

    def test_what_is_wrong_with_the_other_is_said_of_it(self, tmp_path):
        (tmp_path / "base.toml").write_text("[[defect]]\n", encoding="utf-8")
        with pytest.raises(defect_file.BadFile, match=r"base.toml.*known defect 1: .*'id' is miss"):
            read('extends = "base.toml"', tmp_path)

    @pytest.mark.parametrize("chain", [["a"], ["a", "b"]])
    def test_a_file_that_extends_itself_is_refused(self, chain, tmp_path):
        for name, base in zip(chain, [*chain[1:], chain[0]], strict=True):
            (tmp_path / name).write_text(f'extends = "{base}"', encoding="utf-8")
        with pytest.raises(defect_file.BadFile, match="extends itself: take away one `extends`"):
            load(tmp_path / "a")


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
