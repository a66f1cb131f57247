"""Whether what calls have in common, their means, varies as chance wants it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from verify.checks import bounds
from verify.checks.bounds import ALPHA, INTERVAL_Z
from verify.checks.finding import Detectable, Effect
from verify.checks.statistics.base import Statistic
from verify.checks.statistics.decision import Decision, Told, decided
from verify.checks.words import WORDS


@dataclass(frozen=True, eq=False)
class CallMeans(Statistic):
    """Sums of squares of the standardised means of `n` calls.

    A standardised sum of independent uniform values is strictly sub-Gaussian, of variance 1 and
    fourth moment below 3 (`bounds.sub_gaussian_scale`). Values of one tensor that balance each
    other, by strata, in pairs or because a mean was taken off, leave too little of it; values that
    share something leave too much.
    """

    n: int
    least: float
    """The sum if the lattice moved every mean outwards."""
    most: float
    """And if inwards."""

    kind = "call_means"

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        if self.n == 0:
            return []
        wide = bounds.sub_gaussian_scale(max(self.least, self.n), self.n)
        narrow = bounds.sub_gaussian_scale(min(self.most, self.n), self.n)
        p_value = float(np.minimum(wide, narrow)) if self.least <= self.most else math.nan
        scale, half = math.sqrt(self.most / self.n), INTERVAL_Z / math.sqrt(2 * self.n)
        quantity = WORDS[name].quantity
        low, high = scale / (1 + half), scale / max(1e-9, 1 - half)
        size = bounds.sub_gaussian_scale_detectable(self.n, level)
        return [
            decided(
                name,
                p_value,
                self.n,
                lambda: Told(
                    f"{quantity} {scale:.4g}× the law's",
                    Effect(quantity, scale, low, high, "× law"),
                    Detectable(quantity, size, "relative"),
                ),
                level=level,
            )
        ]
