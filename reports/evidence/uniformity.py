"""Whether independent exact p-values are uniform, and how rare alarms surely are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from reports.evidence.words import count, number, p_value, p_words

RANKS = (1, 2, 3, 5, 10, 30, 100)
"""The ranks of the smallest p-values that a table shows."""

UNUSUAL = 1e-4
"""Below this probability p-values are called unusual."""

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Rank:
    """The k-th smallest of m p-values against its law, Beta(k, m − k + 1).

    Attributes
    ----------
    rank : int
        k, from 1.
    seen, median : float
        The p-value, and the median of its law.
    probability : float
        Of a p-value as small as that (David & Nagaraja 2003, sec. 2.1).
    """

    rank: int
    seen: float
    median: float
    probability: float


@dataclass(frozen=True)
class Uniformity:
    """Independent exact p-values against the uniform law.

    Attributes
    ----------
    total : int
        How many p-values.
    smallest : float
        The smallest of them.
    sidak : float
        Probability that the smallest of so many is as small, 1 − (1 − p)^m (Šidák 1967).
    distance, kolmogorov : float
        The largest distance of their distribution function from the uniform, on either side, and
        the exact probability of one as large (Simard & L'Ecuyer 2011).
    too_small : bool
        Whether the largest distance is on the side of p-values that are too small.
    """

    total: int
    smallest: float
    sidak: float
    distance: float
    kolmogorov: float
    too_small: bool

    @property
    def probability(self) -> float:
        """Of what is seen, in whichever of the two looks is worse (Bonferroni)."""
        return min(1.0, 2 * min(self.sidak, self.kolmogorov))

    @property
    def usual(self) -> bool:
        """Whether nothing speaks against the uniform law."""
        return self.probability >= UNUSUAL

    @property
    def sentence(self) -> str:
        """What can be said of them."""
        numbers = (
            f"the largest distance from the uniform law is {number(self.distance, 2)} "
            f"(Kolmogorov–Smirnov, {p_words(self.kolmogorov)}), and the smallest is "
            f"{p_value(self.smallest)} (Šidák, {p_words(self.sidak)})"
        )
        if self.usual:
            return f"The exact p-values, {count(self.total)} in all, look uniform: {numbers}."
        side = "small" if self.too_small or self.sidak < self.kolmogorov else "large"
        return f"The exact p-values, {count(self.total)} in all, are too {side}: {numbers}."


def uniformity(p_values: Iterable[float]) -> Uniformity | None:
    """Compare p-values with the uniform law; None where there are none."""
    ordered = np.sort(np.fromiter(p_values, dtype=np.float64))
    if not ordered.size:
        return None
    total = int(ordered.size)
    above = float((np.arange(1, total + 1) / total - ordered).max())
    below = float((ordered - np.arange(total) / total).max())
    distance = max(above, below)
    return Uniformity(
        total=total,
        smallest=float(ordered[0]),
        sidak=float(-np.expm1(total * np.log1p(-min(ordered[0], 1 - 1e-16)))),
        distance=distance,
        kolmogorov=float(stats.kstwo.sf(distance, total)),
        too_small=above >= below,
    )


def smallest(p_values: Iterable[float], ranks: Sequence[int] = RANKS) -> list[Rank]:
    """Return the smallest p-values at some ranks, each against its law."""
    ordered = np.sort(np.fromiter(p_values, dtype=np.float64))
    total = int(ordered.size)
    found = []
    for rank in ranks:
        if rank <= total:
            law = rank, total - rank + 1
            seen = float(ordered[rank - 1])
            median = float(special.betaincinv(*law, 0.5))
            found.append(Rank(rank, seen, median, float(special.betainc(*law, seen))))
    return found


def rate_bound(alarms: int, runs: int, confidence: float = CONFIDENCE) -> float:
    """Return the upper confidence bound of the rate of alarms (Clopper & Pearson 1934).

    One-sided: of no alarm in n runs about 3/n at 95 %. Without a run nothing is known.

    Parameters
    ----------
    alarms, runs
        Runs that raised an alarm, and all of them.
    confidence
        Probability that the bound holds, at least.

    """
    if alarms >= runs:
        return 1.0
    return float(stats.beta.ppf(confidence, alarms + 1, runs - alarms))
