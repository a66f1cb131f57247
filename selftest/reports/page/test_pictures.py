"""Pictures are well-formed, small, and show what leaves the band."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from reports.evidence.records import Finding
from reports.page import decisions, pictures, svg
from selftest.reports import fakes


def _counts(subject: str = "uniform_", dtype: str = "float32", n: int = 2**24) -> list[int]:
    return fakes.cell_line(subject, dtype, n=n)["statistics"]["distribution"]["counts"]


def _finding(p: float, *, passed: bool = True, check: str = "mean") -> Finding:
    return Finding(check, passed, p, 100, "")


def _classes(picture: pictures.Picture) -> set[str]:
    root = ElementTree.fromstring(picture.svg)
    return {element.get("class", "") for element in root.iter()}


@pytest.mark.parametrize("n", [2**10, 2**16, 2**24])
def test_a_lawful_sample_stays_inside_the_band(n: int) -> None:
    counts = _counts(n=n)
    for picture in (pictures.deviation(counts, fakes.ALPHA), pictures.histogram(counts)):
        classes = _classes(picture)
        assert {"band", "zero", "line"} <= classes
        assert "line bad" not in classes
        assert "inside" in picture.meaning


def test_a_scale_error_of_one_percent_leaves_the_band() -> None:
    counts = _counts("normal_", "bfloat16")
    for picture in (pictures.deviation(counts, fakes.ALPHA), pictures.histogram(counts)):
        assert "line bad" in _classes(picture)
        assert "inside" not in picture.meaning


def test_everything_in_one_bin_is_drawn() -> None:
    counts = [100, *([0] * 4095)]
    assert "line bad" in _classes(pictures.deviation(counts, fakes.ALPHA))
    assert "6.3 × 10³" not in pictures.histogram(counts).meaning


def test_the_thinned_curve_keeps_its_peak() -> None:
    counts = [1000] * 4096
    counts[777] += 400_000
    coarse = pictures.deviation(counts, fakes.ALPHA, points=16)
    assert coarse.meaning == pictures.deviation(counts, fakes.ALPHA).meaning
    assert "line bad" in _classes(coarse)


def test_each_kind_of_tensors_has_its_line_and_its_band() -> None:
    lawful, wide = _counts(n=2**20), _counts("normal_", "bfloat16")
    picture = pictures.together({"bias": lawful, "weight": wide}, fakes.ALPHA, 64)
    assert picture.svg.count('class="line thin"') == 2
    assert {"band", "line bad"} <= _classes(picture)
    assert "of weight, is" in picture.meaning and "and leaves it" in picture.meaning
    calm = pictures.together({"bias": lawful, "other": lawful}, fakes.ALPHA, 64)
    assert "line bad" not in _classes(calm) and "inside it" in calm.meaning


def test_sums_beyond_their_common_band_are_marked() -> None:
    sums = [(place, 0.5) for place in range(16)]
    calm = pictures.places("haar_sign", sums, fakes.ALPHA)
    assert {"dots", "band"} <= _classes(calm) and "dots bad" not in _classes(calm)
    wrong = pictures.places("haar_sign", [*sums[:-1], (15, -9.0)], fakes.ALPHA)
    assert "dots bad" in _classes(wrong)
    assert wrong.meaning.startswith("Mean sign of entry (3, 3) is the largest of 16")
    assert "outside" in wrong.meaning


def test_relative_steps_add_up() -> None:
    path = svg.path("line", [(0.0, 10.5), (10.5, 0.3), (11.0, 0.3), (10.9, 20.3)])
    assert 'd="M0 10.5l10.5 -10.2 .5 0 -.1 20"' in path


def test_strip_marks_the_threshold_and_what_is_beyond() -> None:
    findings = [_finding(0.5), _finding(1e-30, passed=False, check="<b>&"), _finding(0.0)]
    strip = decisions.strip(findings, fakes.ALPHA)
    assert strip is not None
    assert {"dots", "dot bad", "limit"} <= _classes(strip)
    assert "2 of 3" in strip.meaning
    assert decisions.strip([], fakes.ALPHA) is None


def test_a_picture_says_what_it_shows() -> None:
    assert pictures.Picture("", "Every bin.").of("weight") == pictures.Picture(
        "", "weight: every bin."
    )


def test_bars_of_a_whole_run() -> None:
    root = ElementTree.fromstring(pictures.bars([3, 0, 5, 1], "p-values"))
    assert root.get("aria-label") == "p-values"
    ElementTree.fromstring(pictures.bars([0, 0], "none"))


def test_the_pictures_of_a_cell_are_small() -> None:
    counts = _counts("kaiming_normal_", "float32")
    strip = decisions.strip([_finding(0.5)] * 25, fakes.ALPHA)
    assert strip is not None
    drawn = (pictures.deviation(counts, fakes.ALPHA), pictures.histogram(counts), strip)
    assert sum(len(picture.svg) for picture in drawn) < 9_000
    calm = pictures.deviation(_counts(), fakes.ALPHA, pictures.COARSE)
    assert len(calm.svg) < 1_800
