"""Reduce transforms to what neighbours and values further on know of each other."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from verify.checks.statistics import Cells, Lags, Statistic
from verify.checks.statistics.cells import SIDES
from verify.checks.statistics.lags import BLOCKS, LONGEST

_BITS = 14  # Of the number of a fine bin.
_WHOLE = 1 << 15
"""Samples of a case: these are looked at as a whole."""
_SHARE = 1 << 17
"""Of a larger one a block for so many values, and so many values at most for pairs and triples."""
_MOST = 4


def neighbours(bins: Tensor) -> dict[str, Statistic]:
    """Both statistics of the fine bins of the transforms, int16 and in order."""
    few = min(_SHARE, max(_WHOLE, bins.numel() // 4))
    return {"lags": lags(bins), "neighbours": cells(bins[:few])}


def lags(bins: Tensor) -> Lags:
    """Circular autocorrelations of blocks: of the quarters of the transforms, and of their sizes.

    A block is padded to twice its length, so that the correlation by the discrete Fourier transform
    is that of a line; its ends are then added to its beginning. The products are whole numbers
    below 2^18, which single precision leaves exact after rounding.
    """
    n = bins.numel()
    blocks = np.zeros(len(BLOCKS), dtype=np.int64)
    sums = np.zeros((2, LONGEST), dtype=np.int64)
    fitting = [place for place, length in enumerate(BLOCKS) if length <= n]
    if not fitting:
        return Lags(sums[0], sums[1], blocks)
    length = BLOCKS[fitting[0]]
    count = n // length if n <= _WHOLE else min(_MOST, -(-n // _SHARE))
    blocks[fitting[0]] = count
    quarters = 2 * (bins[: count * length].view(count, length) >> (_BITS - 2)) - 3
    rows = torch.stack([quarters, quarters.abs() - 2]).float()
    padded = 1 << (2 * length - 1).bit_length()
    waves = torch.fft.rfft(rows, n=padded)
    power = torch.view_as_real(waves).square_().sum(1).sum(-1)
    line = torch.fft.irfft(power, n=padded)
    half = length // 2
    circle = line[:, 1 : half + 1] + line[:, half + 1 : length].flip(1)
    sums[:, :half] = circle.round().long().cpu().numpy()
    return Lags(sums[0], sums[1], blocks)


def cells(bins: Tensor) -> Cells:
    """Counts of disjoint pairs and disjoint triples of neighbours."""
    return Cells(_counted(bins, 2), _counted(bins, 3))


def nothing() -> Cells:
    """Counts of no pairs."""
    return Cells(*(np.zeros(side**axes, dtype=np.int64) for axes, side in SIDES.items()))


def together(one: Tensor, other: Tensor) -> Cells:
    """Counts of pairs of centred transforms of two tensors, entry by entry."""
    side = SIDES[2]
    both = torch.stack([one.reshape(-1), other.reshape(-1)], 1)
    digits = ((both + 0.5) * side).long().clamp_(0, side - 1)
    pairs = torch.bincount(digits[:, 0] * side + digits[:, 1], minlength=side**2)
    return Cells(pairs.cpu().numpy(), nothing().triples)


def _counted(bins: Tensor, axes: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    side = SIDES[axes]
    digits = bins[: bins.numel() // axes * axes].view(-1, axes) >> (_BITS - side.bit_length() + 1)
    cell = digits[:, 0]
    for axis in range(1, axes):
        cell = cell * side + digits[:, axis]
    return torch.bincount(cell, minlength=side**axes).cpu().numpy()
