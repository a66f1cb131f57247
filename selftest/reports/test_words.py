"""How numbers are written, and what decided a finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.evidence import words
from reports.evidence.records import Effect, Finding, Kind

COMPARED = Finding("parametrization", False, None, 1, "the weight is off", scope="case")


def _allowed(times: float) -> Finding:
    effect = Effect("max |QᵀQ − I|", times, times, times, "× allowed")
    return Finding("orthogonality", True, None, 9, "", effect)


@pytest.mark.parametrize(
    ("finding", "column", "sentence"),
    [
        (replace(COMPARED, p_value=1e-19), "10⁻¹⁹", "p = 10⁻¹⁹"),
        (replace(COMPARED, check="support"), "exact", "an exact comparison"),
        (COMPARED, "compared", "a comparison"),
        (replace(COMPARED, check="tomorrow"), "compared", "a comparison"),
        (replace(COMPARED, rounding=1.29), "1.29 × bound", "1.29 times the rounding bound"),
        (replace(COMPARED, rounding=7.77e5), "777\u202f000 × bound",
         "777\u202f000 times the rounding bound"),
        (replace(COMPARED, message="weight by 2 times the rounding"), "compared", "a comparison"),
        (_allowed(0.3394), "0.339 × bound", "0.339 times the rounding bound"),
        (replace(COMPARED, kind=Kind.TIME_LIMIT), "time limit", "a limit of time"),
        (replace(COMPARED, kind=Kind.ERROR), "error", "an exception"),
        (replace(COMPARED, kind=Kind.STILL_THERE), "witness", "the witness of a known defect"),
    ],
)  # fmt: skip
def test_a_finding_says_what_decided_it(finding: Finding, column: str, sentence: str) -> None:
    assert words.decision(finding) == column
    assert words.decided(finding) == sentence


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("one value too often: 4 where at most 9.54e-07 are expected",
         "one value too often: 4 where at most 9.54 × 10⁻⁷ are expected"),
        ("excess overlap per zero +3.05e-06", "excess overlap per zero +3.05 × 10⁻⁶"),
        ("the mean is off by -0.0031 standard deviations",
         "the mean is off by −0.0031 standard deviations"),
        ("shift -0.332 in the mean of entry -32", "shift −0.332 in the mean of entry −32"),
        ("0 of 54786 mismatch", "0 of 54\u202f786 mismatch"),
        ("52 of 97154 at the lower end", "52 of 97\u202f154 at the lower end"),
        ("the range expected of 839778 values", "the range expected of 839\u202f778 values"),
        ("more than 64,000 operations", "more than 64\u202f000 operations"),
        ("beyond 1.2e+02 values", "beyond 120 values"),
        ("weight by 7.77e+05 times the rounding", "weight by 777\u202f000 times the rounding"),
    ],
)  # fmt: skip
def test_numbers_of_a_message_are_written_as_all_others(message: str, said: str) -> None:
    assert words.said(message) == said


@pytest.mark.parametrize(
    "message",
    [
        "nothing is raised, by constant_(bfloat16[1, 1], val=4.000000000000001e+38)",
        "entry (-1, 0) of weight_hh_l0 in bfloat16",
        "KeyError ('parts.4.weight') with --run-seed 1234",
        "torch 2.13.0, pull request 145498, since 2025-11-28",
        "NormalCase(shape=(1024, 4096), std=1e-05)",
        "conv2d-1e5 and 0x1e5",
    ],
)
def test_names_and_calls_stay_as_they_are_typed(message: str) -> None:
    assert words.said(message) == message


def test_thousands_are_grouped_everywhere() -> None:
    assert words.number(702000.0) == "702\u202f000"
    assert words.number(-1234.5, 5) == "−1\u202f234.5"
    assert words.effect(Effect("scale", 4096.6, 4000.0, 4200.0)) == (
        "scale 4\u202f097 [4\u202f000, 4\u202f200]"
    )
