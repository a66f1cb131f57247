"""P-values that hold in the far tail.

A run decides at α = 1e-12 tens of thousands of times, so every p-value must be right
*there*: each function is either exact or a rigorous upper bound for every sample size,
unless its docstring states the size of its error.

Of the library's functions, the normal, binomial and Kolmogorov tails and chi-square's upper one
agree with sums and integrals in many digits to 1e-10 for up to 2^40 values, and chi-square's lower
one below 2^20 degrees. What is NaN stays NaN: it fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

ALPHA = 1e-12
"""Level of a single decision."""

POWER_MISS = 1e-3
"""Probability of missing an error of the size that a check calls detectable."""

POWER_Z = 3.0902
"""Standard errors that an estimate exceeds with probability 0.999 from above its mean."""

INTERVAL_Z = float(-special.ndtri(5e-4))
"""Half-width, in standard errors, of the 99.9 % intervals shown beside effects."""

NEGLIGIBLE = 2e-3
"""Standard errors that may be taken off for a lattice, and leave the p-value uniform.

The distribution function of the p-value moves by ``2φ(0)``, 0.8, of that at most.
"""

Floats = npt.NDArray[np.float64]

_EXACT_KS_BELOW = 1 << 16

_FEW = 64
"""Up to so many values the exact Kolmogorov law is soon computed, and far below its bound."""

CALM = 0.01
"""A p-value above which a bound says as much as the p-value itself."""

_CLOSE = 1e-6
"""Bounds on a mean may be this much larger than the best, relatively."""

_EXACT_CHI_SQUARE_BELOW = 1 << 20


def at_most_one(p_value: float) -> float:
    """A bound as a p-value. NaN stays NaN, where the built-in `min` would make it a pass."""
    return float(np.minimum(1.0, p_value))


def kolmogorov(distance: float, n: int) -> float:
    """P(D_n ≥ `distance`): exact up to 2^16 values where it is small, a bound elsewhere.

    Source: Simard & L'Ecuyer 2011 (``scipy.stats.kstwo``); Massart 1990 for the constant
    of the bound ``2 exp(−2nD²)``, which holds for every law, continuous or not. Where that is above
    1 % nothing hangs on it, and the exact one costs as much as a small sample does.
    """
    bound = dkw(distance, n)
    if n >= _EXACT_KS_BELOW or (n > _FEW and bound > CALM):
        return bound
    return float(stats.kstwo.sf(distance, n))


def dkw(distance: float, n: int) -> float:
    """Dvoretzky–Kiefer–Wolfowitz–Massart bound on P(D_n ≥ `distance`)."""
    return at_most_one(2 * math.exp(-2 * n * distance * distance))


def dkw_band(n: int, level: float = ALPHA) -> float:
    """Half-width of the simultaneous band around an empirical cdf of `n` values."""
    return math.sqrt(math.log(2 / level) / (2 * n))


def ks_detectable(n: int, resolution: float, level: float = ALPHA) -> float:
    """KS distance that `dkw` finds with power 0.999 though the lattice may take `resolution`.

    The distance 1 is found whenever any is, for then every sample's own is 1.
    """
    alarm = dkw_band(n, level) + resolution
    return min(1.0, alarm + dkw_band(n, 2 * POWER_MISS)) if alarm < 1 else math.inf


def normal_mean(total: float, n: int) -> float:
    """Two-sided p-value of the sum of `n` independent standard normals (exact)."""
    return float(2 * special.ndtr(-abs(total) / math.sqrt(n)))


def normal_scale(sum_of_squares: float, n: int) -> float:
    """Two-sided p-value of a sum of `n` squared standard normals: chi-square on n degrees."""
    return at_most_one(2 * float(np.minimum(*chi_square_tails(sum_of_squares, n))))


def chi_square_tails(x: float, n: int) -> tuple[float, float]:
    """P(X ≤ `x`) and P(X ≥ `x`) of chi-square X on `n` degrees of freedom.

    Exact below 2^20 degrees. From there on scipy's series for the lower tail stops before it has
    converged (at 2^28 degrees a tail of 5e-13 is 28 % too small), so that both tails are Lugannani
    & Rice's 1980. With ``d = x/n − 1``, ``w² = n(d − log(1+d))`` and ``u = d√(n/2)`` the upper one
    is ``Q(w) + φ(w)(1/u − 1/w)``, the first term of Temme's uniform expansion (1979). The second
    term is 0.002 (n/2)^−1.5 of φ: less than 1e-10 of the tail within 10 σ.
    """
    if n < _EXACT_CHI_SQUARE_BELOW:
        return float(special.chdtr(n, x)), float(special.chdtrc(n, x))
    d = (x - n) / n
    eta = math.copysign(math.sqrt(2 * log_departure(d)), d)
    w = eta * math.sqrt(n / 2)
    if not math.isfinite(w):
        return float(special.ndtr(w)), float(special.ndtr(-w))
    # At its removable singularity the difference is ``−1/3 + d/12``.
    between = 1 / d - 1 / eta if abs(d) > 1e-6 else d / 12 - 1 / 3
    more = math.exp(-(w**2) / 2) / math.sqrt(math.pi * n) * between
    return float(special.ndtr(w)) - more, float(special.ndtr(-w)) + more


def log_departure(d: float) -> float:
    """``d − log(1 + d)`` to all digits: d²/2 for small d, infinite from −1 down.

    With ``r = d/(2+d)`` is ``log(1+d) = 2(r + r³/3 + r⁵/5 + …)`` and ``d − 2r = dr``.
    """
    if d <= -1 or d == math.inf:
        return math.inf
    if abs(d) > 0.25:
        return d - math.log1p(d)
    r = d / (2 + d)
    tail = sum(r ** (2 * k) / (2 * k + 3) for k in range(8))
    return r * (d - 2 * r**2 * tail)


def solved(increasing: Callable[[float], float], wanted: float, high: float) -> float:
    """Where a function that increases from 0 takes the value `wanted`, at most at `high`."""
    found = optimize.brentq(lambda x: increasing(x) - wanted, 0.0, high, xtol=1e-300, maxiter=500)
    return float(found)


def normal_displacement(resolution: float) -> tuple[float, float]:
    """How far the mean of z and of z² may be from a normal's, if the cdf is off by `resolution`.

    ``|E f(z') − E f(z)| ≤ ∫ |f'|·|F' − F|``, and the difference is at most ``min(δ, Q(|x|))`` with
    Q the normal's tail, for no lawful tail is heavier. With ``Q(q) = δ`` that is ``2φ(q)`` for z
    and ``2(qφ(q) + δ)`` for z². The same integral for z⁴ bounds what becomes of the sums' standard
    deviations: they change by less than 0.1 % at δ = 2^-18, which moves a p-value of 1e-12 by
    5 % at most, and by less than 0.02 % in float32, 1 %.
    """
    if resolution <= 0:
        return 0.0, 0.0
    tail = float(np.minimum(0.5, resolution))
    q = -float(special.ndtri(tail))
    density = math.exp(-(q**2) / 2) / math.sqrt(2 * math.pi)
    return 2 * density, 2 * (q * density + tail)


def sub_gaussian_mean(total: float, n: int) -> float:
    """Two-sided bound for a sum of `n` such values as `sub_gaussian_scale` speaks of (Chernoff)."""
    return at_most_one(2 * math.exp(-total * total / (2 * n)))


def sub_gaussian_scale(sum_of_squares: float, n: int) -> float:
    """Two-sided bound for a sum of `n` squares of strictly sub-Gaussian values of variance 1.

    The values may depend on those before, as long as given these they have mean 0, variance 1,
    ``E e^{ty} ≤ e^{t²/2}`` and ``E y⁴ ≤ 3``. Upwards, ``E e^{λy²} ≤ (1−2λ)^{−1/2}`` (average
    ``e^{√(2λ)gy}`` over a normal g), so that with x the mean square the best λ gives the tail of
    chi-square, ``exp(−n(x − 1 − log x)/2)``. Downwards, ``E e^{−λy²} ≤ 1 − λ + 3λ²/2`` and
    λ = (1−x)/3 give ``exp(−n(1−x)²/6)``.
    """
    d = (sum_of_squares - n) / n
    exponent = log_departure(d) / 2 if d > 0 else d**2 / 6
    return at_most_one(2 * math.exp(-n * exponent))


def sub_gaussian_scale_detectable(n: int, level: float = ALPHA) -> float:
    """Relative excess of the scale that `sub_gaussian_scale` finds with power 0.999."""
    wanted = 2 * math.log(2 / level) / n
    # A sub-gamma variable of scale 1 has heavier tails, and its quantile is known (`sub_gamma`).
    alarm = solved(log_departure, wanted, 2 * (wanted + math.sqrt(2 * wanted)))
    short = math.sqrt(-6 * math.log(POWER_MISS) / n)
    if short >= 1:
        return math.inf
    return math.expm1((math.log1p(alarm) - math.log1p(-short)) / 2)


def scale_detectable(n: int, level: float = ALPHA, moved: float = 0.0) -> float:
    """Relative excess of a normal's scale that `normal_scale` finds with power 0.999.

    Though the mean square must be beyond chance by more than `moved`.
    """
    alarm, seen = special.chdtri(n, level / 2), special.chdtri(n, 1 - POWER_MISS)
    return math.sqrt((alarm + n * moved) / seen) - 1


def chi_square(
    counts: npt.NDArray[np.int64], bins: int, resolution: float = 0.0
) -> tuple[float, float]:
    """Pearson's statistic of equiprobable counts, regrouped to `bins`, and its two-sided p-value.

    Meant for 2^14 expected values per bin or more: under equiprobable bins the cumulants
    of the statistic differ from chi-square's by terms of order ``bins²/n`` (Haldane 1937),
    0.4 % at 64 bins and 2^20 values, so the p-value at 1e-12 is right to a few per cent. So is the
    lower tail, of counts that are too even: near the mean Stirling's formula takes less than
    ``bins²/(12n)`` off the multinomial probabilities, and at 1e-12 the ball of counts has a radius
    of 500, so that its volume counts the points in it.

    A lattice that moves the cdf by `resolution` δ changes each bin's probability by 2δ at most. Let
    X be the statistic about the bins' own probabilities. Then by the triangle inequality the
    root of the statistic is within ``√λ`` of ``√(c·X)``, with ``λ = n·bins·Σ(2δ)²`` and c within
    ``2·bins·δ`` of 1.
    """
    grouped = counts.reshape(bins, -1).sum(axis=1)
    n, share = float(grouped.sum()), 2 * bins * resolution
    statistic = float(((grouped - n / bins) ** 2 / (n / bins)).sum())
    roots = math.sqrt(statistic) + np.array([-1, 1]) * share * math.sqrt(n)
    least, most = np.maximum(0.0, roots) ** 2 / np.array([1 + share, max(1e-9, 1 - share)])
    tails = special.chdtrc(bins - 1, least), special.chdtr(bins - 1, most)
    return statistic, at_most_one(2 * float(np.minimum(*tails)))


def chi_square_allowance(n: int, bins: int, resolution: float) -> float:
    """What `chi_square` takes off for the lattice, in standard deviations of the statistic.

    Of ``√X`` that is ``s = 2·bins·δ·√n``: of X near its mean k ``2s√k``, and ``2·bins·δ·k``.
    The standard deviation of X is ``√(2k)``.
    """
    share = 2 * bins * resolution
    return share * (math.sqrt(2 * n) + math.sqrt((bins - 1) / 2))


def chernoff_mean(means: float | Floats, scores: Floats, n: int, resolution: float = 0.0) -> Floats:
    """Two-sided Cramér–Chernoff bounds for means of `n` draws from `scores`, one for each row.

    Each draw is one of a row's scores with equal probability (their mean is zero), but for what a
    lattice does that moves the cdf by `resolution`. Shapes as in `chernoff_exponent`.
    """
    p_values: Floats = 2 * np.exp(-n * chernoff_exponent(means, scores, resolution, _CLOSE / n))
    return p_values.clip(max=1.0)


def bernstein_mean(
    means: Floats, variance: Floats, largest: Floats, variation: Floats, n: int, resolution: float
) -> Floats:
    """Two-sided bounds for the same means, a little larger than `chernoff_mean` and far cheaper.

    A value of mean 0 and variance v within ±M has ``log E e^{tX} ≤ t²v / (2(1 − M|t|/3))``
    (Bernstein; Boucheron, Lugosi & Massart 2013, cor. 2.11); the tilt is ``mean/v``. Where that
    is 1/M or more the bound says nothing and is NaN. The total variation of ``e^{tX}`` is at most
    ``|t|e^{M|t|}`` times that of X.
    """
    tilt = np.abs(means) / variance
    near = tilt * largest < 1
    share = np.where(near, tilt * largest, 0.0)
    moved = resolution * tilt * variation * np.exp(share)
    rates = np.abs(means) * tilt - tilt**2 * variance / (2 * (1 - share / 3)) - moved
    p_values: Floats = 2 * np.exp(-n * rates.clip(min=0.0))
    return np.where(near, p_values.clip(max=1.0), math.nan)


def hoeffding_mean(
    means: Floats, largest: Floats, variation: Floats, n: int, resolution: float
) -> Floats:
    """Two-sided bounds for the same means that hold for any number of draws, however few.

    Values within ±M have ``P(|mean − E mean| ≥ s) ≤ 2 exp(−ns²/2M²)`` (Hoeffding 1963, theorem 2),
    and a lattice moves the expectation by `resolution` times the total variation at most.
    """
    beyond = (np.abs(means) - resolution * variation).clip(min=0.0)
    p_values: Floats = 2 * np.exp(-n / 2 * (beyond / largest) ** 2)
    return p_values.clip(max=1.0)


def chernoff_exponent(
    means: float | Floats, scores: Floats, resolution: float = 0.0, close: float = 0.0
) -> Floats:
    """Rates at which means of draws from `scores` avoid `means`, or a little less.

    `means` and rates have the shape ``(...)``, `scores` ``(..., places)`` or ``(places,)``. Any
    tilt t gives a valid rate ``t·m − log E e^{tX}``; a few Newton steps find the best. If the
    cdf over the scores' places is off by `resolution`, the expectation is off by that times the
    total variation of ``e^{tX}`` at most (summation by parts). Of NaN the rate is NaN. What is
    `close` to the best rate is good enough: a step s from the best tilt costs s²/2 variances.
    """
    squares, means = scores**2, np.asarray(means)
    limit = 500 / np.abs(scores).max(axis=-1)  # Beyond, floats may overflow.
    tilt = np.clip(means / squares.mean(axis=-1), -limit, limit)
    rates = np.zeros(tilt.shape)
    for _ in range(4):
        weights = np.exp(tilt[..., None] * scores)
        total = weights.mean(axis=-1)
        moved = resolution * np.abs(np.diff(weights)).sum(axis=-1)
        rates = np.maximum(rates, tilt * means - np.log(total + moved))
        weights /= weights.sum(axis=-1, keepdims=True)
        tilted = np.einsum("...i,...i->...", weights, scores)
        variance = np.einsum("...i,...i->...", weights, squares) - tilted**2
        step = np.where(variance > 0, means - tilted, 0) / np.where(variance > 0, variance, 1)
        if ((np.abs(step) <= 1e-7 * np.abs(tilt)) | (variance * step**2 <= close)).all():
            break
        tilt = np.clip(tilt + step, -limit, limit)
    return rates


def sub_gaussian(standard_errors: Floats) -> float:
    """Two-sided bound for the largest of several sums, each in units of its proxy.

    ``P(|S| ≥ s) ≤ 2 exp(−s²/2V)`` when ``E e^{tS} ≤ e^{t²V/2}``, times the number of sums
    (Bonferroni); `standard_errors` holds ``S/√V``. A uniform variable is strictly
    sub-Gaussian: its proxy is its variance; a variable bounded in an interval of length L
    has the proxy L²/4 (Hoeffding 1963).
    """
    largest = float(np.abs(standard_errors).max())
    exponent = largest * largest / 2  # Infinite where a power would overflow.
    return at_most_one(2 * standard_errors.size * math.exp(-exponent))


def sub_gamma(excess: float, variance: float, scale: float) -> float:
    """Two-sided bound for a sum that is sub-gamma about its mean, and off it by `excess`.

    From ``log E e^{tS} ≤ t²V / (2(1 − c|t|))`` follows ``P(|S| ≥ s) ≤ 2 exp(−V/c²·h(cs/V))`` with
    ``h(u) = 1 + u − √(1+2u)`` (Boucheron, Lugosi & Massart 2013, sec. 2.4), written so that it
    loses no digits. With c = 0 the sum is sub-Gaussian with the proxy V.
    """
    if excess == 0:
        return 1.0
    exponent = float(sub_gamma_exponent(excess, variance, scale))
    return at_most_one(2 * math.exp(-exponent))


def sub_gamma_exponent(excess: float | Floats, variance: float | Floats, scale: float) -> Floats:
    """``V/c²·h(c|s|/V)`` of `sub_gamma`, for each of several sums."""
    u = scale * np.abs(excess) / variance
    exponent: Floats = excess * (excess / variance) / (1 + u + np.sqrt(1 + 2 * u))
    return exponent


def sub_gamma_quantile(variance: float, scale: float, level: float) -> float:
    """The excess that `sub_gamma` puts at `level`."""
    wanted = math.log(2 / level)
    return math.sqrt(2 * variance * wanted) + scale * wanted


def no_outlier(u: float, n: int) -> float:
    """P(the smallest of `n` independent uniforms ≤ `u`): small for a value too far out."""
    return -math.expm1(n * _log_miss(u))


def no_gap(u: float, n: int) -> float:
    """P(the smallest of `n` independent uniforms ≥ `u`): small for an empty end."""
    return math.exp(n * _log_miss(u))


def _log_miss(u: float) -> float:
    return math.log1p(-min(u, 1 - 1e-16))
