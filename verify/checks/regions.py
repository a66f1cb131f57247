"""Mean and spread of transforms region by region: all along a tensor, its last axis, its lanes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from verify.checks.statistics import Deviations
from verify.checks.statistics.base import Counts, Floats
from verify.checks.words import LANES, PARTS

_LEAST = 64
"""Of smaller tensors every entry is watched by itself."""

_MOST = 1 << 18  # Values, of as many calls as have them.

_PROXIES = (1 / 12, 1 / 64)
"""A centred uniform has the proxy 1/12; its square lies in an interval of length 1/4."""


def regions(centred: Tensor, last: int, resolution: float) -> Deviations:
    """Sums of centred transforms, and of their squares less 1/12, in each region.

    Parameters
    ----------
    centred : Tensor
        Shape ``(calls, numel)``.
    last : int
        Entries along the last axis.
    resolution : float
        How far a value may be moved; its square is moved no farther.
    """
    numel = centred.shape[1]
    if numel <= _LEAST:
        none = np.zeros(2 * (2 * PARTS + LANES))
        return Deviations(none, none.astype(np.int64), none, resolution)
    seen = centred[: max(1, _MOST // numel)]
    # Of a large tensor the last axis and the lanes are seen well in its beginning.
    near = seen[:, : _MOST // last * last or _MOST]
    sums = torch.stack([near.sum(0), near.square().sum(0)]).cpu().numpy()
    sums[1] -= len(seen) / 12
    along = sums.reshape(2, -1, last).sum(1) if sums.shape[1] % last == 0 else sums
    whole = _parts(sums) if near.shape == seen.shape else _slices(seen[0])
    # An axis that is longer is most of the tensor.
    regions = (whole, _parts(along) if last <= _MOST else whole, _lanes(sums))
    totals = np.concatenate([total for total, _ in regions], axis=1)
    times = (1, sums.shape[1] // along.shape[1], 1)
    sizes = np.concatenate([n * size for n, (_, size) in zip(times, regions, strict=True)])
    counts = np.concatenate([len(seen) * sizes] * 2)
    proxies = np.concatenate([np.full(sizes.size, proxy) for proxy in _PROXIES])
    return Deviations(totals.ravel(), counts, proxies, resolution)


def _slices(row: Tensor) -> tuple[Floats, Counts]:
    """The same as `_parts` of a large tensor, without a copy of it."""
    parts = torch.split(row, -(-row.numel() // PARTS))
    found = [torch.stack([part.sum(), torch.dot(part, part)]) for part in parts]
    totals, sizes = np.zeros((2, PARTS)), np.zeros(PARTS, dtype=np.int64)
    sizes[: len(parts)] = [part.numel() for part in parts]
    totals[:, : len(parts)] = torch.stack(found, 1).cpu().numpy()
    totals[1] -= sizes / 12
    return totals, sizes


def _parts(rows: Floats) -> tuple[Floats, Counts]:
    """Sums over parts of equal length, and their sizes; the last that is not empty is shorter."""
    entries = rows.shape[1]
    size = -(-entries // PARTS)
    whole, rest = divmod(entries, size)
    totals, sizes = np.zeros((len(rows), PARTS)), np.zeros(PARTS, dtype=np.int64)
    totals[:, :whole] = rows[:, : whole * size].reshape(len(rows), whole, size).sum(2)
    sizes[:whole] = size
    if rest:
        totals[:, whole], sizes[whole] = rows[:, whole * size :].sum(1), rest
    return totals, sizes


def _lanes(rows: Floats) -> tuple[Floats, Counts]:
    """Sums over all entries that are as far from a multiple of 16, and how many there are."""
    whole, rest = divmod(rows.shape[1], LANES)
    totals: Floats = rows[:, : whole * LANES].reshape(len(rows), whole, LANES).sum(1)
    sizes = np.full(LANES, whole, dtype=np.int64)
    totals[:, :rest] += rows[:, whole * LANES :]
    sizes[:rest] += 1
    return totals, sizes
