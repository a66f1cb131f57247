"""The matrix: by promise, the quiet folded away."""

from __future__ import annotations

from reports.evidence.records import CellRecord, Finding
from reports.page import matrix, views
from verify.outcome.verdict import Verdict


def _cell(subject: str, kind: str = "pass", *, tensor: str = "", **fields: str) -> CellRecord:
    names = {"promise": "default", "dtype": "float32", "backend": "cpu", **fields}
    failed = Finding("scale", False, 1e-20, 100, "it is off", tensor=tensor)
    findings = (failed,) if kind == "fail" else ()
    nodeid = f"{subject}{names}"
    return CellRecord(
        nodeid=nodeid, subject=subject, verdict=Verdict(kind), findings=findings, **names
    )


def _groups(*cells: CellRecord) -> list[matrix.Group]:
    return matrix.groups(views.views(cells))


def test_what_is_wrong_comes_first_then_gaps_then_the_order_of_titles() -> None:
    found = _groups(
        _cell("a", promise="reset"),
        _cell("a", promise="tomorrow"),
        _cell("a", promise="law"),
        _cell("a", "error", promise="default"),
        _cell("a", "fail", promise="gain"),
    )
    assert [group.promise for group in found] == ["gain", "default", "law", "reset", "tomorrow"]
    assert [group.open for group in found] == [True, True, False, False, False]


def test_a_group_in_order_is_closed_and_counted() -> None:
    (group,) = _groups(
        _cell("a"),
        _cell("a", dtype="float64"),
        _cell("b", "unsupported"),
        _cell("c", "known defect"),
    )
    assert not group.open
    assert group.tally == [("known defect", 1), ("unsupported", 1), ("pass", 2)]
    assert (group.subjects, group.dtypes) == (3, ("float64", "float32"))
    assert len(group.shown.cells) == 4 and not group.folded.rows


def test_beside_what_is_wrong_many_rows_in_order_are_folded() -> None:
    calm = [_cell(f"s{index}") for index in range(matrix.MOST_CALM + 1)]
    (group,) = _groups(_cell("LSTM", "fail"), _cell("LSTM", dtype="float64"), *calm)
    assert [row.subject for row in group.shown.rows] == ["LSTM"]
    assert {view.cell.subject for view in group.shown.cells} == {"LSTM"}
    assert len(group.folded.rows) == len(group.folded.cells) == len(calm)
    (small,) = _groups(_cell("LSTM", "fail"), *calm[1:])
    assert len(small.shown.rows) == len(calm) and not small.folded.rows


def test_a_law_that_cells_share_is_said_once() -> None:
    (group,) = _groups(
        _cell("a", law_words="uniform"),
        _cell("b", law_words="uniform", source="here"),
        _cell("c", law_words="uniform"),
    )
    laws = group.shown.laws
    assert [(law.words, law.source) for law in laws] == [("uniform", ""), ("uniform", "here")]
    assert [[view.cell.subject for view in law.cells] for law in laws] == [["a", "c"], ["b"]]
