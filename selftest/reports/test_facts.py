"""Facts of findings: what writes them, and that they are read from older messages alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reports.evidence.causes import causes
from reports.evidence.records import CellRecord
from selftest.behaviour.support import RUN, cell
from selftest.checks.support import histogram
from verify.behaviour import bounded_time, errors
from verify.behaviour.exact import Comparison, Example, Excess, compare
from verify.behaviour.promises import PROMISES
from verify.checks.finding import Effect, Finding, Kind, Raised
from verify.checks.statistics import Correlation, Deviations, Extremes, Shares, Surplus
from verify.checks.words import APART, WORDS
from verify.defects.known_defects import KnownDefect
from verify.outcome.older import completed
from verify.outcome.outcome import Outcome

NONE = {
    "question": "", "asked": "", "under": "", "answer": "", "raised": None, "place": "",
    "rounding": None,
}  # fmt: skip
"""A finding without facts, as older suites wrote it."""


def _raise(error: Exception) -> object:
    raise error


def asked(*complaints: str, call: str = "what is wrong", expected: object = (), **more) -> Finding:
    """The finding of a question with some complaints, or with another outcome."""
    actual = more.pop("actual", lambda: list(complaints))
    wanted = [] if expected == () else expected
    (_, found) = judged(Comparison(call, actual, wanted, **more))
    return found


def judged(*made: Comparison, defects: tuple[KnownDefect, ...] = ()) -> tuple[Finding, ...]:
    about = Outcome("lazy", "Linear", "cpu", "float32", "", "", "")
    return compare(about, made, "lazy", defects).findings


def known(call: str) -> tuple[KnownDefect, ...]:
    return (KnownDefect("a-defect", "", "lazy", ("Linear",), calls=(call,)),)


RIGHT = Comparison("what is wrong", list, [], question="an-id")
QUESTIONS = {
    "complaints": (
        asked("one", "two: three", question="an-id", case="Case(a=1)"),
        {"question": "an-id", "asked": "what is wrong", "answer": "one, two: three"},
    ),
    "an example": (
        asked("nothing is raised", Example("f(x, by=1)"), case="what is wrong"),
        {"asked": "what is wrong", "answer": "nothing is raised"},
    ),
    "a colon in the question": (
        asked("one", call="shapes: (1, 2)", case="shapes: (1, 2)"),
        {"asked": "shapes: (1, 2)", "answer": "one"},
    ),
    "under": (
        asked("one", call="what is lost under x, y", under="x, y"),
        {"asked": "what is lost", "under": "x, y", "answer": "one"},
    ),
    "rounding": (
        asked(Excess("w", 1.29) + " twice", Excess("b", 7.77e5), "shape"),
        {
            "asked": "what is wrong",
            "answer": "w by 1.29 times the rounding twice, b by 7.77e+05 times the rounding, shape",
            "rounding": 7.77e5,
        },
    ),
    "an exception": (
        asked(actual=lambda: _raise(KeyError("a.b"))),
        {
            "asked": "what is wrong",
            "answer": "KeyError ('a.b')",
            "raised": Raised("KeyError", "'a.b'"),
        },
    ),
    "no words": (
        asked(actual=lambda: _raise(ValueError())),
        {"asked": "what is wrong", "answer": "ValueError", "raised": Raised("ValueError")},
    ),
    "a call that raises": (
        Finding.broken("raises", "ValueError: no: never", "Case()", ValueError("no: never")),
        {"answer": "ValueError: no: never", "raised": Raised("ValueError", "no: never")},
    ),
    "a state": (Finding.broken("state", "w is gone", "Case()"), {"answer": "w is gone"}),
    "nothing to excuse": (
        judged(RIGHT, defects=known("what is wrong"))[1],
        {
            "question": "an-id",
            "asked": "what is wrong",
            "answer": "what is wrong: nothing is wrong; "
            "end the entry 'a-defect' with `until`, or remove it",
        },
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_told_from_its_answer(name: str) -> None:
    finding, facts = QUESTIONS[name]
    assert {key: getattr(finding, key) for key in NONE} == NONE | facts


@pytest.mark.parametrize("name", QUESTIONS)
def test_older_messages_tell_the_same(name: str) -> None:
    finding, _ = QUESTIONS[name]
    before = replace(finding, **NONE)
    # No older file has the ids; of an entry that is to be removed the message has one sentence.
    lacks = {"question": ""} | ({"asked": ""} if finding.kind is Kind.FIXED_UPSTREAM else {})
    assert completed(before) == replace(finding, **lacks)
    night = replace(before, message=f"{before.message} (run seed 5)")
    assert replace(completed(night), message=finding.message) == replace(finding, **lacks)
    assert completed(finding) == finding
    passed = replace(before, passed=True)
    assert completed(passed) == passed


def test_records_are_completed() -> None:
    finding, _ = QUESTIONS["rounding"]
    line = {
        "nodeid": "x", "promise": "lazy", "subject": "Linear", "verdict": "fail",
        "findings": [replace(finding, **NONE).to_json()],
    }  # fmt: skip
    assert CellRecord.from_json(line).findings == (finding,)


def test_of_a_value_that_is_another_the_message_speaks() -> None:
    finding = asked(call="f(1)", actual=lambda: 3, expected=2)
    assert (finding.message, finding.asked, finding.answer) == ("f(1) gives 3, not 2", "f(1)", "")
    record = CellRecord("x", "gain", "g", "host", "float64", "fail", findings=(finding,))
    assert causes(record)[0].sentence == "f(1) gives 3, not 2"
    before = completed(replace(finding, **NONE))
    assert causes(replace(record, findings=(before,)))[0].sentence == "f(1) gives 3, not 2"


@pytest.mark.parametrize("check", ["lazy", "orthogonality"])
def test_what_sums_up_asks_nothing(check: str) -> None:
    size = Effect("mismatches", 1, 1, 1)
    told = Finding(check, False, None, 9, f"{WORDS[check].broken}: 1 of 9 mismatch", size)
    assert completed(told) == told


def deviations(check: str, at: int) -> Finding:
    """The finding of a sum that is far off at one place of a check."""
    totals = np.zeros(len(WORDS[check].places))
    totals[at] = 5000.0
    (found,) = Deviations(totals, np.full(totals.size, 10000), np.ones(totals.size)).findings(check)
    return found


def surplus(check: str, at: int) -> Finding:
    totals = np.zeros(len(WORDS[check].places))
    totals[at] = 5000.0
    (found,) = Surplus(totals, np.full(totals.size, 10000), np.full(totals.size, 1e3)).findings(
        check
    )
    return found


def shares(check: str, at: int) -> Finding:
    counts = np.zeros(len(WORDS[check].places), dtype=np.int64)
    counts[at] = 900
    zero = np.zeros(counts.size)
    (found,) = Shares(1000, counts, zero, zero + 0.1, 0.0).findings(check)
    return found


def extremes(low: float, high: float) -> Finding:
    seen = np.array([low, high])
    (found,) = Extremes(1000, seen, seen, 0.0).findings("extremes")
    return found


def correlation(check: str, lag: str) -> Finding:
    (found,) = Correlation({lag: 90.0, "b": 0.0}, {lag: 1200, "b": 1200}).findings(check)
    return found


def shape(check: str, values: np.ndarray) -> Finding:
    found = histogram(values).findings("distribution")
    return next(finding for finding in found if finding.check == check)


EVEN = (np.arange(1 << 18) + 0.5) / (1 << 18)
LOW = np.where(EVEN < 0.001, 1e-9, EVEN)
PLACES = {
    **{f"{check} {at}": (deviations(check, at), WORDS[check].places[at])
       for check in ("bits", "position", "haar_sign")
       for at in (0, 2, len(WORDS[check].places) - 1)},
    **{f"{check} {at}": (surplus(check, at), WORDS[check].places[at])
       for check in ("zero_position", "zero_overlap")
       for at in (0, 2, 3, len(WORDS[check].places) - 1)},
    "ends": (shares("ends", 1), "at the upper end"),
    "zeros": (shares("zero_share", 0), "of zeros"),
    "smallest": (extremes(1e-20, 0.001), "smallest value"),
    "largest": (extremes(0.001, 1e-20), "largest value"),
    "lag": (correlation("correlation", "the neighbour on axis -1"), "the neighbour on axis -1"),
    "tensors": (correlation("between", f"b{APART}w at the end"), "b and w at the end"),
    "location": (shape("legendre", EVEN**1.2), "location"),
    "spread": (shape("legendre", 0.1 + 0.8 * EVEN), "spread"),
    "lower tail": (shape("tails", LOW), "lower tail"),
    "upper tail": (shape("tails", 1 - LOW), "upper tail"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_the_worst_place_is_named(name: str) -> None:
    finding, place = PLACES[name]
    assert not finding.passed and finding.place == place
    before = replace(finding, place="")
    assert completed(before) == finding
    night = replace(before, message=f"{before.message} (run seed 5)")
    assert completed(night).place == place


def test_words_end_with_what_they_are_asked_under() -> None:
    for promise in PROMISES.values():
        for question in promise.questions.values():
            stem, _, under = question.words.partition(" under ")
            assert question.under == under, stem


def test_every_comparison_of_a_promise_has_its_id() -> None:
    truncated = cell("trunc_normal_")
    calls = bounded_time._Calls(truncated, RUN, lambda: None)
    for promise, made in (
        (bounded_time.PROMISE, calls.comparisons()),
        (errors.PROMISE, errors._comparisons(truncated, RUN, lambda: None)),
    ):
        for comparison in made:
            assert promise.questions[comparison.question].words == comparison.call
