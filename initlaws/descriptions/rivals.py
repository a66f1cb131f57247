"""Formulas that would do as well as the chosen one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from initlaws.descriptions.formulas import DEFAULT, Formula

ODD = 6.0
"""The rank from which a formula says little: constants of many digits, odd gains by depth."""

_FARTHER = 1.5
"""How much less simple than the chosen one a formula may be."""

DIGITS = 3.0
"""The rank from which a constant has more digits than one: it agrees by its digits."""

Options = Mapping[str, Formula]
"""Formulas by their key."""


def rivals(chosen: Sequence[Formula], commons: Sequence[Options]) -> list[tuple[Formula, ...]]:
    """What would do as well, for each group of tensors.

    A formula that agrees with all that the chosen one is said of; or with this group, and is said
    of another one. One that is divided by depth counts if the same without it is said elsewhere.

    Parameters
    ----------
    chosen : sequence of Formula
        For each group.
    commons : sequence of options
        The formulas that agree with each group.
    """
    of: dict[str, list[Options]] = defaultdict(list)
    for formula, common in zip(chosen, commons, strict=True):
        of[formula.key].append(common)
    shared = {key: set(groups[0]).intersection(*groups) for key, groups in of.items()}
    codes = {formula.code for formula in chosen}
    found = []
    for formula, common in zip(chosen, commons, strict=True):
        keys = shared[formula.key] | (common.keys() & of.keys())
        others = (
            other
            for other in map(common.__getitem__, keys)
            if _is_rival(other, formula) and (not other.ground or other.ground in codes)
        )
        found.append(tuple(sorted(others, key=lambda each: (each.rank, each.code))))
    return found


def _is_rival(other: Formula, chosen: Formula) -> bool:
    if other.key == chosen.key or chosen is DEFAULT or chosen.of is None:
        return False
    if is_constant(other) and (other.rank >= DIGITS or is_constant(chosen)):
        return other.kind != chosen.kind and other.rank < DIGITS
    return other.rank < min(ODD, chosen.rank + _FARTHER)


def is_constant(formula: Formula) -> bool:
    """Whether it is made of numbers of few digits, as some always agree."""
    return not formula.needs and "/" not in formula.code
