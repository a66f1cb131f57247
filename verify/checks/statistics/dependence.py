"""More than the marginal: correlation between values, and laws that depend on the place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np

from verify.checks import bounds, correlation_bounds
from verify.checks.bounds import ALPHA, INTERVAL_Z
from verify.checks.finding import Detectable, Effect
from verify.checks.statistics.base import Counts, Floats, Statistic, separation
from verify.checks.statistics.decision import Decision, Told, decided
from verify.checks.words import APART, WORDS

N = TypeVar("N", int, float)


@dataclass(frozen=True, eq=False)
class Correlation(Statistic):
    """Sums of products of centred transforms at several lags, with their pair counts."""

    sums: dict[str, float]
    pairs: dict[str, int]

    kind = "correlation"

    def merge(self, other: Self) -> Self:  # noqa: D102
        return type(self)(_added(self.sums, other.sums), _added(self.pairs, other.pairs))

    def to_json(self) -> dict[str, object]:
        """A JSON object that names every lag once."""
        lags = sorted(self.pairs)
        rows = {
            "pairs": [self.pairs[lag] for lag in lags],
            "sums": [self.sums[lag] for lag in lags],
        }
        return {"kind": self.kind, "lags": lags, **rows}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """Rebuild it; older files hold two objects by lag."""
        pairs, sums = document["pairs"], document["sums"]
        if isinstance(pairs, dict) and isinstance(sums, dict):
            return cls(sums, pairs)
        lags = document["lags"]
        if not (isinstance(lags, list) and isinstance(sums, list) and isinstance(pairs, list)):
            raise ValueError(f"the lags of a {cls.kind!r} are no lists")
        return cls(dict(zip(lags, sums, strict=True)), dict(zip(lags, pairs, strict=True)))

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        r = {lag: 12 * self.sums[lag] / pairs for lag, pairs in self.pairs.items() if pairs}
        if not r:
            return []
        p_values = [correlation_bounds.serial(r[lag], self.pairs[lag]) for lag in r]
        worst = list(r)[int(np.argmin(p_values))]
        pairs, half = self.pairs[worst], INTERVAL_Z / math.sqrt(self.pairs[worst])
        return [
            decided(
                name,
                bounds.at_most_one(len(r) * float(np.min(p_values))),
                pairs,
                lambda: Told(
                    f"correlation {r[worst]:+.3g} with {worst}",
                    Effect(f"correlation with {worst}", r[worst], r[worst] - half, r[worst] + half),
                    Detectable("correlation", correlation_bounds.detectable(pairs, level / len(r))),
                ),
                level=level,
                place=worst.replace(APART, " and "),
            )
        ]


def _added(a: dict[str, N], b: dict[str, N]) -> dict[str, N]:
    return {key: a.get(key, 0) + b.get(key, 0) for key in sorted(a.keys() | b.keys())}


@dataclass(frozen=True, eq=False)
class Deviations(Statistic):
    """Sums of centred scores, one per place, each score sub-Gaussian with a known proxy."""

    totals: Floats
    counts: Counts
    proxies: Floats
    bias: float = 0.0
    """How far a lawful lattice may move a score's mean, or every score: it is taken off."""

    kind = "deviations"

    def merge(self, other: Self) -> Self:  # noqa: D102
        places = max(self.counts.size, other.counts.size)  # An older suite knew fewer.
        one, two = self._padded(places), other._padded(places)
        proxies, bias = np.maximum(one.proxies, two.proxies), max(one.bias, two.bias)
        return type(self)(one.totals + two.totals, one.counts + two.counts, proxies, bias)

    def _padded(self, places: int) -> Self:
        rest = (0, places - self.counts.size)
        totals, counts = np.pad(self.totals, rest), np.pad(self.counts, rest)
        return replace(self, totals=totals, counts=counts, proxies=np.pad(self.proxies, rest))

    def followed_by(self, other: Self) -> Self:
        """The places of both, one after the other."""
        totals = np.concatenate([self.totals, other.totals])
        counts = np.concatenate([self.counts, other.counts])
        proxies = np.concatenate([self.proxies, other.proxies])
        return type(self)(totals, counts, proxies, max(self.bias, other.bias))

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        places = np.flatnonzero(self.counts)
        if places.size == 0:
            return []
        counts = self.counts[places]
        errors = np.sqrt(self.proxies[places] / counts)
        estimates = self.totals[places] / counts
        beyond = np.maximum(0.0, np.abs(estimates) - self.bias) / errors
        worst = int(beyond.argmax())
        estimate, error = float(estimates[worst]), float(errors[worst])
        half, quantity = INTERVAL_Z * error, WORDS[name].quantity
        place = _named(name, int(places[worst]))
        return [
            decided(
                name,
                bounds.sub_gaussian(beyond),
                int(counts[worst]),
                lambda: Told(
                    f"{quantity} {estimate:+.3g} {place}".rstrip(),
                    Effect(quantity, estimate, estimate - half, estimate + half),
                    Detectable(
                        quantity, separation(places.size, level) * float(errors.max()) + self.bias
                    ),
                ),
                level=level,
                place=place,
            )
        ]


def _named(check: str, place: int) -> str:
    names = WORDS[check].places
    return names[place] if place < len(names) else ""
