"""A file of known defects: read, extended, and refused when malformed."""

import math
from datetime import date
from pathlib import Path

import pytest

from verify.defects import file as defect_file
from verify.defects.known_defects import load

DEFECTS = load()


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

    def test_an_entry_of_other_packages(self, tmp_path):
        (defect,) = read(entry(packages='{ transformers = ">=5.0,<5.3" }'), tmp_path)
        assert defect.packages["transformers"].contains("5.2.1")
        assert defect.summary()["versions"] == "transformers <5.3,>=5.0"

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

    def test_exact_comparisons_that_are_wrong_in_some_cases(self, tmp_path):
        told = entry(**CALLS, in_some_cases="true", expires='"2031-12-31"')
        (defect,) = read(told, tmp_path)
        assert defect.in_some_cases and defect.summary()["versions"] == "in some cases"

    def test_exact_comparisons_of_every_subject(self, tmp_path):
        (defect,) = read(entry(**CALLS, subjects=None, promises='["streams"]'), tmp_path)
        assert defect.subjects == () and defect.touches("normal_", "cpu", "float32")

    def test_questions_are_offered_in_place_of_a_witness(self, tmp_path):
        sentence = refusal(entry(witness=None), tmp_path)
        assert "or, of a promise made of questions, name their ids in 'calls'" in sentence

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
            ({"packages": '"torch_xla"'}, "packages", "write a table of versions"),
            ({"packages": "{}"}, "packages", "write a table of versions"),
            ({"packages": "{ timm = 1 }"}, "packages", "write a table of versions"),
            ({"packages": '{ timm = "1.0" }'}, "packages", "write a table of versions"),
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
            ({"explains": '["bits"]'}, "explains", "is of no use without 'deviation'"),
            ({"explains": '"bits"'}, "explains", "write a list of further checks"),
            ({"explains": '["raised"]'}, "explains", "write a list of further checks"),
            ({**CALLS, "explains": '["bits"]'}, "explains", "is of no use beside 'calls'"),
            ({"expires": '"soon"'}, "expires", "is 'soon': write a day"),
            ({"expires": '"2031-02-30"'}, "expires", "write a day"),
            ({"expires": '"20310230"'}, "expires", "write a day"),
            ({"expires": '"20311231"'}, "expires", "write a day"),
            ({"expires": "2031-12-31"}, "expires", "write a day"),
            ({"calls": '["gain of selu"]'}, "region", "is of no use beside 'calls'"),
            ({**CALLS, "seed": "7"}, "seed", "is of no use beside 'calls'"),
            ({**CALLS, "deviation": "true"}, "deviation", "is of no use beside 'calls'"),
            ({**CALLS, "after": "{}"}, "after", "is of no use beside 'calls'"),
            ({"after": "[3]"}, "after", "write the fields of a case, like { shape = [3] }"),
            ({"in_some_cases": "true"}, "in_some_cases", "is of no use without 'calls'"),
            ({**CALLS, "in_some_cases": "1"}, "in_some_cases", "write true or false"),
            ({**CALLS, "in_some_cases": "true"}, "expires", "no run can tell"),
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
