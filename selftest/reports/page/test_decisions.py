"""Pictures of decisions: effects beside what would have been seen, and exact comparisons."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from reports.evidence.records import Detectable, Effect, Finding
from reports.page import decisions
from reports.page.pictures import Picture


def _finding(check: str, estimate: float, size: float, **fields: Any) -> Finding:
    seen = Detectable("scale", size, fields.pop("unit", ""))
    effect = Effect("scale", estimate, estimate - size / 4, estimate + size / 4)
    values: dict[str, Any] = {"passed": True, "p_value": 0.5, **fields}
    return Finding(check, n=100, message="", effect=effect, detectable=seen, **values)


def _exact(check: str, n: int, wrong: int = 0, tensor: str = "") -> Finding:
    effect, seen = Effect("mismatches", wrong, wrong, wrong), Detectable("mismatches", 1, of=n)
    return Finding(check, not wrong, None, n, "", effect, seen, tensor=tensor)


def _texts(picture: Picture) -> list[str]:
    root = ElementTree.fromstring(picture.svg)
    return [element.text or "" for element in root.iter() if element.tag.endswith("text")]


def test_effects_are_sorted_by_size_and_each_check_has_one_row() -> None:
    findings = [
        _finding("mean", 0.1, 1.0),
        _finding("scale", 1.5, 1.0, unit="relative", tensor="weight"),
        _finding("scale", 1.2, 1.0, unit="relative", tensor="bias"),
        _finding("tails", 0.9, 1.0, scope="case"),
    ]
    picture = decisions.effects(findings)
    assert picture is not None
    assert _texts(picture)[:2] == ["scale of weight", "mean"]
    assert picture.meaning.startswith("The largest effect, of scale of weight, is 0.5 times")


def test_a_failed_effect_is_marked_and_stays_in_the_picture() -> None:
    picture = decisions.effects([_finding("mean", -50.0, 1.0, passed=False, p_value=0.0)])
    assert picture is not None and 'class="dots bad"' in picture.svg
    assert decisions.effects([_exact("support", 9)]) is None


def test_comparisons_are_counted_by_check() -> None:
    findings = [_exact("finite", 60, tensor="a"), _exact("finite", 36, tensor="b")]
    picture = decisions.comparisons(findings)
    assert picture is not None
    assert "96 of 96" in _texts(picture)
    assert picture.meaning == "96 exact comparisons: all held."
    broken = decisions.comparisons([*findings, _exact("support", 1200, 2)])
    assert broken is not None and "1\u202f198 of 1\u202f200" in _texts(broken)
    assert 'class="label bad"' in broken.svg and "2 failed" in broken.meaning
    assert decisions.comparisons([_finding("mean", 0.0, 1.0)]) is None


def test_a_scale_is_told_as_observed_over_lawful() -> None:
    scale = _finding("scale", 1.0021, 0.02, unit="relative")
    mean = _finding("mean", 0.002, 0.01)
    both, alone = decisions.effects([scale, mean]), decisions.effects([mean])
    assert both is not None and alone is not None
    assert _texts(both).count("1.0021 [0.9971, 1.0071]") == 1
    assert "observed ÷ lawful, which should be 1" in both.meaning
    assert "[" not in alone.svg and "lawful" not in alone.meaning
    failed = decisions.effects([_finding("scale", 1.5, 0.02, unit="relative", passed=False)])
    assert failed is not None and '<text class="label bad"' in failed.svg
