"""P-values of counts that hold in the far tail: each is exact, or a bound for every number.

Counts of rare events, of a known probability, and of a probability that is known within limits.
What is NaN stays NaN: it fails.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import special

from verify.checks.bounds import (
    ALPHA,
    POWER_MISS,
    Floats,
    at_most_one,
    chi_square_tails,
    log_departure,
    solved,
)

Holds = npt.NDArray[np.bool_]


def rare(count: int, rate: float) -> float:
    """Bound on P(W ≥ `count`) for a sum of indicators of total conditional mean ≤ `rate`.

    Chernoff's bound ``e^{−λ}(eλ/w)^w``, which dominates every sum of indicators whose
    conditional probabilities, given the past, add up to at most λ.
    """
    if count <= rate:
        return 1.0
    if rate == 0:
        return 0.0
    return at_most_one(math.exp(-rate * _rare_exponent((count - rate) / rate)))


def scarce(count: int, rate: float) -> float:
    """Bound on P(W ≤ `count`) for a sum of negatively associated indicators of mean ≥ `rate`.

    Chernoff's bound ``e^{−λ}(eλ/w)^w`` again, for the moment generating function of such a sum is
    at most the product of its parts' (Joag-Dev & Proschan 1983; Dubhashi & Ranjan 1998).
    """
    if count >= rate:
        return 1.0
    return at_most_one(math.exp(-rate * _rare_exponent((count - rate) / rate)))


def _rare_exponent(d: float) -> float:
    """``(1+d) log(1+d) − d``, the rate at which a Poisson count exceeds its mean 1+d times."""
    return d * math.log1p(d) - log_departure(d) if d > -1 else 1.0


def rare_threshold(rate: float, level: float = ALPHA) -> int:
    """The smallest count that `rare` puts below `level`."""
    if rate <= level / math.e:  # Then one is enough; of much smaller rates the rest would overflow.
        return 1
    wanted = -math.log(level) / rate
    # Bernstein's bound is the larger, and its quantile is known.
    high = wanted / 3 + math.sqrt(wanted**2 / 9 + 2 * wanted)
    return math.ceil(rate + rate * solved(_rare_exponent, wanted, 1.01 * high))


def rare_detectable(rate: float, n: int, level: float = ALPHA) -> float:
    """Expected count, of `n` at most, that `rare` finds with power 0.999.

    For a Poisson count. A sum of independent indicators of the same mean is less spread (Hoeffding
    1956), and found more often; if all n happen they are found for certain.
    """
    if not rate <= n or (threshold := rare_threshold(rate, level)) > n:
        return math.inf
    return min(float(n), _found_mean(threshold))


def binomial(count: int, n: int, probability: float, resolution: float = 0.0) -> float:
    """Two-sided binomial p-value: exact, or the largest within `resolution` of `probability`.

    Both tails are regularised incomplete beta functions (DLMF 8.17.5).
    """
    least = np.maximum(0.0, probability - resolution)
    most = np.minimum(1.0, probability + resolution)
    below = special.betaincc(count + 1, n - count, least) if count < n else 1.0
    above = special.betainc(count, n - count + 1, most) if count > 0 else 1.0
    return at_most_one(2 * float(np.minimum(below, above)))


def share(count: int, n: int, least: float, most: float) -> float:
    """Bound for `count` of `n` independent events whose mean number is `least` to `most`.

    Their probabilities may differ: by the inequality of the means the moment generating function is
    at most that of a binomial variable of the mean probability (Hoeffding 1963, theorem 1). So
    ``exp(−n·KL(count/n ‖ p))`` bounds either tail, with p the nearest probability.
    """
    seen = count / n
    nearest = float(np.clip(seen, least / n, most / n))  # A NaN stays one.
    return at_most_one(math.exp(-n * float(_divergence(seen, nearest))))


def share_detectable(n: int, most: float | Floats, tests: int, level: float = ALPHA) -> float:
    """Excess over the share ``most/n`` that `share` finds with power 0.999, wherever it is.

    The largest over all of `most`, where the smallest p-value of `tests` decides.
    """
    lawful, miss = np.unique(most) / n, -math.log(POWER_MISS) / n
    wanted = math.log(2 * tests / level) / n
    alarm = _first(lambda x: _divergence(x, lawful) >= wanted, lawful)
    return float((_first(lambda x: _divergence(alarm, x) >= miss, alarm) - lawful).max())


def _first(reached: Callable[[Floats], Holds], low: Floats) -> Floats:
    """The smallest shares above `low` that are far enough; infinite where none is."""
    high = np.ones_like(low)
    some = (low < high) & reached(high)
    for _ in range(50):
        middle = (low + high) / 2
        near = reached(middle)
        low, high = np.where(near, low, middle), np.where(near, middle, high)
    return np.where(some, high, math.inf)


def _divergence(seen: float | Floats, p: float | Floats) -> Floats:
    """Relative entropy of two coins; infinite where the second cannot show the first."""
    entropy: Floats = special.rel_entr(seen, p) + special.rel_entr(1 - seen, 1 - p)
    return entropy


def count_detectable(expected: float, level: float = ALPHA) -> float:
    """Relative excess over `expected` that a Poisson test at `level` finds with power 0.999.

    A count of k at least is as likely as chi-square on 2k degrees below twice the mean. The
    smallest k at `level` is sought below that of `rare`, a bound. No inverse is: ``1 - level`` is 1
    for the levels of late looks at a pool, and the library's lower tail is wrong for large k.
    """
    counts = range(1, rare_threshold(expected, level))
    alarm = 1 + bisect.bisect_left(
        counts, True, key=lambda k: chi_square_tails(2 * expected, 2 * k)[0] <= level
    )
    return _found_mean(alarm) / expected - 1


def _found_mean(threshold: int) -> float:
    """The mean at which a Poisson count is `threshold` at least with probability 0.999."""
    return float(special.gammaincinv(threshold, 1 - POWER_MISS))
