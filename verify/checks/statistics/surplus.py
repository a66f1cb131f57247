"""Counts of draws without replacement, about what their margins lead to expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np

from verify.checks import bounds
from verify.checks.bounds import ALPHA, INTERVAL_Z, POWER_MISS
from verify.checks.finding import Detectable, Effect
from verify.checks.statistics.base import Counts, Floats, Statistic
from verify.checks.statistics.decision import Decision, Told, decided
from verify.checks.words import WORDS

Entries = TypeVar("Entries", Floats, Counts)

_SCALE = 1 / 3
"""Of a sum of independent events with known variance (Bernstein's inequality)."""


@dataclass(frozen=True, eq=False)
class Surplus(Statistic):
    """Hypergeometric counts about their means, summed up at each place.

    A hypergeometric count is a sum of independent events (Vatutin & Mikhailov 1982), so that it is
    sub-gamma with its own variance and the scale 1/3 (Boucheron, Lugosi & Massart 2013, sec. 2.7).
    The counts of one place are independent, or each is hypergeometric given those before it; then
    variances add up. What is sub-Gaussian is sub-gamma with any scale.
    """

    totals: Floats
    """What was counted at each place beyond the mean."""
    counts: Counts
    """Draws at each place."""
    variances: Floats

    kind = "surplus"

    def merge(self, other: Self) -> Self:
        """The sums of both; where one looked at more places, the other saw nothing there."""
        places = max(self.counts.size, other.counts.size)
        return type(self)(
            _widened(self.totals, places) + _widened(other.totals, places),
            _widened(self.counts, places) + _widened(other.counts, places),
            _widened(self.variances, places) + _widened(other.variances, places),
        )

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        places = np.flatnonzero((self.counts > 0) & ~(self.variances <= 0))
        if places.size == 0:
            return []
        totals, counts = self.totals[places], self.counts[places]
        variances = self.variances[places]
        exponents = bounds.sub_gamma_exponent(totals, variances, _SCALE)
        worst = int(exponents.argmin() if np.isnan(exponents).any() else exponents.argmax())
        n, estimate = int(counts[worst]), float(totals[worst] / counts[worst])
        half = INTERVAL_Z * float(np.sqrt(variances[worst])) / n
        quantity, names = WORDS[name].quantity, WORDS[name].places
        place = names[int(places[worst])]

        def size() -> float:
            variance = float(variances[worst])
            alarm = bounds.sub_gamma_quantile(variance, _SCALE, level / places.size)
            return (alarm + bounds.sub_gamma_quantile(variance, _SCALE, 2 * POWER_MISS)) / n

        return [
            decided(
                name,
                bounds.at_most_one(2 * places.size * float(np.exp(-exponents[worst]))),
                n,
                lambda: Told(
                    f"{quantity} {estimate:+.3g} {place}",
                    Effect(quantity, estimate, estimate - half, estimate + half),
                    Detectable(quantity, size()),
                ),
                level=level,
                place=place,
            )
        ]


def _widened(values: Entries, places: int) -> Entries:
    return np.pad(values, (0, places - values.size))
