"""The shape of the law: histogram of the transforms, and the distance of a sorted sample."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from verify.checks import bounds, count_bounds
from verify.checks.bounds import ALPHA, INTERVAL_Z, POWER_Z
from verify.checks.finding import Detectable, Effect
from verify.checks.statistics.base import Counts, Floats, Statistic
from verify.checks.statistics.decision import Decision, Told, decided

BINS = 4096
"""Bins of the histogram of probability-integral transforms."""

TAIL = 2.0**-14
"""Tails are counted beyond this quantile: 3.84 standard deviations of a normal."""

_WHOLE = "distribution"
_CHI_SQUARE_BINS = 64
_CHI_SQUARE_FROM = _CHI_SQUARE_BINS << 14
_COMPONENTS = (
    "location", "spread", "skewness", "kurtosis",
    "fifth component", "sixth component", "seventh component", "eighth component",
)  # fmt: skip
_LEGENDRE = len(_COMPONENTS)


@dataclass(frozen=True, eq=False)
class Histogram(Statistic):
    """Counts of the probability-integral transforms in 4096 equal bins, and of both tails."""

    counts: Counts
    tails: Counts
    """Values below quantile `TAIL` and above 1 − `TAIL`."""
    resolution: float
    """The largest displacement of the cdf by one lattice step among the merged samples."""

    kind = "histogram"

    def merge(self, other: Self) -> Self:  # noqa: D102
        resolution = max(self.resolution, other.resolution)
        return type(self)(self.counts + other.counts, self.tails + other.tails, resolution)

    @property
    def n(self) -> int:
        """Number of values."""
        return int(self.counts.sum())

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        if self.n == 0:
            return []
        decisions = [self._kolmogorov_smirnov, self._legendre, self._tails]
        if self.n >= _CHI_SQUARE_FROM:
            decisions.append(self._chi_square)
        if name == _WHOLE:
            return [decision(level) for decision in decisions]
        share = level / len(decisions)
        return [_summed_up(name, [decision(share) for decision in decisions], level)]

    def _kolmogorov_smirnov(self, level: float) -> Decision:
        """KS by DKW on the bin edges, a lower bound of the sample's own distance.

        A jump inside a bin may hide up to one bin's width from the grid.
        """
        grid = np.arange(1, BINS) / BINS
        deviation = np.cumsum(self.counts)[:-1] / self.n - grid
        worst = int(np.abs(deviation).argmax())
        return _by_distance(
            float(abs(deviation[worst])),
            self.n,
            self.resolution,
            bounds.dkw,
            level,
            where=float(grid[worst]),
            hidden=1 / BINS,
        )

    def _legendre(self, level: float) -> Decision:
        """Components 1 to 8 of Neyman's smooth test, each scored by bin averages."""
        means = _LEGENDRE_SCORES @ self.counts / self.n
        p_values = _mean_bounds(means, self.n, self.resolution)
        p_value = bounds.at_most_one(_LEGENDRE * float(np.min(p_values)))
        worst = int(np.argmin(p_values))
        return decided(
            "legendre",
            p_value,
            self.n,
            lambda: Told(
                f"the {_COMPONENTS[worst]} of F(x) is off by {means[worst]:+.3g}",
                self._spread(float(means[1])),
                Detectable(
                    "spread", _spread_detectable(self.n, self.resolution, level), "relative"
                ),
            ),
            level=level,
            resolution=self.resolution,
            place=_COMPONENTS[worst],
        )

    def _spread(self, second: float) -> Effect:
        """Standard deviation of the transform relative to that of a uniform."""

        def spread(component: float) -> float:
            return math.sqrt(max(0.0, 1 + 2 * component / math.sqrt(5)))

        half = INTERVAL_Z / math.sqrt(self.n)
        return Effect(
            "spread of F(x)", spread(second), spread(second - half), spread(second + half), "× law"
        )

    def _tails(self, level: float) -> Decision:
        expected, most = self.n * TAIL, self.n * (TAIL + self.resolution)
        p_values = [
            count_bounds.binomial(int(count), self.n, TAIL, self.resolution) for count in self.tails
        ]
        worst = int(np.argmin(p_values))
        count, half = int(self.tails[worst]), INTERVAL_Z * math.sqrt(expected)
        side = ("lower", "upper")[worst]
        return decided(
            "tails",
            bounds.at_most_one(2 * p_values[worst]),
            self.n,
            lambda: Told(
                f"{count} values in the {side} tail where {expected:.1f} are expected",
                Effect(
                    f"{side} tail mass",
                    count / expected,
                    max(0.0, (count - half) / expected),
                    (count + half) / expected,
                    "× law",
                ),
                Detectable(
                    "tail mass",
                    (1 + count_bounds.count_detectable(most, level / 4)) * most / expected - 1,
                    "relative",
                ),
            ),
            level=level,
            resolution=self.resolution,
            place=f"{side} tail",
        )

    def _chi_square(self, level: float) -> Decision:
        statistic, p_value = bounds.chi_square(self.counts, _CHI_SQUARE_BINS, self.resolution)
        degrees = _CHI_SQUARE_BINS - 1
        allowance = bounds.chi_square_allowance(self.n, _CHI_SQUARE_BINS, self.resolution)
        return decided(
            "chi_square",
            p_value,
            self.n,
            lambda: Told(f"{statistic:.1f} on {degrees} degrees of freedom"),
            level=level,
            resolution=self.resolution,
            bound=allowance > bounds.NEGLIGIBLE,
        )


