"""Counts of what should be rare or never happen, and the largest error seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from verify.checks import bounds, count_bounds
from verify.checks.bounds import ALPHA, INTERVAL_Z
from verify.checks.finding import Detectable, Effect
from verify.checks.statistics.base import Counts, Floats, Statistic
from verify.checks.statistics.decision import Decision, Told, decided
from verify.checks.words import WORDS


@dataclass(frozen=True, eq=False)
class Rare(Statistic):
    """A count of events that should be rare: at most `rate` expected among `n`."""

    count: int
    rate: float
    n: int
    least: float = 0.0
    """The smallest lawful mean of negatively associated events; 0 where too few are lawful too."""

    kind = "rare"

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        sides = 2 if self.least > 0 else 1
        p_value = count_bounds.rare(self.count, self.rate)
        if sides == 2:
            too_few = count_bounds.scarce(self.count, self.least)
            p_value = bounds.at_most_one(2 * float(np.minimum(p_value, too_few)))
        wanted = f"at least {self.least:.3g} and " if self.least >= 1 else ""
        return [
            decided(
                name,
                p_value,
                self.n,
                lambda: Told(
                    f"{self.count} where {wanted}at most {self.rate:.3g} are expected",
                    Effect(WORDS[name].quantity, self.count, self.count, self.count),
                    Detectable(
                        WORDS[name].quantity,
                        count_bounds.rare_detectable(self.rate, self.n, level / sides),
                        of=self.n,
                    ),
                ),
                level=level,
            )
        ]


@dataclass(frozen=True, eq=False)
class Stretches(Rare):
    """The same, where each event has a name: how often it was seen."""

    named: dict[str, int] = field(default_factory=dict)

    kind = "stretches"

    def merge(self, other: Self) -> Self:  # noqa: D102
        names = sorted(self.named.keys() | other.named.keys())
        named = {name: self.named.get(name, 0) + other.named.get(name, 0) for name in names}
        sums = self.count + other.count, self.rate + other.rate, self.n + other.n
        return type(self)(*sums, named=named)

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        if self.n == 0:
            return []
        (decision,) = super().decisions(name, level)
        if not self.named:
            return [decision]
        place = max(self.named, key=lambda each: self.named[each])
        told = decision.tell()
        said = replace(told, detail=f"{place}; {told.detail}")
        return [replace(decision, place=place, tell=lambda: said)]


@dataclass(frozen=True, eq=False)
class Shares(Statistic):
    """How many of `n` independent values lie at each place, where a range of numbers is lawful."""

    n: int
    counts: Counts
    least: Floats
    """The smallest lawful mean of each count."""
    most: Floats
    """And the largest."""
    resolution: float
    """The largest displacement of the cdf by the lattice among the merged samples."""

    kind = "shares"

    def merge(self, other: Self) -> Self:  # noqa: D102
        resolution = max(self.resolution, other.resolution)
        return replace(super().merge(other), resolution=resolution)

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        if self.n == 0:
            return []
        arrays = zip(self.counts, self.least, self.most, strict=True)
        rows = [(int(count), float(least), float(most)) for count, least, most in arrays]
        p_values = [count_bounds.share(count, self.n, least, most) for count, least, most in rows]
        worst = int(np.argmin(p_values))
        (count, least, most), place = rows[worst], WORDS[name].places[worst]
        nearest, half = float(np.clip(count, least, most)), INTERVAL_Z / (2 * math.sqrt(self.n))
        excess = (count - nearest) / self.n
        return [
            decided(
                name,
                bounds.at_most_one(2 * len(rows) * p_values[worst]),
                self.n,
                lambda: Told(
                    f"{count} of {self.n} {place}, where {least:.4g} to {most:.4g} are expected",
                    Effect(WORDS[name].quantity, excess, excess - half, excess + half),
                    Detectable(WORDS[name].quantity, self._detectable(level)),
                ),
                level=level,
                resolution=self.resolution,
                place=place,
            )
        ]

    def _detectable(self, level: float) -> float:
        """The excess that is found wherever it is."""
        return count_bounds.share_detectable(self.n, self.most, len(self.most), level)


@dataclass(frozen=True, eq=False)
class Exact(Statistic):
    """An exact comparison of `n` entries: every single mismatch counts."""

    n: int
    mismatches: int

    kind = "exact"

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        passed = self.mismatches == 0
        told = Told(
            f"{self.mismatches} of {self.n} mismatch",
            Effect("mismatches", self.mismatches, self.mismatches, self.mismatches),
            Detectable("mismatches", 1, of=self.n),
        )
        return [Decision(name, passed, None, self.n, lambda: told)]


@dataclass(frozen=True, eq=False)
class Tally(Statistic):
    """How much was seen at each place: what a picture shows, and nothing is decided by."""

    counts: Floats

    kind = "tally"

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:
        """None: other statistics of the same values decide."""
        return []


@dataclass(frozen=True, eq=False)
class Largest(Statistic):
    """The largest error seen, in units of what is allowed."""

    n: int
    value: float

    kind = "largest"

    def merge(self, other: Self) -> Self:  # noqa: D102
        return type(self)(self.n + other.n, float(np.maximum(self.value, other.value)))

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        quantity, unit = WORDS[name].quantity, "× allowed"
        told = Told(
            f"{self.value:.3g}× the allowed error",
            Effect(quantity, self.value, self.value, self.value, unit),
            Detectable(quantity, 1, unit),
        )
        return [Decision(name, self.value <= 1, None, self.n, lambda: told)]
