"""Sizes of deviations that are not the same in two runs, though both pass."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

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


def moves(pairs: Iterable[tuple[CellRecord, CellRecord]], alpha: float) -> tuple[list[Move], int]:
    """Return what moved, the largest move relative to its interval first, and how many could.

    Notes
    -----
    An interval that misses with probability 0.001, widened t times about its estimate, misses
    with probability 0.001^t at most where the estimator's density is log-concave, as those of
    normal and binomial laws are. At t = ln(α/2) / ln(0.001) two intervals of one truth are
    disjoint with probability α at most, whether or not the samples are independent.
    """
    found, compared = [], 0
    times = math.log(alpha / 2) / math.log(_OUTSIDE)
    for before, after in pairs:
        old, new = _effects(before), _effects(after)
        for key in old.keys() & new.keys():
            compared += 1
            if _disjoint(old[key], new[key], times):
                found.append(Move(after, key[0], key[1], old[key], new[key]))
    return sorted(found, key=_order), compared


def _effects(cell: CellRecord) -> dict[tuple[str, ...], Effect]:
    return {
        (f.check, f.tensor, f.effect.name, f.effect.unit): f.effect
        for f in cell.findings
        if f.effect is not None and f.scope == "cell" and f.effect.low < f.effect.high
    }


def _disjoint(one: Effect, other: Effect, times: float) -> bool:
    lower, upper = sorted((one, other), key=_estimate)
    half_widths = (lower.high - lower.estimate) + (upper.estimate - upper.low)
    return upper.estimate - lower.estimate > times * half_widths


def _estimate(effect: Effect) -> float:
    return effect.estimate


def _order(move: Move) -> tuple[float, str, str]:
    width = (move.before.high - move.before.low) + (move.after.high - move.after.low)
    distance = abs(move.after.estimate - move.before.estimate)
    return (-distance / width, move.cell.nodeid, move.check)