def _legendre_scores() -> Floats:
    """Averages over each bin of the orthonormal shifted Legendre polynomials 1 to 8."""
    edges = np.linspace(-1, 1, BINS + 1)
    polynomials = (np.polynomial.Legendre.basis(k) for k in range(1, _LEGENDRE + 1))
    integrals = [np.diff(p.integ()(edges)) * BINS / 2 for p in polynomials]
    norms = np.sqrt(2 * np.arange(1, _LEGENDRE + 1) + 1)
    return np.stack(integrals) * norms[:, None]


_LEGENDRE_SCORES = _legendre_scores()
_LEGENDRE_VARIANCE = np.square(_LEGENDRE_SCORES).mean(axis=1)
_LEGENDRE_LARGEST = np.abs(_LEGENDRE_SCORES).max(axis=1)
_LEGENDRE_VARIATION = np.abs(np.diff(_LEGENDRE_SCORES)).sum(axis=1)


def _mean_bounds(means: Floats, n: int, resolution: float) -> Floats:
    """The sharp bounds, or cheap ones where nothing hangs on them."""
    cheap = bounds.bernstein_mean(
        means, _LEGENDRE_VARIANCE, _LEGENDRE_LARGEST, _LEGENDRE_VARIATION, n, resolution
    )
    any_number = bounds.hoeffding_mean(means, _LEGENDRE_LARGEST, _LEGENDRE_VARIATION, n, resolution)
    cheap = np.fmin(cheap, any_number)
    if float(np.min(cheap)) > bounds.CALM:
        return cheap
    return bounds.chernoff_mean(means, _LEGENDRE_SCORES, n, resolution)


@functools.cache
def _spread_rates() -> tuple[Floats, Floats]:
    """Logarithms of means of component 2 and of their Chernoff rates."""
    means = np.geomspace(1e-6, 1.0, 200)
    # The direction that is harder to see decides.
    rates = [bounds.chernoff_exponent(sign * means, _LEGENDRE_SCORES[1]) for sign in (-1, 1)]
    return np.log(means), np.log(np.minimum(*rates))


def _spread_detectable(n: int, resolution: float, level: float) -> float:
    """Relative error of the transform's spread that the components find with power 0.999.

    A lattice takes `resolution` times the total variation of ``e^{tX}`` off the rate, which is
    that of tX, for tilts near the mean of X: the mean has to be larger by twice their quotient.
    """
    means, rates = _spread_rates()
    wanted = math.log(math.log(2 * _LEGENDRE / level) / n)
    component = math.exp(np.interp(wanted, rates, means, right=math.inf))
    component += 2 * resolution * float(np.abs(np.diff(_LEGENDRE_SCORES[1])).sum())
    return math.sqrt(1 + 2 * component / math.sqrt(5)) - 1 + POWER_Z / math.sqrt(5 * n)


def _summed_up(name: str, decisions: list[Decision], level: float) -> Decision:
    """One decision for a distribution that is not the cell's own: the worst of several."""
    p_values = [math.nan if d.p_value is None else d.p_value for d in decisions]
    worst = decisions[int(np.argmin(p_values))]
    p_value = bounds.at_most_one(len(decisions) * float(np.min(p_values)))

    def tell() -> Told:
        found = worst.finding()
        return Told(found.message, found.effect, found.detectable)

    return decided(name, p_value, worst.n, tell, level=level, place=worst.place)


@dataclass(frozen=True, eq=False)
class Kolmogorov(Statistic):
    """The KS distance of one sorted sample (it does not add up)."""

    n: int
    distance: float
    resolution: float

    kind = "kolmogorov"

    @property
    def pools(self) -> bool:  # noqa: D102
        return False

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        return [
            _by_distance(
                self.distance, self.n, self.resolution, bounds.kolmogorov, level, check=name
            )
        ]


def _by_distance(
    distance: float,
    n: int,
    resolution: float,
    p_value: Callable[[float, int], float],
    level: float,
    where: float | None = None,
    hidden: float = 0.0,
    check: str = "kolmogorov_smirnov",
) -> Decision:
    place = "" if where is None else f" at quantile {where:.3f}"
    band = bounds.dkw_band(n, 2 * bounds.POWER_MISS)
    return decided(
        check,
        p_value(float(np.maximum(0.0, distance - resolution)), n),
        n,
        lambda: Told(
            f"distance {distance:.3g}{place}",
            Effect("KS distance", distance, max(0.0, distance - band), min(1.0, distance + band)),
            Detectable("KS distance", bounds.ks_detectable(n, resolution + hidden, level)),
        ),
        level=level,
        resolution=resolution,
    )
