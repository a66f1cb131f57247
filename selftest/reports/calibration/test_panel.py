"""The calibration panel: exact p-values only, one a cell, chosen before anyone looks."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from scipy import special

from reports.evidence.calibration import calibration
from reports.evidence.exact import exact_finding, exact_p_values
from reports.evidence.records import CellRecord, Finding
from reports.evidence.uniformity import uniformity
from selftest.checks.support import BUDGET
from verify.checks import bounds
from verify.checks.statistics import KINDS, Histogram, NormalMoments, SubGaussianMoments
from verify.checks.words import WORDS

CELLS = 600


def _finding(check: str, p: float | None, n: int = 100, tensor: str = "", **more) -> Finding:
    return replace(Finding(check, True, p, n, "", tensor=tensor, exact=WORDS[check].exact), **more)


def _cell(name: str, *findings: Finding) -> CellRecord:
    return CellRecord(name, "law", name, "cpu", "float32", "pass", findings=findings)


def _run(power: float = 1.0, exact: int = CELLS, bounds: int = CELLS) -> list[CellRecord]:
    """A run whose exact p-values are `power`-th powers of uniforms, and with bounds near 1."""
    random = np.random.default_rng(20261128)
    cells = []
    for number in range(max(exact, bounds)):
        found = []
        if number < exact:
            found.append(_finding("chi_square", float(random.random() ** power)))
        if number < bounds:
            found.append(_finding("legendre", min(1.0, 8 * float(random.random()))))
        cells.append(_cell(f"cell {number}", *found))
    return cells


def _as_before(cells: list[CellRecord]) -> float:
    """What the panel once said: the one-sided bound over all p-values, exact or not."""
    values = sorted(f.p_value for c in cells for f in c.findings if f.p_value is not None)
    excess = max(k / len(values) - p for k, p in enumerate(values, start=1))
    return math.exp(-2 * len(values) * max(0.0, excess) ** 2)


def test_a_calibrated_run_is_usual():
    found = calibration(_run())
    assert found is not None and found.uniformity.usual
    assert sum(found.bins) == found.uniformity.total == CELLS


@pytest.mark.parametrize("power", [0.7, 1.4])
def test_squeezed_p_values_are_seen_that_bounds_once_hid(power):
    cells = _run(power)
    found = calibration(cells)
    assert found is not None and not found.uniformity.usual
    assert _as_before(cells) > 1e-4


def test_bounds_are_no_part_of_it():
    assert calibration(_run(exact=0)) is None
    with_bounds, without = calibration(_run()), calibration(_run(bounds=0))
    assert with_bounds is not None and without is not None
    assert with_bounds.uniformity.total == without.uniformity.total


def test_checks_of_cases_and_failed_ones_are_no_part_of_it():
    others = (
        _finding("chi_square", 1e-20, passed=False),
        _finding("chi_square", 1e-3, n=900, scope="case"),
        _finding("finite", None),
    )
    assert calibration([_cell("fail", *others)]) is None


def test_the_choice_does_not_look_at_the_values():
    """Whatever the p-values are, the same check of the same tensor speaks for the cell."""
    kinds = [("mean", 900, "a"), ("chi_square", 100, "b"), ("chi_square", 100, "a"),
             ("chi_square", 90, "c"), ("scale", 900, "a")]  # fmt: skip
    for values in permutations((0.5, 0.1, 1e-9, 1.0, 0.0)):
        found = [_finding(c, p, n, t) for (c, n, t), p in zip(kinds, values, strict=True)]
        for order in (found, found[::-1]):
            chosen = exact_finding(_cell("one", *order))
            assert chosen is not None and (chosen.check, chosen.n, chosen.tensor) == (
                *kinds[2][:2],
                "a",
            )


def test_a_cell_without_a_chi_square_has_its_mean():
    chosen = exact_finding(_cell("one", _finding("scale", 0.2), _finding("mean", 0.3)))
    assert chosen is not None and chosen.check == "mean"


def test_a_p_value_that_is_no_number_counts_as_the_smallest():
    nan = _finding("chi_square", math.nan, passed=False)
    assert exact_p_values([_cell("one", nan)]) == {"one": 0.0}


def _exact(findings: list[Finding]) -> set[str]:
    return {finding.check for finding in findings if finding.exact}


def test_the_statistics_say_which_p_values_are_exact():
    counts = np.full(4096, 1 << 10)
    whole = Histogram(counts, np.array([256, 256]), 0.0)
    assert _exact(whole.findings("distribution")) == {"chi_square"}
    assert _exact(whole.findings("haar_entry")) == set()
    assert _exact(NormalMoments(4, 0.1, 4.0).findings("moments")) == {"mean", "scale"}
    assert _exact(SubGaussianMoments(4, 0.1, 4.0).findings("moments")) == set()
    assert {"normal_moments", "sub_gaussian_moments", "histogram"} <= KINDS.keys()


@pytest.mark.parametrize("resolution", [2.0**-53, 2.0**-24, 2.0**-18])
@pytest.mark.parametrize("n", [1 << 20, 1 << 24])
def test_what_takes_more_off_for_a_lattice_than_is_negligible_is_a_bound(resolution, n):
    """As far as a p-value is called exact, its distribution moves by less than 0.2 %."""
    quantiles = np.linspace(0.005, 0.995, 199)
    counts = np.full(4096, n >> 12)
    shape = Histogram(counts, np.array([n >> 14] * 2), resolution).findings("distribution")
    if "chi_square" in _exact(shape):
        root = np.sqrt(special.chdtri(63, quantiles)) - 128 * resolution * math.sqrt(n)
        moved = special.chdtrc(63, root**2 / (1 + 128 * resolution)) - quantiles
        assert np.abs(moved).max() < 2e-3
    else:
        assert resolution > 2.0**-53
    moments = _exact(NormalMoments(n, 0.1, float(n), resolution).findings("moments"))
    displaced, _ = bounds.normal_displacement(resolution)
    moved = 2 * special.ndtr(-abs(special.ndtri(quantiles / 2)) + displaced * math.sqrt(n))
    assert ("mean" in moments) == (np.abs(moved - quantiles).max() < 0.8 * bounds.NEGLIGIBLE)


def test_a_float32_lattice_makes_p_values_too_large():
    """What is taken off a chi-square of 2^24 values shows in 2,000 p-values."""
    random = np.random.default_rng(20261128)
    found = []
    for _ in range(2000):
        counts = random.multinomial(1 << 24, np.full(64, 1 / 64))
        found.append(bounds.chi_square(counts, 64, 2.0**-20)[1])
    assert uniformity(found).kolmogorov < BUDGET


def test_an_exact_finding_says_so_in_the_evidence():
    finding = _finding("chi_square", 0.5)
    assert finding.to_json()["exact"] is True
    assert Finding.from_json(finding.to_json()) == finding
    assert "exact" not in _finding("legendre", 0.5).to_json()


@pytest.mark.parametrize("draw", [0, 1])
def test_exact_p_values_of_the_checks_are_uniform(draw):
    """2,000 samples under the law: chi-square of 2^20 counts, and the mean of a normal."""
    random = np.random.default_rng([20261128, draw])
    p_values = []
    for _ in range(2000):
        if draw:
            z = random.standard_normal(64)
            found = NormalMoments(64, float(z.sum()), float(z @ z)).findings("moments")
            p_values.append(_finding_of(found, "mean"))
        else:
            counts = random.multinomial(1 << 20, np.full(64, 1 / 64)).repeat(64)
            counts[np.arange(4096) % 64 != 0] = 0
            found = Histogram(counts, np.array([64, 64]), 0.0).findings("distribution")
            p_values.append(_finding_of(found, "chi_square"))
    cells = [_cell(f"{i}", _finding("chi_square", p)) for i, p in enumerate(p_values)]
    found_in_all = calibration(cells)
    assert found_in_all is not None and found_in_all.uniformity.usual


def _finding_of(findings: list[Finding], check: str) -> float:
    (p_value,) = (f.p_value for f in findings if f.check == check)
    assert p_value is not None
    return p_value
