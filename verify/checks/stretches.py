"""Stretches of values that come again, in one tensor or two: at any offset, scale and sign."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from verify.checks.independent import transforms
from verify.checks.joint import Drawn
from verify.checks.statistics import FINE, Stretches

LENGTH = 32
"""Values of a stretch."""

LEVELS = 8
"""Sizes of transforms are told apart by so many levels."""

_ENTRIES = 1 << 15  # Leading entries of each tensor, over all calls, that are looked at.


@dataclass(frozen=True)
class _Strip:
    """Where a stretch may begin, in one tensor.

    Attributes
    ----------
    name : str
    levels : Tensor
        Shape ``(calls that are taken together, places)``, int64.
    width : int
        Places of one call.
    """

    name: str
    levels: Tensor
    width: int

    def said(self, place: int) -> str:
        """Where the stretch from a place on lies."""
        call, entry = divmod(place, self.width)
        within = f"{self.name or 'the tensor'} from entry {entry} on"
        return f"{within}, call {call}" if self.levels.shape[1] > self.width else within


def stretches(drawn: Mapping[str, Drawn], host: np.random.Generator) -> Stretches:
    """Look for 32 values that come again elsewhere, by their sizes.

    Sizes are the distances of the transforms from their middle, in 8 levels. They are the same in
    every scale, whatever becomes of the signs. First all calls of a tensor are one sequence, then
    up to 32 calls are laid side by side: what the same entries repeat in every call is seen where
    the tensor is shorter than 32 values. Two stretches of independent values are equal with
    probability ``(1/8 + 4δ)^32`` at most, overlapping ones too, for each level must be that of a
    value before it; δ is what a lattice moves. By Boole's inequality any are equal with probability
    ``N²/2`` times that at most, with N stretches.

    Parameters
    ----------
    drawn : mapping
        Tensors by name, all of the same number of calls.
    host : numpy.random.Generator
        Randomness of the transforms where a dtype's lattice is coarse for a law, and of hashes.

    Returns
    -------
    Stretches
        With at most one event, the first of them.
    """
    levels = {name: each for name, d in drawn.items() if (each := _levels(d, host)) is not None}
    if not levels:
        return Stretches(0, 0.0, 0)
    calls = len(next(iter(levels.values())))
    beside = 1 << (min(calls, LENGTH).bit_length() - 1)
    rate, n, found = 0.0, 0, ""
    for taken in sorted({1, beside}):
        strips = [_strip(name, each, taken) for name, each in levels.items()]
        length = LENGTH // taken
        own = sum(max(0, strip.levels.shape[1] - length + 1) for strip in strips)
        rate += own**2 / 2 * (1 / LEVELS + 4 * FINE) ** LENGTH
        n = max(n, own)
        if own > 1 and not found:
            found = _again(strips, length, host)
    return Stretches(int(bool(found)), rate, n, named={found: 1} if found else {})


def _levels(drawn: Drawn, host: np.random.Generator) -> Tensor | None:
    """The level of each size: shape ``(calls, width)``; None where a dtype is too coarse."""
    width = max(1, _ENTRIES // drawn.values.shape[0])
    centred = transforms(drawn.values[:, :width], drawn.law, host)
    if centred is None:
        return None
    return (centred.abs() * (2 * LEVELS)).long().clamp_(0, LEVELS - 1)


def _strip(name: str, levels: Tensor, taken: int) -> _Strip:
    """One sequence of all calls, or some calls side by side."""
    rows = levels.reshape(1, -1) if taken == 1 else levels[:taken]
    return _Strip(name, rows, levels.shape[1])


def _again(strips: Sequence[_Strip], length: int, host: np.random.Generator) -> str:
    """Which two stretches are equal; empty if none are."""
    least, most = -(1 << 63), 1 << 63
    weights = torch.from_numpy(host.integers(least, most, len(strips[0].levels), dtype=np.int64))
    factor = int(host.integers(0, 1 << 62)) * 2 + 1
    hashes = [_hashes(strip.levels, weights, factor, length) for strip in strips]
    every = torch.cat(hashes)
    ordered = np.sort(every.cpu().numpy())
    double = torch.from_numpy(ordered[1:][ordered[1:] == ordered[:-1]]).to(every.device)
    if not double.numel():
        return ""
    begins = np.cumsum([0, *(each.numel() for each in hashes)])
    for first in torch.isin(every, double).nonzero()[:_TRIED].flatten():
        both = (every == every[first]).nonzero()[:2].flatten().cpu().numpy()
        which = np.searchsorted(begins, both, side="right") - 1
        places = map(int, both - begins[which])
        (one, here), (other, there) = zip([strips[each] for each in which], places, strict=True)
        levels = one.levels[:, here : here + length]
        if torch.equal(levels, other.levels[:, there : there + length]):
            return f"{other.said(there)}, as {one.said(here)}"
    return ""


_TRIED = 8
"""Equal hashes that are verified: two of different stretches may be equal once in millions."""


def _hashes(levels: Tensor, weights: Tensor, factor: int, length: int) -> Tensor:
    """The hash of every stretch: a polynomial modulo 2^64, of twice as many places each time."""
    found = (levels * weights.to(levels.device)[:, None]).sum(0)
    for doubling in range(int(math.log2(length))):
        step = 1 << doubling
        if found.numel() <= step:
            return found[:0]
        found = found[:-step] * _signed(pow(factor, step, 1 << 64)) + found[step:]
    return found


def _signed(word: int) -> int:
    """The 64-bit word as a whole number of either sign."""
    return word - (1 << 64) if word >> 63 else word
