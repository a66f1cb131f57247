"""Sizes of deviations that are not the same in two runs, though both pass."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from reports.evidence.records import CellRecord, Effect

_OUTSIDE = 1e-3
"""Probability that an effect's interval misses: it is one of 99.9 %."""


@dataclass(frozen=True)
class Move:
    """An effect whose intervals in two runs are disjoint at the decision level."""

    cell: CellRecord
    check: str
    tensor: str
    before: Effect
    after: Effect


@dataclass(frozen=True)
class Moves:
    """What moved, and what would have been seen.

    Attributes
    ----------
    found : tuple of Move
        The largest relative to its interval first.
    compared : int
        Effects in both runs.
    seen_from : mapping
        By check and unit, how far an effect must move to be seen: the median over all.
    """

    found: tuple[Move, ...]
    compared: int
    seen_from: Mapping[str, float]


def moves(pairs: Iterable[tuple[CellRecord, CellRecord]], alpha: float) -> Moves:
    """Compare the sizes of deviations of cells that are in both runs.

    Notes
    -----
    An interval that misses with probability 0.001, widened t times about its estimate, misses
    with probability 0.001^t at most where the estimator's density is log-concave, as those of
    normal and binomial laws are. At t = ln(α/2) / ln(0.001) two intervals of one truth are
    disjoint with probability α at most, whether or not the samples are independent.
    """
    found, sizes = [], defaultdict[str, list[float]](list)
    times = math.log(alpha / 2) / math.log(_OUTSIDE)
    for before, after in pairs:
        old, new = _effects(before), _effects(after)
        for key in old.keys() & new.keys():
            apart, least = _apart(old[key], new[key], times)
            sizes[f"{key[0].replace('_', ' ')} {old[key].unit}".strip()].append(least)
            if apart > least:
                found.append(Move(after, key[0], key[1], old[key], new[key]))
    return Moves(
        tuple(sorted(found, key=_order)),
        sum(map(len, sizes.values())),
        {name: median(each) for name, each in sorted(sizes.items())},
    )


def _effects(cell: CellRecord) -> dict[tuple[str, ...], Effect]:
    return {
        (f.check, f.tensor, f.effect.name, f.effect.unit): f.effect
        for f in cell.findings
        if f.effect is not None and f.scope == "cell" and f.effect.low < f.effect.high
    }


def _apart(one: Effect, other: Effect, times: float) -> tuple[float, float]:
    """How far two estimates are apart, and how far they must be."""
    lower, upper = sorted((one, other), key=_estimate)
    half_widths = (lower.high - lower.estimate) + (upper.estimate - upper.low)
    return upper.estimate - lower.estimate, times * half_widths


def _estimate(effect: Effect) -> float:
    return effect.estimate


def _order(move: Move) -> tuple[float, str, str]:
    width = (move.before.high - move.before.low) + (move.after.high - move.after.low)
    distance = abs(move.after.estimate - move.before.estimate)
    return (-distance / width, move.cell.nodeid, move.check)
