"""Stretches of random values that come again elsewhere: at any place, scale and sign."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from initlaws.audits.found import Found
from initlaws.audits.glances import BEGINNING
from initlaws.audits.seen import Look, Seen

LENGTH = 24
"""Adjacent values of a stretch.

How 24 independent sizes are ordered, and which signs agree with the first, is one of 24! · 2²³
equally likely outcomes if the law is symmetric, of 24! in any case: two of a million stretches
agree with a probability below 10⁻¹¹.
"""

_MOST = 1 << 20
"""Stretches that are looked at in one build, in equal shares of all its tensors."""

_STEADY = 0.8
"""Rank correlation (Spearman 1904) of the sizes in two builds from which on their order is fixed.

Of 24 independent values it has a standard deviation of 1/√23.
"""


def _codes(values: Tensor) -> np.ndarray:
    """One number for each stretch; 0 where sizes are equal or zero, whose order says nothing."""
    if values.numel() < LENGTH:
        return np.zeros(0, np.uint64)
    windows = values.double().unfold(0, LENGTH, 1)
    sizes, order = windows.abs().sort(dim=-1)
    telling = (sizes[:, 1:] > sizes[:, :-1]).all(-1) & (sizes[:, 0] > 0) & sizes[:, -1].isfinite()
    signs = (windows > 0) ^ (windows[:, :1] > 0)
    words = (order * 2 + signs).numpy().astype(np.uint64)
    codes = (words * _WEIGHTS).sum(-1, dtype=np.uint64) | np.uint64(1)
    return np.where(telling.numpy(), codes, np.uint64(0))


_WEIGHTS = np.random.default_rng(LENGTH).integers(1, 1 << 63, LENGTH, dtype=np.uint64)
"""By which positions and signs are hashed."""


def none_again(seen: Seen) -> Found:
    """No stretch of a random tensor comes again, in it or in another.

    Tensors that are copies from their first entry on are another question's.
    """
    names = [
        name
        for name in seen.random
        if name not in seen.unsteady and seen.numbers[0].tensors[name].begins.is_floating_point()
    ]
    if not names:
        return Found()
    looks = seen.numbers[:2]
    both = np.intersect1d(_again(looks[0], names), _again(looks[1], names))
    tensor, other, place, where = np.unravel_index(both, (len(names),) * 2 + (BEGINNING,) * 2)
    kept = _ordered_anew(looks, names, tensor, place)
    tensor, other, place, where = (each[kept] for each in (tensor, other, place, where))
    pairs, first = np.unique(tensor * len(names) + other, return_index=True)
    return Found(
        tuple(
            _said(names[pair // len(names)], names[pair % len(names)], place[i], where[i])
            for pair, i in zip(pairs, first, strict=True)
        )
    )


def _again(look: Look, names: Sequence[str]) -> np.ndarray:
    """One number for each stretch that comes again: its tensor, the other, and both places.

    Of tensors that begin alike there is none.
    """
    share = max(LENGTH, _MOST // len(names))
    codes = [_codes(look.tensors[name].begins[:share]) for name in names]
    tensor = np.repeat(np.arange(len(names)), [each.size for each in codes])
    place = np.concatenate([np.arange(each.size) for each in codes])
    every = np.concatenate(codes)
    order = np.argsort(every, kind="stable")
    order = order[every[order] > 0]
    is_first = np.diff(every[order], prepend=np.uint64(0)) > 0
    origin = order[np.maximum.accumulate(np.where(is_first, np.arange(order.size), 0))]
    later, origin = order[~is_first], origin[~is_first]
    starts = np.array([np.argmax(each > 0) if each.size else 0 for each in codes])
    alike = tensor[later] * len(names) + tensor[origin]
    begins = (place[later] == starts[tensor[later]]) & (place[origin] == starts[tensor[origin]])
    begins &= (tensor[later] != tensor[origin]) & (place[later] == place[origin])
    kept = ~np.isin(alike, alike[begins])
    return np.ravel_multi_index(
        (tensor[later][kept], tensor[origin][kept], place[later][kept], place[origin][kept]),
        (len(names),) * 2 + (BEGINNING,) * 2,
    )


def _ordered_anew(
    looks: Sequence[Look], names: Sequence[str], tensor: np.ndarray, place: np.ndarray
) -> np.ndarray:
    """Where the order of the sizes is another one in each build: no ramp, and no fixed vector."""
    ranks = []
    for look in looks:
        begins = [look.tensors[name].begins.double().abs().numpy() for name in names]
        starts = np.cumsum([0, *(each.size for each in begins[:-1])])
        windows = np.concatenate(begins)[
            (starts[tensor] + place)[:, None] + np.arange(LENGTH)[None]
        ]
        ranks.append(windows.argsort(-1).argsort(-1) - (LENGTH - 1) / 2)
    correlation = (ranks[0] * ranks[1]).sum(-1) / (LENGTH * (LENGTH**2 - 1) / 12)
    anew: np.ndarray = np.abs(correlation) < _STEADY
    return anew


def _said(name: str, other: str, place: int, where: int) -> str:
    of = "its own" if name == other else f"{other}'s"
    return (
        f"{name}: its values from entry {place} on are {of} from entry {where} on, up to scale and "
        "sign: is a stream restarted, or a part repeated? Draw each value anew"
    )
