"""Whether two samples of builds come from one law: exact rank sums, and what they would see."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from verify.checks.bounds import ALPHA, POWER_MISS

Floats = npt.NDArray[np.float64]

_SIMULATED, _TOGETHER = 20_000, 2_000
"""Pairs of samples by which the power is reckoned, and how many at a time."""


@lru_cache(maxsize=64)
def null(n: int, m: int) -> Floats:
    """Two-sided p-value of each number of inversions of two samples of one law.

    U, the pairs in which the value of the first sample is the smaller one, has the distribution
    of the coefficients of the Gaussian binomial [n+m choose n] over C(n+m, n) (Mann & Whitney
    1947). They are counted in whole numbers, so that the far tail is exact to a rounding.

    Parameters
    ----------
    n, m : int
        Sizes of the samples.

    Returns
    -------
    array
        ``2 min(P(U ≤ u), P(U ≥ u))``, at most 1, for u from 0 to nm.
    """
    counts = np.zeros(n * m + 1, dtype=object)
    counts[0] = 1
    for i in range(1, n + 1):
        # Times 1 − q^(m+i), then divided by 1 − q^i.
        if m + i < counts.size:
            counts[m + i :] = counts[m + i :] - counts[: -(m + i)]
        for first in range(min(i, counts.size)):
            counts[first::i] = np.cumsum(counts[first::i])
    below = np.cumsum(counts)
    smaller = np.minimum(below, below[::-1])
    p: Floats = np.minimum(1.0, (2 * smaller / below[-1]).astype(np.float64))
    return p


def rank_sums(one: Floats, other: Floats, seed: int) -> Floats:
    """P-value of each statistic: exact where the builds of both are exchangeable.

    Ties are broken at random, the same way at every call: the ranks stay a random permutation
    under the null (Hájek, Šidák & Sen 1999, sec. 4.3), whatever the law of the statistic.

    Parameters
    ----------
    one, other : array
        Builds by statistics.
    seed : int
        What breaks ties.

    Returns
    -------
    array
        One for each statistic.
    """
    n, m = len(one), len(other)
    values = np.concatenate([one, other]).T
    noise = np.random.default_rng(seed).random(values.shape)
    order = np.lexsort((noise, values), axis=-1)
    ranks = np.argsort(order, axis=-1)[:, :n].sum(axis=-1)
    smaller = n * m - (ranks - n * (n - 1) // 2)
    return np.asarray(null(n, m)[smaller])


def can_reject(n: int, m: int) -> bool:
    """Whether any outcome is below the level: 22 builds of each are enough, 21 are not."""
    return bool(null(n, m)[0] <= ALPHA)


@lru_cache(maxsize=64)
def detectable_shift(n: int, m: int) -> float:
    """By how many standard deviations two samples must differ to be told apart, sure to 0.999.

    Two normal samples of one variance are simulated from a fixed seed. The second, shifted by d,
    has at least u inversions as soon as d exceeds the u-th smallest difference ``x_i − y_j``; the
    quantile 0.999 of those, for the least u below the level, is the shift. Infinite where no
    outcome is.
    """
    if not can_reject(n, m):
        return float("inf")
    p = null(n, m)
    needed = n * m - int((p[: n * m // 2] <= ALPHA).sum()) + 1
    host, shifts = np.random.default_rng(1947), list[Floats]()
    for _ in range(_SIMULATED // _TOGETHER):
        x, y = host.standard_normal((_TOGETHER, n, 1)), host.standard_normal((_TOGETHER, 1, m))
        differences = (x - y).reshape(_TOGETHER, -1)
        shifts.append(np.partition(differences, needed - 1)[:, needed - 1])
    return float(np.quantile(np.concatenate(shifts), 1 - POWER_MISS))
