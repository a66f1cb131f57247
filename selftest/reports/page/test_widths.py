"""One bar for each tensor of a model: observed over lawful, the worst first."""

from __future__ import annotations

import re
from typing import Any

import pytest

from reports.evidence.records import CellRecord, Effect, Family, Finding
from reports.page import views
from reports.page.pictures import Picture
from reports.page.tensors import tensors
from reports.page.widths import MOST, widths
from selftest.reports import fakes
from verify.outcome.verdict import Verdict


def _finding(tensor: str, ratio: float, half: float = 0.01, **fields: Any) -> Finding:
    effect = Effect("scale", ratio, ratio - half, ratio + half, "× law")
    values = {"check": "scale", "passed": abs(ratio - 1) < 0.1, "n": 100, "message": "", **fields}
    return Finding(p_value=0.5, tensor=tensor, effect=effect, **values)


def _cell(*findings: Finding, **entries: Any) -> CellRecord:
    return CellRecord("n", "recipe", "m", "cpu", "f32", Verdict.FAIL, findings=findings, **entries)


def _of(cell: CellRecord) -> Picture | None:
    return widths(cell, tensors(cell))


def _drawn(*findings: Finding, **entries: Any) -> Any:
    drawn = _of(_cell(*findings, **entries))
    assert drawn is not None and drawn.wide
    return drawn


def _names(svg: str) -> list[str]:
    return re.findall(r'text-anchor="end">([a-z…][^<]*)</text>', svg)


def test_every_tensor_has_its_bar_the_worst_on_top() -> None:
    drawn = _drawn(
        _finding("a", 1.001), _finding("b", 1.0), _finding("c", 1.414), _finding("d", 0.5)
    )
    assert _names(drawn.svg)[:4] == ["d", "c", "a", "b"]
    for text in ("0.500 [0.490, 0.510]", "1.414 [1.404, 1.424]", "1.000 [0.990, 1.010]"):
        assert f">{text}</text>" in drawn.svg
    assert 'class="rows bad"' in drawn.svg and 'class="rows"' in drawn.svg
    assert drawn.meaning == (
        "One bar for each of 4 kinds of tensors that have a width. 2 failed: d is 0.5 times as "
        "wide as its law."
    )


def test_bars_are_as_long_as_the_widths() -> None:
    svg = _drawn(_finding("a", 1.0), _finding("b", 0.5), _finding("c", 2.0)).svg
    left, lengths = 260, []
    for row in re.findall(r'<path class="rows(?: bad)?" d="([^"]*)"', svg):
        lengths += [float(end) - left for end in re.findall(r"H([\d.]+)", row)]
    one, half, two = sorted(lengths)[1], sorted(lengths)[0], sorted(lengths)[2]
    assert one / half == pytest.approx(2, abs=0.02) == two / one


def test_of_many_the_worst_are_drawn_and_the_others_counted() -> None:
    drawn = _drawn(*(_finding(f"w{i:02}", 1 + i / 1000) for i in range(MOST + 7)))
    assert len(_names(drawn.svg)) - drawn.svg.count("lawful width") == MOST
    assert _names(drawn.svg)[0] == f"w{MOST + 6}" and "w00" not in drawn.svg
    assert drawn.meaning.endswith(" Not drawn: 7 more.")


def test_a_passing_model_names_the_one_that_is_nearest_to_failing() -> None:
    drawn = _drawn(_finding("calm", 1.02, half=0.1), _finding("tense", 1.01, half=0.005))
    assert "tense, is 1.01 times as wide" in drawn.meaning
    assert "rows bad" not in drawn.svg


def test_a_uniform_tensor_tells_its_width_by_the_spread_of_its_transforms() -> None:
    spread = _finding("w", (3 - 2 / 1.25) ** 0.5, check="legendre", passed=False)
    uniform = {"w": Family("uniform", ())}
    assert ">1.25" in _drawn(spread, families=uniform).svg
    assert ">1.18" in _drawn(spread).svg


def test_of_several_checks_the_sharpest_speaks() -> None:
    blunt = _finding("w", 1.3, check="legendre")
    assert ">1.001 [" in _drawn(blunt, _finding("w", 1.001)).svg
    # It failed, whichever check says so.
    assert "rows bad" in _drawn(blunt, _finding("w", 1.001)).svg


@pytest.mark.parametrize("ratio", [float("nan"), float("inf")])
def test_what_is_no_width_has_no_bar(ratio: float) -> None:
    assert _of(_cell(_finding("w", ratio))) is None
    assert _of(_cell(_finding("", 1.0))) is None
    assert _of(_cell(_finding("w", 1.0, check="mean"))) is None
    assert _of(_cell(_finding("w", 1.0, scope="case"))) is None


def test_long_and_foreign_names_stay_in_their_place() -> None:
    name = "encoder.layer.?.attention.self.<query>.weight"
    drawn = _drawn(_finding(name, 1.5))
    assert "…er.?.attention.self.&lt;query&gt;.weight" in drawn.svg
    assert name in drawn.meaning


def test_a_module_shows_its_bars() -> None:
    (view,) = views.views([CellRecord.from_json(fakes.module_line())])
    drawn = [p for p in view.pictures(fakes.ALPHA) if p and "Widths of the tensors" in p.svg]
    assert len(drawn) == 1
