"""A copy of a list of known defects, whose entries speak of the backend of a report too."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from reports.__main__ import USAGE, main
from reports.commands.adopt import OWN
from reports.text.defect_list import NotEditable, adopted
from selftest.reports import fakes
from verify.defects.known_defects import load

LIST = '''# A head.
extends = "default"

[[defect]]  # The first.
id = "silent"
symptom = """
[[defect]]
id = "not an entry" """

[[defect]]
id = "plain"
backends = ["cpu"]  # Seen there.

[[defect]]
id = "long"
backends = [
    "cpu",  # Seen there.
    "cuda",
]
'''


def backends(text: str) -> dict[str, list[str]]:
    return {each["id"]: each.get("backends", []) for each in tomllib.loads(text)["defect"]}


def test_nothing_else_is_changed() -> None:
    text = adopted(LIST, {"plain": ["loom"], "long": ["loom", "cuda"]})
    assert backends(text) == {
        "silent": [],
        "plain": ["cpu", "loom"],
        "long": ["loom", "cpu", "cuda"],
    }
    lines = {*text.splitlines()} - {*LIST.splitlines()}
    assert lines == {'backends = ["cpu", "loom"]  # Seen there.', 'backends = ["loom", '}
    assert adopted(LIST, {}) == LIST
    assert adopted(LIST, {"plain": ["cpu"]}) == LIST


def test_an_entry_that_names_none_gets_the_line() -> None:
    text = LIST.replace('[[defect]]\nid = "not an entry" ', "")
    assert backends(adopted(text, {"silent": ["loom"]}))["silent"] == ["cpu", "loom"]
    assert '# The first.\nbackends = ["cpu", "loom"]\nid = "silent"' in adopted(
        text, {"silent": ["loom"]}
    )


@pytest.mark.parametrize(
    ("id", "said"), [("lost", "no entry 'lost'"), ("silent", "'silent' is written in another way")]
)
def test_what_cannot_be_edited_is_said(id: str, said: str) -> None:
    with pytest.raises(NotEditable, match=said):
        adopted(LIST, {id: ["loom"]})


def test_every_entry_of_the_suite_can_be_adopted() -> None:
    text = OWN.read_text(encoding="utf-8")
    ids = [known.id for known in load()]
    found = backends(adopted(text, {id: ["loom"] for id in ids}))
    assert found == {known.id: [*known.backends, "loom"] for known in load()}


class TestCommand:
    @pytest.fixture
    def report(self, tmp_path: Path) -> Path:
        line = fakes.cell_line("dirac_", promise="exact", backend="loom")
        (wrong,) = line["findings"]
        line["findings"] = [wrong, {**wrong, "elsewhere": "xavier-zero-fan"}]
        return fakes.write(tmp_path / "report", [line])

    def test_writes_a_list_that_loads(self, report, tmp_path, capsys) -> None:
        out = tmp_path / "mine.toml"
        assert main(["adopt", str(report), str(out)]) == 0
        assert capsys.readouterr().out == "xavier-zero-fan: loom\n"
        changed = [known for known in load(out) if known not in load()]
        (before,) = (known for known in load() if known.id == "xavier-zero-fan")
        assert changed == [replace(before, backends=(*before.backends, "loom"))]

    @pytest.mark.parametrize(
        ("text", "said"),
        [("", "no entry 'xavier-zero-fan'"), ("[", "cannot be copied"), (None, "cannot be read")],
    )
    def test_refuses_a_list_that_is_not_that_of_the_run(
        self, report, tmp_path, capsys, text, said
    ) -> None:
        other = tmp_path / "other.toml"
        if text is not None:
            other.write_text(text, encoding="utf-8")
        given = ["adopt", str(report), str(tmp_path / "mine.toml"), "--known-defects", str(other)]
        with pytest.raises(SystemExit) as ended:
            main(given)
        assert ended.value.code == USAGE
        assert said in capsys.readouterr().err

    def test_does_not_write_over_what_it_reads(self, report, capsys) -> None:
        with pytest.raises(SystemExit):
            main(["adopt", str(report), str(OWN)])
        assert "would be lost" in capsys.readouterr().err
