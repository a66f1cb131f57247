"""Rank sums of builds: exact to the far tail, and as strong as they are said to be."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from initlaws.comparisons import two_samples

SIZES = [(1, 1), (2, 3), (5, 7), (12, 12), (32, 32), (24, 40)]


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_complete_separation_has_the_chance_of_one_order(n, m):
    p = two_samples.null(n, m)
    assert len(p) == n * m + 1
    assert p[0] == p[-1] == min(1.0, 2 / comb(n + m, n))
    assert (np.diff(p[: n * m // 2]) >= 0).all()


def test_small_samples_are_enumerated():
    """Every choice of which ranks are the first sample's."""
    from itertools import combinations

    u = [sum(ranks) - 6 for ranks in combinations(range(9), 4)]
    counts = np.bincount(u, minlength=21)
    tail = np.minimum(np.cumsum(counts), np.cumsum(counts[::-1])[::-1])
    assert two_samples.null(4, 5) == pytest.approx(np.minimum(1, 2 * tail / comb(9, 4)), rel=1e-15)


@pytest.mark.parametrize("shift", [0.0, 0.8, 1.5, 2.2, 3.0, 9.0])
def test_the_tail_is_that_of_scipy(shift):
    host = np.random.default_rng(7)
    one, other = host.normal(size=(32, 5)), host.normal(shift, 1, size=(32, 5))
    expected = mannwhitneyu(one, other, method="exact").pvalue
    assert two_samples.rank_sums(one, other, 1) == pytest.approx(expected, rel=1e-9)


def test_p_values_are_uniform_with_ties_too():
    host = np.random.default_rng(5)
    one, other = host.integers(0, 3, (8, 40_000)), host.integers(0, 3, (9, 40_000))
    p = two_samples.rank_sums(one, other, 2)
    for level in (0.01, 0.05, 0.3):
        lawful = max((v for v in two_samples.null(8, 9) if v <= level), default=0.0)
        assert abs((p <= level).mean() - lawful) < 5 * (lawful / 40_000) ** 0.5


def test_22_builds_are_the_fewest():
    assert two_samples.can_reject(22, 22) and not two_samples.can_reject(21, 21)
    assert two_samples.detectable_shift(21, 21) == float("inf")


def test_the_shift_is_found_as_often_as_is_said():
    """By other samples than those of which it was reckoned."""
    shift, host = two_samples.detectable_shift(32, 32), np.random.default_rng(11)
    one, other = host.normal(size=(32, 40_000)), host.normal(shift, 1, (32, 40_000))
    missed = int((two_samples.rank_sums(one, other, 3) > 1e-12).sum())
    assert 10 <= missed <= 90  # 40 are expected, and the quantile is off by some.
    third = host.normal(shift / 3, 1, (32, 40_000))
    assert (two_samples.rank_sums(one, third, 3) > 1e-12).mean() > 0.999
