"""Fill methods: which promise belongs to which, what an option leaves out, and what is said."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from reports.evidence import fills, promises
from reports.evidence.records import CellRecord, Report, RunRecord
from reports.evidence.verdict import overview
from reports.page import matrix, render, views
from reports.text import summary
from reports.upgrade.comparison import compare
from reports.upgrade.speed import Times
from selftest.test_command import CELLS, SMALL, command, lines
from verify.command_line import options
from verify.command_line.selection import selection
from verify.outcome.promises import EAGER, FILLS, TITLES
from verify.outcome.verdict import Verdict

RUN = RunRecord(run_seed="7", profile="standard")
KEPT = {"eager": "law", "compiled": "compiled", "sharded": "sharded", "materialised": "copies"}
COPIES = "verify/test_copies.py"


def cells(*names: str, verdict: Verdict = Verdict.PASS) -> tuple[CellRecord, ...]:
    """A cell of one promise of each of these fill methods."""
    return tuple(
        CellRecord(f"verify/test_x.py::test_{fill}[cpu-float32-x]", KEPT[fill], "x", "cpu",
                   "float32", verdict)
        for fill in names
    )  # fmt: skip


def test_each_promise_is_of_one_fill_method() -> None:
    listed = [promise for own in FILLS.values() for promise in own]
    assert len(listed) == len({*listed})
    assert promises.fill("materialisation") == promises.fill("recipe_from_meta") == "materialised"
    assert promises.fill("law") == promises.fill("one of tomorrow") == EAGER
    assert {promises.fill(promise) for promise in TITLES} >= {EAGER, "materialised"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, (*FILLS,)),
        ("eager", ("eager",)),
        (" materialised , eager,eager", ("eager", "materialised")),
    ],
)
def test_good_names_are_understood(text: str | None, found: tuple[str, ...]) -> None:
    assert options.fills(text) == found


@pytest.mark.parametrize("text", ["", "lazy", "eager,", "Eager"])
def test_a_wrong_name_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(options.BadOption, match=r"unknown fill method .*: choose among eager, c"):
        options.fills(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, []),
        ("sharded,compiled,materialised,eager", []),
        ("materialised,eager", ["--fill", "eager,materialised"]),
    ],
)
def test_what_is_left_out_is_a_selection(text: str | None, told: list[str]) -> None:
    assert selection(Namespace(fill=text), ["verify"], Path.cwd()) == told


def test_the_option_leaves_out_the_tests_of_others(tmp_path: Path) -> None:
    one = CELLS.format("zeros_")
    ended = command(tmp_path, one, COPIES, "--fill", "eager", *SMALL)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    run, *found = lines(tmp_path)
    assert [cell["nodeid"] for cell in found] == [one]
    assert run["selections"] == [["--fill", "eager", COPIES, one]]
    told = "Compiled, sharded and materialised fills were not looked at."
    assert told in ended.stdout
    for page in ("cpu.html", "index.html"):
        head = (tmp_path / page).read_text(encoding="utf-8").partition("<dl")[0]
        assert told in head


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (cells(*FILLS), ""),
        (cells("eager", "materialised"), "Compiled and sharded fills were not looked at."),
        (cells("compiled"), "Eager, sharded and materialised fills were not looked at."),
        # A machine without a compiler tests none; a cell without a result is no look either.
        (
            (*cells("eager", "sharded", "materialised"),
             *cells("compiled", verdict=Verdict.NOT_TESTED)),
            "Compiled fills were not looked at.",
        ),
        (
            (*cells("eager", "compiled", "materialised"), *cells("sharded", verdict=Verdict.LOST)),
            "Sharded fills were not looked at.",
        ),
        ((*cells("eager", "compiled", "sharded"), *cells("materialised", verdict=Verdict.FAIL)),
         ""),
    ],
)  # fmt: skip
def test_a_run_says_what_it_has_not_looked_at(found: tuple[CellRecord, ...], told: str) -> None:
    evidence = Report(RUN, found)
    assert overview(evidence).fills == told
    text = [line for line, _ in summary.terminal(evidence, None)]
    assert [line for line in text if line.endswith("not looked at.")] == [told] * bool(told)
    assert told in summary.markdown(evidence)


def test_what_is_asked_of_the_host_alone_lacks_no_fill_method() -> None:
    own = tuple(replace(cell, backend="host") for cell in cells("sharded"))
    assert overview(Report(RUN, (*cells("eager"), *own)), own).fills == ""


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (cells(*FILLS), cells(*FILLS), ": none of the 4 cells"),
        (
            cells("eager", "materialised"),
            cells(*FILLS),
            ": qualified for eager and materialised fills; compiled and sharded fills were not "
            "looked at; none of the 2 cells",
        ),
        (
            cells("eager"),
            cells("eager", verdict=Verdict.FAIL),
            ": compiled, sharded and materialised fills were not looked at; 1 cell got worse",
        ),
    ],
)
def test_a_comparison_says_it_first(
    before: tuple[CellRecord, ...], after: tuple[CellRecord, ...], told: str
) -> None:
    baseline, candidate = (Report(replace(RUN), each) for each in (before, after))
    assert told in compare(baseline, candidate, Times()).sentence


def test_a_fill_that_one_machine_could_not_test_is_not_qualified() -> None:
    """The baseline of a machine without a compiler is none for compiled fills."""
    idle = cells("compiled", verdict=Verdict.NOT_TESTED)
    for before, after in ((idle, cells("compiled")), (cells("compiled"), idle), (idle, idle)):
        runs = [Report(RUN, (*cells("eager", "sharded"), *own)) for own in (before, after)]
        found = compare(*runs, Times())
        assert found.fills == ("eager", "sharded")
        assert "compiled and materialised fills were not looked at" in found.sentence


def test_groups_of_one_fill_method_stand_together(tmp_path: Path) -> None:
    found = (*cells("materialised", "sharded", "eager", "compiled"),)
    groups = matrix.groups(views.views(found))
    assert [group.fill for group in groups] == [*FILLS]
    render.build(Report(RUN, found), tmp_path)
    page = (tmp_path / "cpu.html").read_text(encoding="utf-8")
    assert '<select name="fill">' in page
    for fill in FILLS:
        assert f'data-fill="{fill}"' in page
        assert f"<option>{fill}</option>" in page
    assert fills.named([*FILLS]) == "eager, compiled, sharded and materialised fills"
