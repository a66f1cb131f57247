"""P-values of sample correlations that hold in the far tail, as those of `bounds` do."""

from __future__ import annotations

import math

import numpy as np

from verify.checks import bounds
from verify.checks.bounds import ALPHA, POWER_Z


def serial(correlation: float, pairs: int) -> float:
    """Two-sided bound for the sample correlation at a lag of independent uniform values.

    With centred uniform ``c`` (variance 1/12) and the pairs ``(i, j)`` of a lag, let
    ``r = Σ c_i c_j / (pairs/12)``. The sum is linear in each c and c is strictly
    sub-Gaussian, so replacing every c by a normal of the same variance only enlarges the
    moment generating function; for normals on a union of paths with m edges
    it is at most ``((1 + √(1−4s²))/2)^{−m/2}`` (the determinant of a tridiagonal matrix).
    The tilt ``s = r/(1+r²)`` gives ``P ≤ 2 exp(−m [r²/(1+r²) − ½ log(1+r²)])`` for
    |r| ≤ 1: rigorous for every m, and equal to the normal tail for small r.
    """
    if pairs == 0:
        return 1.0
    squared = bounds.at_most_one(abs(correlation)) ** 2
    return bounds.at_most_one(2 * math.exp(-pairs * _exponent(squared)))


def cyclic(correlation: float, pairs: int) -> float:
    """Two-sided bound for the sample correlation of independent values along cycles.

    As in `serial`, for strictly sub-Gaussian values of one variance whose pairs make
    cycles of 1,021 values or more. Normals on a cycle of k values have ``E e^{sΣ gg'} =
    (1+ρ²)^{k/2} / (1−ρ^k)`` at ``s = ρ/(1+ρ²)``, the determinant of a circulant matrix. With
    ρ = |r|, but ½ at most, the last factor is below 1 + 2^-1020: those of all cycles of any sample
    add less than 1e-12 of the bound.
    """
    if pairs == 0:
        return 1.0
    size = bounds.at_most_one(abs(correlation))
    tilt = float(np.minimum(0.5, size))
    beyond = (size - tilt) * tilt / (1 + tilt**2)
    exponent = _exponent(tilt**2) + beyond
    return bounds.at_most_one(2 * (1 + 1e-12) * math.exp(-pairs * exponent))


def _exponent(squared: float) -> float:
    return (bounds.log_departure(squared) + squared * (1 - squared) / (1 + squared)) / 2


def threshold(pairs: int, level: float = ALPHA) -> float:
    """The correlation that `serial` puts at `level`; infinite if none is."""
    wanted = math.log(2 / level) / pairs
    if _exponent(1.0) < wanted:
        return math.inf
    return math.sqrt(bounds.solved(_exponent, wanted, 1.0))


def detectable(pairs: int, level: float = ALPHA) -> float:
    """The correlation r that `serial` finds with power 0.999; infinite if none is.

    Bartlett 1946: the mean product of ``m`` neighbours in a normal sequence whose correlations are
    r, r², r³, … has the variance ``(1 + r² + 4r²/(1−r²))/m``. Uniform values have a smaller one.
    """
    alarm = size = threshold(pairs, level)
    for _ in range(100):
        if size >= 1:
            return math.inf
        squared = size**2
        variance = (1 + squared + 4 * squared / (1 - squared)) / pairs
        last, size = size, alarm + POWER_Z * math.sqrt(variance)
        if size <= last * (1 + 1e-12):
            break
    return size
