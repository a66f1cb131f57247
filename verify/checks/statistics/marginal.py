"""Sharp tests of one entry's law: a normal's moments, and the extremes of any law."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from verify.checks import bounds
from verify.checks.bounds import ALPHA, INTERVAL_Z
from verify.checks.finding import Detectable, Effect
from verify.checks.statistics.base import FINE, Floats, Statistic, separation
from verify.checks.statistics.decision import Decision, Told, decided


@dataclass(frozen=True, eq=False)
class NormalMoments(Statistic):
    """Sum and sum of squares of standardised normal values: the two exact tests."""

    n: int
    total: float
    squares: float
    resolution: float = 0.0
    """The largest displacement of the cdf by the lattice among the merged samples."""

    kind = "normal_moments"
    bound: ClassVar[bool] = False

    def merge(self, other: Self) -> Self:  # noqa: D102
        sums = self.n + other.n, self.total + other.total, self.squares + other.squares
        return type(self)(*sums, max(self.resolution, other.resolution))

    def mean_p_value(self) -> float:
        """The p-value of the sum, less what the lattice may have put into it."""
        moved, _ = bounds.normal_displacement(self.resolution)
        return bounds.normal_mean(float(np.maximum(0.0, abs(self.total) - self.n * moved)), self.n)

    def scale_p_value(self) -> float:
        """The p-value of the sum of squares, as near to its mean as the lattice may move it."""
        _, moved = bounds.normal_displacement(self.resolution)
        excess = self.squares - self.n
        least = math.copysign(float(np.maximum(0.0, abs(excess) - self.n * moved)), excess)
        return bounds.normal_scale(self.n + least, self.n)

    def detectable(self, level: float) -> float:
        """The relative excess of the scale that would have been found."""
        _, moved = bounds.normal_displacement(self.resolution)
        return bounds.scale_detectable(self.n, level, moved)

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        if self.n == 0:
            return []
        mean, scale = self.total / self.n, math.sqrt(self.squares / self.n)
        half_mean, half_scale = INTERVAL_Z / math.sqrt(self.n), INTERVAL_Z / math.sqrt(2 * self.n)
        moved, spread = bounds.normal_displacement(self.resolution)
        low, high = scale / (1 + half_scale), scale / max(1e-9, 1 - half_scale)
        return [
            decided(
                "mean",
                self.mean_p_value(),
                self.n,
                lambda: Told(
                    f"the mean is off by {mean:+.3g} standard deviations",
                    Effect("location", mean, mean - half_mean, mean + half_mean, "std"),
                    Detectable(
                        "location", separation(level=level) / math.sqrt(self.n) + moved, "std"
                    ),
                ),
                level=level,
                bound=self.bound or moved * math.sqrt(self.n) > bounds.NEGLIGIBLE,
            ),
            decided(
                "scale",
                self.scale_p_value(),
                self.n,
                lambda: Told(
                    f"the standard deviation is {scale:.4g}× the law's",
                    Effect("scale", scale, low, high, "× law"),
                    Detectable("scale", self.detectable(level), "relative"),
                ),
                level=level,
                bound=self.bound or spread * math.sqrt(self.n / 2) > bounds.NEGLIGIBLE,
            ),
        ]


@dataclass(frozen=True, eq=False)
class SubGaussianMoments(NormalMoments):
    """The same of strictly sub-Gaussian values of fourth moment at most 3: two bounds."""

    kind = "sub_gaussian_moments"
    bound = True

    def mean_p_value(self) -> float:  # noqa: D102
        return bounds.sub_gaussian_mean(self.total, self.n)

    def scale_p_value(self) -> float:  # noqa: D102
        return bounds.sub_gaussian_scale(self.squares, self.n)

    def detectable(self, level: float) -> float:  # noqa: D102
        return bounds.sub_gaussian_scale_detectable(self.n, level)


@dataclass(frozen=True, eq=False)
class Extremes(Statistic):
    """The smallest and the largest of `n` values, as tail probabilities on either side.

    A lawful value may have moved on the way to the dtype's lattice. Each extreme is therefore
    held twice, in the order (smallest, largest): moved inward, where only an outlier still
    looks improbable, and moved outward, where only a gap does.
    """

    n: int
    inward: Floats
    outward: Floats
    resolution: float

    kind = "extremes"

    @property
    def pools(self) -> bool:  # noqa: D102
        return self.resolution <= FINE

    def merge(self, other: Self) -> Self:  # noqa: D102
        return type(self)(
            self.n + other.n,
            np.minimum(self.inward, other.inward),
            np.minimum(self.outward, other.outward),
            max(self.resolution, other.resolution),
        )

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        if self.n == 0:
            return []
        outliers = [bounds.no_outlier(float(u), self.n) for u in self.inward]
        gaps = [bounds.no_gap(float(u), self.n) for u in self.outward]
        worst = int(np.argmin(outliers + gaps))
        side, judged = _EXTREMES[worst]
        u = float(np.concatenate([self.inward, self.outward])[worst])
        return [
            decided(
                name,
                bounds.at_most_one(len(_EXTREMES) * (outliers + gaps)[worst]),
                self.n,
                lambda: Told(
                    f"the {side} value lies at tail probability {u:.3g}, {judged} the range "
                    f"expected of {self.n} values",
                    Effect(f"tail probability of the {side} value", u, u, u),
                    Detectable(
                        "gap at a bound",
                        -math.expm1(math.log(level / len(_EXTREMES)) / self.n) + self.resolution,
                        "probability",
                    ),
                ),
                level=level,
                resolution=self.resolution,
                place=f"{side} value",
            )
        ]


_EXTREMES = (
    ("smallest", "far outside"),
    ("largest", "far outside"),
    ("smallest", "well inside"),
    ("largest", "well inside"),
)
