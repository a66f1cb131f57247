"""The tensors of a module: one row for each, what failed in words, and few pictures."""

from __future__ import annotations

from typing import Any

from reports.evidence.records import CellRecord, Effect, Finding
from reports.page import pictures, tensors
from selftest.reports import fakes
from verify.outcome.verdict import Verdict


def _finding(tensor: str, p: float | None = 0.5, **fields: Any) -> Finding:
    values = {"check": "scale", "passed": True, "n": 100, "message": "it is off", **fields}
    return Finding(p_value=p, tensor=tensor, **values)


def _failed(tensor: str, p: float = 1e-20, **fields: Any) -> Finding:
    return _finding(tensor, p, passed=False, **fields)


def _tensors(*findings: Finding) -> tuple[tensors.Tensor, ...]:
    return tensors.tensors(
        CellRecord("n", "default", "LSTM", "cpu", "f32", Verdict.FAIL, findings=findings)
    )


def _drawn(line: dict[str, Any], points: int = 64) -> tuple[pictures.Picture, ...]:
    cell = CellRecord.from_json(line)
    return tensors.module_pictures(tensors.tensors(cell), cell, fakes.ALPHA, points)


def test_an_initializer_has_no_rows() -> None:
    assert _tensors(_finding(""), _failed("", scope="case")) == ()


def test_rows_follow_by_name_and_the_whole_comes_last() -> None:
    rows = _tensors(_finding(""), _finding("weight"), _finding("bias", 0.1))
    assert [row.name for row in rows] == ["bias", "weight", "all tensors together"]


def test_what_failed_worst_leads() -> None:
    rows = _tensors(_finding("bias"), _failed("v", 1e-20), _failed("w", 1e-30), _failed("", 1e-15))
    assert [row.tensor for row in rows] == ["w", "v", "", "bias"]
    assert [row.passed for row in rows] == [False, False, False, True]


def test_a_row_shows_the_worst_check_and_the_first_effect() -> None:
    effect = Effect("scale", 1.0, 0.9, 1.1)
    worst = _finding("weight", 0.01, check="chi_square", n=50)
    (row,) = _tensors(_finding("weight", effect=effect), worst)
    assert (row.worst, row.telling.effect, row.n) == (worst, effect, 100)


def test_single_tensors_of_a_case_are_rows_only_if_they_failed() -> None:
    passed = _finding("weight_l1", 1e-3, scope="case")
    rows = _tensors(_finding("weight"), passed, _failed("weight_l0", scope="case"))
    assert [(row.tensor, row.scope) for row in rows] == [("weight_l0", "case"), ("weight", "cell")]


def test_tensors_wrong_in_the_same_words_are_told_of_once() -> None:
    found = tensors.failures([_failed("w0"), _failed("w1"), _failed("b", message="it is NaN")])
    assert [failure.tensors for failure in found] == [("w0", "w1"), ("b",)]
    (sentence,) = found[0].sentences
    assert sentence.message == "it is off"
    assert [finding.tensor for finding in sentence.findings] == [""]


def test_tensors_of_unlike_p_values_stay_apart_under_one_sentence() -> None:
    (failure,) = tensors.failures([_failed("w0", 1e-30), _failed("w1", 1e-20)])
    (sentence,) = failure.sentences
    assert [finding.tensor for finding in sentence.findings] == ["w0", "w1"]


def test_the_whole_is_named_beside_tensors_only() -> None:
    assert [f.tensors for f in tensors.failures([_failed("")])] == [()]
    found = tensors.failures([_failed("weight"), _failed("", message="state")])
    assert [f.tensors for f in found] == [("weight",), ("all tensors together",)]


def test_a_passing_module_has_one_picture_of_all_its_tensors() -> None:
    line = fakes.module_line()
    (picture,) = _drawn(line)
    assert picture.svg.count('class="line thin"') == len(fakes.KINDS)
    assert f"{len(fakes.KINDS)} kinds of tensors" in picture.meaning


def test_a_failing_module_has_the_pictures_of_the_worst_kind_first() -> None:
    drawn = _drawn(fakes.module_line(zero="weight_hr_l0", scaled="weight_hh"))
    assert [picture.meaning.partition(":")[0] for picture in drawn[:2]] == ["weight_hh"] * 2
    assert drawn[2].meaning.startswith("One line for each")


def test_without_a_histogram_there_is_no_picture() -> None:
    (together,) = _drawn(fakes.module_line(zero="weight_hr_l0"))
    assert together.meaning.startswith("One line for each")
    assert _drawn({**fakes.module_line(), "tensors": {}}) == ()
