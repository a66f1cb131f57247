"""One verdict from many cells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.evidence import verdict
from reports.evidence.records import CellRecord, Defect, Detectable, Finding, Report, RunRecord
from verify.outcome.verdict import Verdict


def _cell(kind: str, name: str = "", *findings: Finding, decisions: int = 10) -> CellRecord:
    return CellRecord(
        nodeid=f"verify/t.py::test_law[cpu-float32-{name or kind}]",
        promise="law",
        subject=name or kind,
        backend="cpu",
        dtype="float32",
        verdict=Verdict(kind),
        n=100,
        decisions=decisions,
        findings=findings,
    )


def _finding(
    p: float | None,
    *,
    passed: bool = True,
    size: float | None = None,
    scope: str = "cell",
    unit: str = "",
    of: int | None = None,
    tensor: str = "",
) -> Finding:
    seen = None if size is None else Detectable("scale", size, unit, of)
    return Finding("variance", passed, p, 100, "", detectable=seen, scope=scope, tensor=tensor)


@pytest.mark.parametrize(
    ("verdicts", "expected", "code"),
    [
        (["pass"], "pass", 0),
        (["pass", "unsupported"], "pass", 0),
        (["unsupported"], "incomplete", 3),
        (["pass", "not tested"], "pass", 0),
        (["not tested", "unsupported"], "incomplete", 3),
        (["pass", "known defect"], "pass", 0),
        (["fail", "known defect"], "fail", 1),
        ([], "incomplete", 3),
        (["pass", "fail"], "fail", 1),
        (["pass", "timed out"], "fail", 1),
        (["fail", "crashed", "lost"], "fail", 1),
        (["pass", "crashed"], "incomplete", 3),
        (["pass", "lost"], "incomplete", 3),
        (["pass", "error"], "incomplete", 3),
        (["pass", "not run"], "incomplete", 3),
        (["pass", "a verdict of tomorrow"], "incomplete", 3),
    ],
)
def test_overall_verdict_and_exit_code(verdicts: list[str], expected: str, code: int) -> None:
    view = verdict.overview(Report(RunRecord(), tuple(map(_cell, verdicts))))
    assert (view.verdict, view.verdict.exit_code) == (expected, code)


@pytest.mark.parametrize("kind", ["unsupported", "not tested"])
def test_a_backend_of_which_nothing_was_verified_is_no_pass(kind: str) -> None:
    idle = [replace(_cell(kind, name), backend="mps") for name in "ab"]
    cells = [_cell("pass"), *idle]
    view = verdict.overview(Report(RunRecord(), tuple(cells)))
    assert (view.verdict, view.verdict.exit_code) == ("incomplete", 3)
    assert view.sentence == "Nothing was verified on mps: 2 cells, none of which passed."
    assert verdict.overall([*cells, replace(_cell("known defect"), backend="mps")]) == "pass"
    assert verdict.overall([*cells, _cell("fail")]) == "fail"


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        (["pass"], "The one cell keeps its promise."),
        (["pass", "pass", "unsupported"], "All 2 cells keep their promise; 1 more unsupported"),
        (
            ["pass", "pass", "known defect"],
            "All 2 cells keep their promise; known defects still there in 1 cell",
        ),
        (["pass", "fail"], "1 of 2 cells breaks its promise: fail."),
        (["pass", "fail", "lost"], "promise: fail; 1 lost."),
        (["pass", "lost", "crashed"], "No cell is wrong, but the run has gaps: 1 crashed, 1 lost."),
        (["unsupported"], "Nothing was verified"),
        (["pass", "not tested"], "The one cell keeps its promise; 1 more not tested."),
    ],
)
def test_sentence(verdicts: list[str], words: str) -> None:
    assert words in verdict.sentence([_cell(kind) for kind in verdicts], {})


def test_worst_come_first() -> None:
    cells = [_cell(kind) for kind in reversed(Verdict)]
    assert [cell.verdict for cell in verdict.worst_first(cells)] == list(Verdict)
    mild, bad, exact = (
        _cell("fail", "mild", _finding(1e-13, passed=False)),
        _cell("fail", "bad", _finding(1e-40, passed=False)),
        _cell("fail", "exact", _finding(None, passed=False)),
    )
    assert verdict.worst_first([mild, bad, exact]) == [exact, bad, mild]


def test_wrong_values_are_worse_than_wrong_behaviour() -> None:
    behaviour = replace(_cell("fail", "a", _finding(None, passed=False)), promise="errors")
    values = replace(_cell("fail", "b", _finding(1e-13, passed=False)), promise="recipe")
    late = replace(behaviour, verdict=Verdict.TIMED_OUT)
    assert verdict.worst_first([late, behaviour, values]) == [values, behaviour, late]


def test_union_bound_counts_every_decision() -> None:
    cells = (_cell("pass", "a", decisions=700), _cell("pass", "b", decisions=300))
    view = verdict.overview(Report(RunRecord(alpha=1e-12), cells))
    assert view.decisions == 1000
    assert view.union_bound == pytest.approx(1e-9)
    assert view.within_budget
    assert not verdict.overview(Report(RunRecord(alpha=1e-8), cells)).within_budget


def test_planned_and_seen() -> None:
    cells = (_cell("pass"), _cell("lost"), _cell("error", "unplanned"))
    run = RunRecord(planned=tuple(cell.nodeid for cell in cells[:2]))
    view = verdict.overview(Report(run, cells))
    assert (view.planned, view.seen) == (2, 1)


def test_power_names_the_bluntest_cell() -> None:
    cells = [_cell("pass", str(size), _finding(0.5, size=size)) for size in (0.1, 0.3, 0.2)]
    (row,) = verdict.power(cells)
    assert (row.cells, row.best, row.middle, row.worst) == (3, 0.1, 0.2, 0.3)
    assert row.worst_cell.subject == "0.3"


def test_each_kind_of_tensors_has_its_own_power() -> None:
    sharp = (_finding(0.5, size=size, tensor="weight") for size in (0.01, 0.02))
    cells = [
        _cell("pass", "Linear", *sharp, _finding(0.5, size=0.3, tensor="bias")),
        _cell("pass", "uniform_", _finding(0.5, size=0.1)),
    ]
    (row,) = verdict.power(cells)
    assert (row.cells, row.best, row.middle, row.worst) == (2, 0.02, 0.1, 0.3)
    assert (row.worst_cell.subject, row.worst_tensor) == ("Linear", "bias")


def test_counts_are_compared_as_shares() -> None:
    sizes = ((3, 1000), (2, 100))
    cells = [_cell("pass", f"{of}", _finding(0.5, size=size, of=of)) for size, of in sizes]
    (row,) = verdict.power(cells)
    assert (row.unit, row.best, row.worst) == ("share", 0.003, 0.02)


def test_what_was_never_compared_has_no_power() -> None:
    asked_nothing = replace(_finding(None, size=1.0), n=0)
    assert verdict.power([_cell("unsupported", "", asked_nothing)]) == []


def test_what_known_defects_are_left_out_of_is_said() -> None:
    """A cell that forgives something is green, and not all of it was verified."""
    forgiving = replace(_cell("pass", "b"), excluded=("a-defect",))
    cells = [_cell("pass", "a"), forgiving, _cell("known defect", "c")]
    assert verdict.sentence(cells[:2], {}).endswith("promise; known defects left out of 1 cell.")
    assert verdict.sentence(cells, {}).endswith("still there in 1 cell, left out of 1 cell.")


KNOWN = {"k": Defect(backends=("cpu", "cuda"))}


class TestWhatOtherBackendsAreKnownToDo:
    def _wrong(self, name: str, *explained_by: str) -> CellRecord:
        failed = [replace(_finding(None, passed=False), elsewhere=id) for id in explained_by]
        of_cases = [replace(f, scope="case", case=f"{i}") for i, f in enumerate(failed)]
        return _cell("fail", name, _finding(None, passed=False), *of_cases)

    def test_comes_behind_what_is_wrong_besides(self) -> None:
        cells = [self._wrong("a", "k"), self._wrong("z", "k", ""), _cell("pass", "b")]
        assert [cell.subject for cell in verdict.worst_first(cells)] == ["z", "a", "b"]
        assert verdict.sentence(cells, KNOWN) == (
            "1 of 3 cells breaks its promise: z; "
            "1 more shows what PyTorch is known to do on cpu and cuda."
        )

    def test_is_red_where_nothing_else_is_wrong(self) -> None:
        cells = (self._wrong("a", "k"), self._wrong("b", "k"), _cell("pass"))
        view = verdict.overview(Report(RunRecord(defects=KNOWN), cells))
        assert (view.verdict, view.verdict.exit_code) == ("fail", 1)
        assert view.sentence == (
            "2 of 3 cells break their promise, "
            "all as PyTorch is known to do on cpu and cuda: a and b."
        )

    def test_explains_no_cell_with_a_fault_of_its_own(self) -> None:
        assert self._wrong("a", "k", "l", "k").elsewhere == ("k", "l")
        assert self._wrong("a", "k", "").elsewhere == ()
        assert _cell("fail").elsewhere == () and _cell("pass").elsewhere == ()

    def test_is_of_another_backend_where_the_list_is_unknown(self) -> None:
        assert "is known to do on another backend" in verdict.sentence([self._wrong("a", "k")], {})
