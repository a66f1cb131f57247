"""The values over the density: right numbers at known inputs, and faults that show."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy import stats

from reports.evidence.records import CellRecord, Family
from reports.page import pictures, views
from reports.page.values import BARS, DENSITIES, values
from selftest.checks.support import histogram, stream
from selftest.reports import fakes
from verify import laws

FAMILIES = {
    "normal": Family("normal", ()),
    "uniform": Family("uniform", ()),
    "exponential": Family("exponential", ()),
    "truncated normal": Family("truncated normal", (-1.0, 3.0)),
    "sparse": Family("sparse", ()),
}
N = 1 << 18


def _counts(u: Any) -> list[int]:
    return histogram(np.asarray(u)).counts.tolist()


def _lawful(name: str = "normal", n: int = N) -> list[int]:
    return _counts(stream("values", name).random(n))


def _drawn(counts: list[int], name: str = "normal", points: int = pictures.POINTS) -> Any:
    drawn = values(counts, FAMILIES[name], points)
    assert drawn is not None
    return drawn


def _columns(svg: str, kind: str) -> list[tuple[float, float, float]]:
    """The bars of a kind: left, right and height, in pixels."""
    found = [e for e in ElementTree.fromstring(svg).iter() if e.get("class") == kind]
    number = r"(-?[\d.]+)"
    shape = re.compile(f"M{number} {number}V{number}H{number}V")
    return [
        (float(x), float(right), float(base) - float(y))
        for each in found
        for x, base, y, right in shape.findall(each.get("d", ""))
    ]


def test_every_family_with_a_density_is_tried() -> None:
    assert set(FAMILIES) == set(DENSITIES)


@pytest.mark.parametrize("points", [pictures.COARSE, pictures.POINTS])
@pytest.mark.parametrize("name", FAMILIES)
def test_lawful_values_keep_to_the_density(name: str, points: int) -> None:
    drawn = _drawn(_lawful(name), name, points)
    most = BARS // (2 if points == pictures.COARSE else 1)
    bars = _columns(drawn.svg, "bar")
    # Far out in a tail one bin is wider than a bar.
    assert 0.7 * most <= len(bars) <= most
    assert not _columns(drawn.svg, "bar bad")
    assert "no bar by itself is farther from it" in drawn.meaning
    assert "262\u202f144 values" in drawn.meaning


def test_heights_are_those_of_the_density() -> None:
    """Beside a bar at the mode, one at one standard deviation has e^(−1/2) of its height."""
    svg = _drawn([64] * 4096).svg
    bars = _columns(svg, "bar")
    tallest = max(height for *_, height in bars)
    left, right = bars[0][0], bars[-1][1]
    end = stats.norm.ppf(4095 / 4096)
    for x0, x1, height in bars:
        z = end * (2 * ((x0 + x1 + 1) / 2 - left) / (right + 1 - left) - 1)
        assert height == pytest.approx(tallest * np.exp(-(z**2) / 2), abs=0.03 * tallest)


@pytest.mark.parametrize(
    ("family", "ends"),
    [
        ("normal", "Not drawn: 128 values below −3.49 or above 3.49."),
        ("exponential", "Not drawn: 64 values below 0 or above 8.32."),
        ("uniform", ""),
        ("truncated normal", ""),
    ],
)
def test_a_bin_without_end_is_left_out_and_said(family: str, ends: str) -> None:
    meaning = _drawn([64] * 4096, family).meaning
    assert meaning.endswith(ends) if ends else "Not drawn" not in meaning


@pytest.mark.parametrize(
    ("u", "name"),
    [
        (stats.norm.cdf(1.05 * stream("wide").standard_normal(N)), "normal"),
        (stats.norm.cdf(stream("shift").standard_normal(N) + 0.2), "normal"),
        (stats.expon.cdf(1.05 * stream("rate").exponential(size=N)), "exponential"),
        (np.where(stream("a").random(N) < 0.01, 0.5, stream("b").random(N)), "uniform"),
        (stream("bound").random(N) * 0.97, "uniform"),
        (stream("outside").uniform(-0.1, 1.1, N).clip(0, 1), "uniform"),
    ],
    ids=["wide", "shifted", "rate", "one number", "too narrow", "outside"],
)
def test_a_fault_shows_in_red(u: Any, name: str) -> None:
    drawn = _drawn(_counts(u.clip(0, np.nextafter(1, 0))), name)
    assert "(red)" in drawn.meaning
    # What lies where too little does has no height to be red.
    told = int(re.findall(r"(\d+) of \d+ bars", drawn.meaning)[0])
    assert 0 < len(_columns(drawn.svg, "bar bad")) <= told


def test_the_densities_are_those_of_the_laws() -> None:
    """What the page takes from scipy has the quantiles of the law that the values obey."""
    for law, mean, scale in (
        (laws.Normal(3.0, 0.5), 3.0, 0.5),
        (laws.Uniform(-2.0, 6.0), -2.0, 8.0),
        (laws.Exponential(4.0), 0.0, 0.25),
        (laws.TruncatedNormal(1.0, 0.5, 0.5, 2.5), 1.0, 0.5),
    ):
        own = DENSITIES[law.family.name].law(*(law.family.parameters or ()))
        u = np.linspace(0.01, 0.99, 9)
        assert law.cdf(mean + scale * own.ppf(u)) == pytest.approx(u, abs=1e-9)


@pytest.mark.parametrize(
    "family",
    [
        *(None, Family("truncated normal"), Family("haar"), Family("several"), Family("x", ())),
        # Of a damaged file.
        *(Family("normal", (1.0,)), Family("truncated normal", (1.0,))),
        *(Family("truncated normal", (-1.0, float(x))) for x in ("inf", "nan")),
    ],
)
def test_without_one_density_there_is_no_such_picture(family: Family | None) -> None:
    assert values(_lawful(), family, pictures.POINTS) is None


def _view(**entries: Any) -> list[str]:
    line = {**fakes.cell_line("uniform_"), **entries}
    (view,) = views.views([CellRecord.from_json(line)])
    return [picture.svg for picture in view.pictures(fakes.ALPHA) if picture]


def test_it_stands_beside_the_deviation_where_the_family_is_known() -> None:
    known = _view(families={"": {"name": "uniform", "parameters": []}})
    assert 'aria-label="Deviation from the law"' in known[0]
    assert 'aria-label="Values over the density"' in known[1]
    assert 'aria-label="Counts against the law"' in _view()[1]


def test_a_failing_tensor_of_a_module_has_its_own() -> None:
    tensor = "weight_hh"
    line = fakes.module_line(scaled=tensor)
    line["families"] = {tensor: {"name": "normal", "parameters": []}}
    (view,) = views.views([CellRecord.from_json(line)])
    drawn = [p for p in view.pictures(fakes.ALPHA) if p and "Values over the density" in p.svg]
    assert [p.meaning.startswith(f"{tensor}: bars:") for p in drawn] == [True]


def test_pictures_of_a_failing_case_say_so() -> None:
    line = {**fakes.cell_line("normal_", "bfloat16")}
    failing = {name: line[name] for name in ("statistics", "tensors") if name in line}
    (view,) = views.views([CellRecord.from_json({**line, "statistics": {}, "failing": failing})])
    told = [p.meaning for p in view.pictures(fakes.ALPHA) if p and "from the law" in p.svg]
    assert told and all(meaning.startswith("The case that failed: ") for meaning in told)


def test_pictures_of_a_pool_say_that_a_failing_case_is_not_in_it() -> None:
    line = fakes.cell_line("uniform_")
    wrong = {**line["findings"][0], "passed": False, "scope": "case", "case": "c"}
    (view,) = views.views([CellRecord.from_json({**line, "findings": [wrong]})])
    told = [p.meaning for p in view.pictures(fakes.ALPHA) if p and "from the law" in p.svg]
    assert told and all(meaning.startswith("The cases that passed: ") for meaning in told)
