"""Tiles of the matrix: signed sizes in natural units, few letters, and a name."""

from __future__ import annotations

from typing import Any

import pytest

from reports.evidence.records import CellRecord, Detectable, Effect, Finding, Kind, Verdict
from reports.page import tiles


def _failed(name: str = "", estimate: float = 0.0, unit: str = "", **fields: Any) -> Finding:
    effect = Effect(name, estimate, estimate, estimate, unit) if name else None
    values = {"p_value": 1e-40, "n": 256, "message": "it is off", **fields}
    return Finding("check", False, effect=effect, **values)


def _tile(*findings: Finding, verdict: str = "fail", **fields: str) -> tiles.Tile:
    names = {"nodeid": "x", "promise": "law", "subject": "normal_", "backend": "cpu"}
    cell = CellRecord(**names, dtype="", verdict=Verdict(verdict), findings=findings, **fields)
    return tiles.tile(cell)


@pytest.mark.parametrize(
    ("finding", "size"),
    [
        (_failed("scale", 2**0.5, "× law"), "×1.41"),
        (_failed("scale", 0.5, "× the law's"), "×0.5"),
        (_failed("scale", 0.97, "× law"), "−3 %"),
        (_failed("scale", 1.0094, "× law"), "+0.94 %"),
        (_failed("upper tail mass", 2624.0, "× law"), "×2\u202f624"),
        (_failed("upper tail mass", 3e7, "× law"), "×10⁷"),
        (_failed("upper tail mass", 0.0, "× law"), "×0"),
        (_failed("location", -0.2, "std"), "−0.2 σ"),
        (_failed("shift", 1.386, "σ"), "+1.4 σ"),
        (_failed("max |QᵀQ − I|", 1.2, "× allowed"), "×1.2"),
        (_failed("correlation with the value 1 further", 0.0412), "r +0.041"),
        (_failed("KS distance", 0.0865), "KS 0.086"),
        (_failed("excess share", -0.15), "−0.15"),
        (_failed("tail probability of the smallest value", 0.0), "p 10⁻⁴⁰"),
        (_failed("scale", float("nan"), "× law"), "p 10⁻⁴⁰"),
        (_failed("scale", float("inf"), "× law", p_value=0.0), "p < 10⁻³⁰⁰"),
        (_failed("mismatches", 3.0, detectable=Detectable("mismatches", 1, of=7)), "3 of 7"),
        (_failed("mismatches", 69.0), "69 of 256"),
        (_failed("mismatches", 24.0, n=16_777_216), "24 of 16.8 M"),
        (_failed("mismatches", 2.0, n=65_536), "2 of 65.5 k"),
        (_failed(p_value=None, kind=Kind.ERROR), "raises"),
        (_failed(p_value=None, kind=Kind.TIME_LIMIT), "too slow"),
        (_failed(p_value=None), "fail"),
    ],
)
def test_what_is_wrong_says_by_how_much(finding: Finding, size: str) -> None:
    tile = _tile(finding)
    name = "fail" if size == "fail" else f"fail, {size}"
    assert tile == tiles.Tile(size, name, "it is off")
    assert len(size) <= 12


def test_the_size_that_says_most_stands_for_all() -> None:
    wrong = [
        _failed("KS distance", 0.53, p_value=1e-62),
        _failed("mismatches", 72.0, p_value=None),
        _failed("scale", 1.62, "× law", message="too wide"),
        _failed("location", 1.29, "std", p_value=1e-94),
    ]
    assert _tile(*wrong) == tiles.Tile("×1.62", "fail, ×1.62", "too wide")
    assert _tile(*wrong[:2]).size == "72 of 256"


@pytest.mark.parametrize(
    ("p", "size", "name"),
    [
        (0.97, "1", "pass, p = 0.97"),
        (0.0314, "0.03", "pass, p = 0.031"),
        (0.001, "0.001", "pass, p = 0.001"),
        (0.00099, "10⁻⁴", "pass, p = 0.00099"),
        (7e-6, "10⁻⁶", "pass, p = 7 × 10⁻⁶"),
        (0.0, "< 10⁻³⁰⁰", "pass, p < 10⁻³⁰⁰"),
        (float("nan"), "not a number", "pass, p = not a number"),
        (None, "", "pass"),
    ],
)
def test_what_passed_shows_its_smallest_p_value(p: float | None, size: str, name: str) -> None:
    findings = (Finding("a", True, p, 10, "fine"), Finding("b", True, None, 10, "fine"))
    assert _tile(*findings, verdict="pass") == tiles.Tile(size, name)


@pytest.mark.parametrize(
    ("verdict", "size"),
    [
        ("unsupported", ""),
        ("known defect", ""),
        ("not tested", ""),
        ("crashed", "crashed"),
        ("lost", "lost"),
        ("not run", "not run"),
        ("of tomorrow", "of tomorrow"),
        ("timed out", "timed out"),
    ],
)
def test_without_a_size_there_is_a_glyph_or_a_word(verdict: str, size: str) -> None:
    assert _tile(verdict=verdict, reason="why") == tiles.Tile(size, verdict, "why")


def test_long_reasons_are_cut() -> None:
    said = _tile(verdict="error", reason="x" * 1000).diagnosis
    assert len(said) == tiles.MOST_LETTERS and said.endswith("…")
