"""What CONTRIBUTING says of places to edit is true: each example is added as it says, and runs."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from selftest.forked import run_pytest
from selftest.places.examples import EXAMPLES, Edits, Example

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("strategies", "verify", "reports")
NEWER = "newer_torch"
ARCHITECTURE = "test_architecture.py"

TABLE = re.compile(r"^\| (an? [^|]+?) \| (\d+) \|", re.MULTILINE)
PLACES = {
    thing: int(count)
    for thing, count in TABLE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
}
MOST = {"an initializer": 1, "a module": 2, "a law of independent entries": 1, "a check": 2}
"""More than so many files would be too many."""


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A copy of the product."""
    for package in COPIED:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "conftest.py", tmp_path)
    shutil.copy(ROOT / "tox.ini", tmp_path)
    shutil.copy(ROOT / "selftest" / "places" / f"{NEWER}.py", tmp_path)
    (tmp_path / "selftest").mkdir()
    shutil.copy(ROOT / "selftest" / ARCHITECTURE, tmp_path / "selftest")
    return tmp_path


def edit(folder: Path, edits: Edits) -> None:
    for name, places in edits.items():
        path = folder / name
        for anchor, text in places:
            before = path.read_text(encoding="utf-8") if path.exists() else ""
            assert anchor in before, f"{name} has no line {anchor!r}"
            after = before.replace(anchor, anchor + text, 1) if anchor else before + text
            path.write_text(after, encoding="utf-8")


def run(folder: Path, example: Example, report: str) -> tuple[int, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    arguments = [*example.nodes, "-n", "0", "-p", NEWER, "-p", "no:cacheprovider"]
    arguments += ["--profile", "smoke", "--run-seed", "20260101", "--report-dir", report]
    ended = run_pytest(arguments, folder=folder, environment=kept)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (0, "has no title: give it a row in VALUES or BEHAVIOUR"),
        (1, "asks no promise: give it a row in ASKED"),
    ],
)
def test_a_forgotten_row_of_a_promise_is_named(row: int, sentence: str, scratch: Path) -> None:
    """A test of which the tables of promises say nothing cannot be green."""
    example = EXAMPLES["a promise"]
    table = "verify/outcome/promises.py"
    rows = [text for at, text in enumerate(example.edits[table]) if at != row]
    edit(scratch, {**example.edits, table: rows})
    code, output = run(scratch, replace(example, nodes=("verify/test_ranges.py",)), "forgotten")
    assert code == pytest.ExitCode.INTERRUPTED, output[-3000:]
    assert f"{sentence} of {table}." in output


def test_every_example_has_its_line_in_the_table() -> None:
    assert EXAMPLES.keys() <= PLACES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_as_many_files_are_edited_as_promised(name: str) -> None:
    assert len(EXAMPLES[name].edits) == PLACES[name] <= MOST.get(name, PLACES[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_runs_and_is_able_to_fail(name: str, scratch: Path) -> None:
    example = EXAMPLES[name]
    edit(scratch, example.besides)
    edit(scratch, example.edits)
    code, output = run(scratch, example, "sound")
    assert code == pytest.ExitCode.OK, output[-3000:]
    house = replace(example, nodes=(f"selftest/{ARCHITECTURE}", "-q", "-k", "short or arrows"))
    code, output = run(scratch, house, "house")
    assert code == pytest.ExitCode.OK, output[-3000:]
    file, text, wrong = example.broken
    sound = (scratch / file).read_text(encoding="utf-8")
    assert text in sound
    (scratch / file).write_text(sound.replace(text, wrong), encoding="utf-8")
    code, output = run(scratch, example, "broken")
    assert code != pytest.ExitCode.OK and example.says in output, output[-3000:]
