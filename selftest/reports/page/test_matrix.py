"""The matrix: by promise, the quiet folded away."""

from __future__ import annotations

from dataclasses import replace

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


def _dtypes(group: matrix.Group) -> list[str]:
    return [column.dtype for column in group.columns]


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
    assert (group.subjects, _dtypes(group)) == (3, ["float64", "float32"])
    assert len(group.shown.cells) == 4 and not group.folded.rows


def test_beside_what_is_wrong_many_rows_in_order_are_folded() -> None:
    calm = [_cell(f"s{index}") for index in range(matrix.MOST_CALM + 1)]
    (group,) = _groups(_cell("LSTM", "fail"), _cell("LSTM", dtype="float64"), *calm)
    assert [row.subject for row in group.shown.rows] == ["LSTM"]
    assert {view.cell.subject for view in group.shown.cells} == {"LSTM"}
    assert len(group.folded.rows) == len(group.folded.cells) == len(calm)
    (small,) = _groups(_cell("LSTM", "fail"), *calm[1:])
    assert len(small.shown.rows) == len(calm) and not small.folded.rows


def test_columns_are_real_then_complex_then_others_and_no_dtype_last() -> None:
    order = ["float64", "float32", "bfloat16", "float16", "complex128", "complex64", "complex32"]
    order += ["float8_e4m3fn", "int64", "any"]
    (group,) = _groups(*(_cell("a", dtype=dtype) for dtype in sorted(order)))
    assert _dtypes(group) == order
    (row,) = group.rows
    assert [view and view.cell.dtype for view in row.entries] == order


def test_where_a_subject_lacks_a_dtype_its_row_has_a_gap() -> None:
    (group,) = _groups(_cell("a"), _cell("b"), _cell("b", dtype="float64"))
    found = {row.subject: [bool(view) for view in row.entries] for row in group.rows}
    assert found == {"a": [False, True], "b": [True, True]}


def test_two_cells_of_one_subject_and_dtype_have_rows_that_say_which() -> None:
    asked = "verify/test_laws.py::test_law[cpu-{}-normal_-{}]"
    cells = [
        replace(_cell("normal_", dtype=dtype), nodeid=asked.format(dtype, fill))
        for dtype in ("float32", "float64")
        for fill in ("rows", "columns")
    ]
    (group,) = _groups(*cells, _cell("ones_"))
    found = [(row.subject, row.aside, len(row.cells)) for row in group.rows]
    assert sorted(found) == [
        ("normal_", "test_law-columns", 2),
        ("normal_", "test_law-rows", 2),
        ("ones_", "", 1),
    ]
    for row in group.rows:
        assert len({view.cell.nodeid.rpartition("-")[2] for view in row.cells}) == 1
    assert group.subjects == 2


def _pages(**pages: list[CellRecord]) -> dict[str, list[views.CellView]]:
    return {backend: views.views(cells) for backend, cells in pages.items()}


def test_backends_stand_side_by_side_where_they_share_a_promise() -> None:
    cpu = [_cell("a"), _cell("a", dtype="float16"), _cell("b"), _cell("c", promise="reset")]
    cuda = [_cell("a", "fail", backend="cuda"), _cell("", "error", backend="")]
    host = [_cell("d", backend="host", promise="entry")]
    (group,) = matrix.across(_pages(cpu=cpu, cuda=cuda, host=host))
    assert group.promise == "default" and group.open
    assert (group.backends, group.edges) == ([("cpu", 2), ("cuda", 1)], {0, 2})
    found = {
        row.subject: [view and str(view.cell.verdict) for view in row.entries] for row in group.rows
    }
    assert found == {"a": ["pass", "pass", "fail"], "b": ["pass", None, None]}
    assert not matrix.across(_pages(cpu=cpu, host=host))


def test_a_law_that_cells_share_is_said_once() -> None:
    (group,) = _groups(
        _cell("a", law_words="uniform"),
        _cell("b", law_words="uniform", source="here"),
        _cell("c", law_words="uniform"),
    )
    laws = group.shown.laws
    assert [(law.words, law.source) for law in laws] == [("uniform", ""), ("uniform", "here")]
    assert [[view.cell.subject for view in law.cells] for law in laws] == [["a", "c"], ["b"]]
