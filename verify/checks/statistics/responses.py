"""Sums of values of unit variance that are known to be sub-Gaussian, and nothing more."""

from __future__ import annotations

import math
from dataclasses import dataclass

from verify.checks import bounds
from verify.checks.bounds import INTERVAL_Z
from verify.checks.finding import Detectable, Effect, Finding
from verify.checks.statistics.base import Statistic, decided, separation


@dataclass(frozen=True, eq=False)
class SubGaussianMoments(Statistic):
    """Sum and sum of squares of strictly sub-Gaussian values of fourth moment at most 3."""

    n: int
    total: float
    squares: float

    kind = "sub_gaussian_moments"

    def findings(self, name: str) -> list[Finding]:  # noqa: D102
        if self.n == 0:
            return []
        mean, scale = self.total / self.n, math.sqrt(self.squares / self.n)
        half_mean, half_scale = INTERVAL_Z / math.sqrt(self.n), INTERVAL_Z / math.sqrt(2 * self.n)
        low, high = scale / (1 + half_scale), scale / max(1e-9, 1 - half_scale)
        return [
            decided(
                "mean",
                bounds.at_most_one(2 * math.exp(-(self.total**2) / (2 * self.n))),
                self.n,
                detail=f"the mean is off by {mean:+.3g} standard deviations",
                effect=Effect("location", mean, mean - half_mean, mean + half_mean, "std"),
                detectable=Detectable("location", separation() / math.sqrt(self.n), "std"),
            ),
            decided(
                "scale",
                bounds.sub_gaussian_scale(self.squares, self.n),
                self.n,
                detail=f"the standard deviation is {scale:.4g}× the law's",
                effect=Effect("scale", scale, low, high, "× law"),
                detectable=Detectable(
                    "scale", bounds.sub_gaussian_scale_detectable(self.n), "relative"
                ),
            ),
        ]
