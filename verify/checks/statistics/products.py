"""Products of two draws: their mean and their variance, if the draws are independent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from verify.checks import bounds
from verify.checks.bounds import ALPHA, INTERVAL_Z, POWER_MISS
from verify.checks.finding import Detectable, Effect
from verify.checks.statistics.base import Statistic, separation
from verify.checks.statistics.decision import Decision, Told, decided


@dataclass(frozen=True, eq=False)
class Products(Statistic):
    """Sums over pairs (x, y), both in units of their standard deviations.

    Given every x, the products are sums over independent y alone. ``Σ xy`` is sub-Gaussian with
    the proxy ``Σ x²``; ``Σ x²y²`` has the mean ``Σ x²`` and is sub-gamma about it. What is left,
    whether ``Σ x²`` is what the law of x says, is sub-gamma too. None of it is an approximation.
    """

    n: int
    total: float
    """``Σ xy``, and ``Σ x²y²``."""
    squares: float
    given: float
    """``Σ x²``; how it is spread about n, and the scale of its tail."""
    given_variance: float
    given_scale: float
    variance: float
    """How ``Σ x²y²`` is spread about ``Σ x²``, given every x, and the scale of its tail."""
    scale: float

    kind = "products"

    def merge(self, other: Self) -> Self:  # noqa: D102
        return type(self)(
            self.n + other.n,
            self.total + other.total,
            self.squares + other.squares,
            self.given + other.given,
            self.given_variance + other.given_variance,
            float(np.maximum(self.given_scale, other.given_scale)),
            self.variance + other.variance,
            float(np.maximum(self.scale, other.scale)),
        )

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        return [self._mean(level), self._variance(level)] if self.n else []

    def _mean(self, level: float) -> Decision:
        """``E(XY) = 0``."""
        correlation, error = self.total / self.n, math.sqrt(self.given) / self.n
        half = INTERVAL_Z * error
        return decided(
            "product_mean",
            bounds.sub_gamma(self.total, self.given, 0.0),
            self.n,
            lambda: Told(
                f"the draws have the correlation {correlation:+.3g}",
                Effect(
                    "correlation of the draws", correlation, correlation - half, correlation + half
                ),
                Detectable("correlation", separation(level=level) * error),
            ),
            level=level,
        )

    def _variance(self, level: float) -> Decision:
        """``D(XY) = D(X)D(Y)``, in two steps of half the level each: all x, then y given them."""
        first = bounds.sub_gamma(self.given - self.n, self.given_variance, self.given_scale)
        second = bounds.sub_gamma(self.squares - self.given, self.variance, self.scale)
        ratio, half = self.squares / self.n, INTERVAL_Z * math.sqrt(self._spread) / self.n
        own = self.given / self.n
        return decided(
            "product_variance",
            bounds.at_most_one(2 * float(np.minimum(first, second))),
            self.n,
            lambda: Told(
                f"the products have {ratio:.4g}× the variance that the laws of the draws give "
                f"them, the first draw has {own:.4g}× its own",
                Effect("D(XY)", ratio, ratio - half, ratio + half, "× D(X)·D(Y)"),
                Detectable("D(XY)", self._detectable(level), "relative"),
            ),
            level=level,
        )

    @property
    def _spread(self) -> float:
        """The variance of ``Σ x²y²``."""
        return self.given_variance + self.variance

    def _detectable(self, level: float) -> float:
        """Relative excess of D(Y), and so of D(XY), that is found with power 0.999."""
        alarm = bounds.sub_gamma_quantile(self.variance, self.scale, level / 2)
        short = bounds.sub_gamma_quantile(self.variance, self.scale, 2 * POWER_MISS)
        return (alarm + short) / (self.given - short) if self.given > short else math.inf
