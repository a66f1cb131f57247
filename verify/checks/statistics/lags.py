"""Dependence at every distance up to 4,095: circular autocorrelations of blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.checks import bounds, correlation_bounds
from verify.checks.bounds import ALPHA, INTERVAL_Z
from verify.checks.finding import Detectable, Effect
from verify.checks.statistics.base import Counts, Floats, Statistic, Whole
from verify.checks.statistics.decision import Decision, Told, decided

BLOCKS = (8191, 1021)
"""Lengths of the blocks, the longest that a sample holds is taken. Each is prime: every lag then
makes one cycle of the whole block, of as many pairs as it has values."""

LONGEST = BLOCKS[0] // 2
"""The longest lag."""

_ROWS = ("value", "size")
_VARIANCES = np.array([[5.0], [1.0]])
"""Of the quarter that a transform lies in, as −3, −1, 1 or 3, and of its distance from the middle,
as −1 or 1."""


@dataclass(frozen=True, eq=False)
class Lags(Statistic):
    """Sums of products at lags 1, 2, … within blocks, of values and of sizes.

    Both are whole numbers, so their sums are exact, and the same in every order.
    """

    values: Whole
    sizes: Whole
    blocks: Counts
    """How many blocks of each length."""

    kind = "lags"

    @property
    def n(self) -> int:
        """Number of values."""
        return int(self.blocks @ np.array(BLOCKS))

    @property
    def pairs(self) -> Counts:
        """Number of pairs at each lag."""
        lag = np.arange(1, LONGEST + 1)
        return sum(
            (int(count) * length * (lag <= length // 2))
            for count, length in zip(self.blocks, BLOCKS, strict=True)
        ) + np.zeros(LONGEST, dtype=np.int64)

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        pairs = self.pairs
        lags = int(np.count_nonzero(pairs))
        if lags == 0:
            return []
        r = self._correlations()[:, :lags]
        row, place = map(int, np.unravel_index(int(_rates(r, pairs[:lags]).argmax()), r.shape))
        worst, m = float(r[row, place]), int(pairs[place])
        half, tests = INTERVAL_Z / np.sqrt(m), r.size
        where = f"the {_ROWS[row]} {place + 1} further"
        return [
            decided(
                name,
                bounds.at_most_one(tests * correlation_bounds.cyclic(worst, m)),
                self.n,
                lambda: Told(
                    f"correlation {worst:+.3g} with {where}",
                    Effect(f"correlation with {where}", worst, worst - half, worst + half),
                    Detectable("correlation", correlation_bounds.detectable(m, level / tests)),
                ),
                level=level,
                place=where,
            )
        ]

    def _correlations(self) -> Floats:
        """Of values and of sizes at each lag; NaN where there are no pairs."""
        sums = np.stack([self.values, self.sizes])
        with np.errstate(invalid="ignore"):
            found: Floats = sums / (_VARIANCES * self.pairs)
        return found


def _rates(r: Floats, pairs: Counts) -> Floats:
    """Which correlation is the least probable; what rounding does here costs power alone."""
    squared = np.minimum(1.0, r**2)
    found: Floats = pairs * (squared / (1 + squared) - np.log1p(squared) / 2)
    return found
