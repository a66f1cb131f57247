"""Uniform p-values, and bounds of a rate, against laws that are computed in another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats

from reports.evidence.uniformity import RANKS, rate_bound, smallest, uniformity


def _uniforms(amount: int, seed: int = 20261128) -> np.ndarray:
    return np.random.default_rng(seed).random(amount)


@pytest.mark.parametrize(("alarms", "runs"), [(0, 1), (0, 70), (1, 70), (5, 60), (69, 70)])
def test_the_bound_is_where_so_few_alarms_have_the_probability_of_one_in_twenty(alarms, runs):
    """Clopper & Pearson's definition, solved by bisection."""
    wanted = optimize.brentq(
        lambda rate: stats.binom.cdf(alarms, runs, rate) - 0.05, 1e-9, 1 - 1e-9, xtol=1e-12
    )
    assert rate_bound(alarms, runs) == pytest.approx(wanted, rel=1e-6)


def test_without_an_alarm_the_bound_is_about_three_in_n():
    assert rate_bound(0, 1000) == pytest.approx(1 - 0.05 ** (1 / 1000))
    assert rate_bound(0, 1000) == pytest.approx(3 / 1000, rel=5e-3)
    assert rate_bound(0, 0) == rate_bound(3, 3) == 1.0


def test_the_kth_smallest_follows_its_law():
    """P(k-th smallest of m ≤ x) is that of k or more of m below x."""
    values = _uniforms(500)
    for rank in smallest(values):
        wanted = stats.binom.sf(rank.rank - 1, 500, rank.seen)
        assert rank.probability == pytest.approx(float(wanted), rel=1e-9)
        assert stats.binom.sf(rank.rank - 1, 500, rank.median) == pytest.approx(0.5)
    assert [rank.rank for rank in smallest(values)] == list(RANKS)
    assert [rank.rank for rank in smallest(values[:2])] == [1, 2]


def test_uniform_values_look_uniform_and_the_numbers_are_scipys():
    values = _uniforms(3000)
    found = uniformity(values)
    known = stats.kstest(values, "uniform", method="exact")
    assert found is not None and found.usual
    assert found.distance == pytest.approx(float(known.statistic))
    assert found.kolmogorov == pytest.approx(float(known.pvalue))
    assert found.sidak == pytest.approx(1 - (1 - values.min()) ** 3000)
    assert "3\u202f000 in all, look uniform" in found.sentence


@pytest.mark.parametrize(("power", "side"), [(0.9, "large"), (1 / 0.9, "small")])
def test_a_campaign_sees_p_values_that_are_squeezed_by_a_tenth(power, side):
    """70 runs of 300 cells."""
    found = uniformity(_uniforms(21_000) ** power)
    assert found is not None and not found.usual
    assert f"are too {side}" in found.sentence


def test_one_tiny_value_among_many_is_seen_though_their_distribution_is_not_moved():
    found = uniformity([*_uniforms(10_000), 1e-10])
    assert found is not None and not found.usual
    assert found.kolmogorov > 0.01 and found.sidak == pytest.approx(1e-6, rel=1e-3)
    assert "are too small" in found.sentence


def test_no_values_and_values_at_the_ends():
    assert uniformity([]) is None and smallest([]) == []
    found = uniformity([0.0, 1.0])
    assert found is not None and found.sidak == 0.0 and not found.usual
    only = uniformity([1.0])
    assert only is not None and math.isfinite(only.sidak)
