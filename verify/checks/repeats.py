"""Slices of a tensor that are there twice, bit for bit, wherever they lie."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from verify.checks.statistics import Rare

_BLOCK = 16
"""Values that a vectorised loop fills at a time."""

_RARE = 1e-3
"""Slices that would be equal by chance more often than this say nothing."""

_INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def repeats(
    values: Tensor, shape: tuple[int, ...], point_mass: float, host: np.random.Generator
) -> Rare:
    """Count slices that equal another: rows, columns, and aligned blocks of 16 values.

    Given the slices before it, one of ``m`` independent slices of ``k`` values equals any of
    them with probability at most ``m · point_mass^k``.

    Parameters
    ----------
    values : Tensor
        Shape ``(calls, numel)``, floating point, contiguous: consecutive calls.
    shape : tuple of int
        The shape of the tensor that each call filled.
    point_mass : float
        Bound on the probability of any one value.
    host : numpy.random.Generator
        Chooses the weights by which slices are hashed; equal hashes are verified.
    """
    bits = values.view(_INTEGERS[values.element_size()])
    count, rate, n = 0, 0.0, 0
    for slices in _slices(bits, shape):
        m, length = slices.shape
        expected = m * (m - 1) / 2 * point_mass**length
        if m > 1 and expected < _RARE:
            count, rate, n = count + _equal(slices, host), rate + expected, n + m
    return Rare(count, rate, n)


def _slices(bits: Tensor, shape: tuple[int, ...]) -> Iterator[Tensor]:
    """Every way to cut the calls into slices, each of shape ``(slices, length)``."""
    flat = bits.reshape(-1)
    yield flat[: flat.numel() // _BLOCK * _BLOCK].view(-1, _BLOCK)
    if len(shape) > 1:
        rows = len(bits) * shape[0]
        yield flat.view(rows, -1)
        yield flat.view(len(bits), -1, shape[-1]).transpose(1, 2).reshape(-1, math.prod(shape[:-1]))


def _equal(slices: Tensor, host: np.random.Generator) -> int:
    """How many slices equal the one before them in the order of their hashes."""
    weights = host.integers(-(1 << 63), 1 << 63, slices.shape[1], dtype=np.int64)
    hashes = (slices * torch.from_numpy(weights).to(slices.device)).sum(1)
    ordered, order = torch.sort(hashes)
    same = (ordered[1:] == ordered[:-1]).nonzero().flatten()
    return int((slices[order[same]] == slices[order[same + 1]]).all(1).sum())
