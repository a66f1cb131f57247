"""Reduce samples of sparse matrices: how many zeros, where, and the law of the rest."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from verify.checks import independent
from verify.checks.independent import lattice_of
from verify.checks.statistics import Deviations, Exact, Rare, Statistic
from verify.laws import Sparse

Statistics = dict[str, Statistic]


def reduce(
    values: Tensor,
    shape: tuple[int, ...],
    law: Sparse,
    host: np.random.Generator,
    *,
    sort: bool,
) -> Statistics:
    """Summarise `values`, shape ``(calls, rows·cols)``, as matrices of `law`."""
    if values.numel() == 0:
        return {}
    rows, cols = shape
    matrices = values.view(-1, rows, cols)
    lawful = law.zeros(rows)
    zero = matrices == 0
    rest = values[~zero.view(values.shape)][None, :]
    found = independent.reduce(rest, (rest.numel(),), law.values, host, sort=sort)
    if "finite" in found and len(found) == 1:
        return found
    # The rest is one flat sample: places and axes of the matrix are not to be read in it.
    found.pop("position", None)
    per_column = zero.sum(1)
    found["zero_count"] = Exact(per_column.numel(), int((per_column < lawful).sum()))
    found["extra_zeros"] = _extra(per_column, lawful, rest.numel(), law, values.dtype)
    if 0 < lawful < rows:
        found["zero_position"] = _places(zero)
        found["zero_overlap"] = _overlaps(zero, lawful)
    return found


def _extra(per_column: Tensor, lawful: int, rest: int, law: Sparse, dtype: torch.dtype) -> Rare:
    """Zeros beyond the law's number: a normal draw is itself zero once in 2^24."""
    lattice = lattice_of(dtype)
    extra = int((per_column - lawful).clamp_min(0).sum())
    return Rare(extra, rest * law.values.point_mass(lattice.step, lattice.draw_step), rest)


def _places(zero: Tensor) -> Deviations:
    """Mean row of the zeros, scaled to [−1, 1], and how often the first and last row are zero.

    Sums of draws without replacement are dominated, in convex order, by sums with
    replacement (Hoeffding 1963, theorem 4), whose proxies are at most 1/3 and 1/4.
    """
    rows = zero.shape[1]
    per_row = zero.sum(dim=(0, 2)).cpu().numpy()
    zeros, columns = int(per_row.sum()), zero.shape[0] * zero.shape[2]
    place = (2 * np.arange(rows) + 1) / rows - 1
    expected = zeros / rows
    totals = np.array([per_row @ place, per_row[0] - expected, per_row[-1] - expected])
    return Deviations(totals, np.array([zeros, columns, columns]), np.array([1 / 3, 1 / 4, 1 / 4]))


def _overlaps(zero: Tensor, lawful: int) -> Deviations:
    """Zeros that a column shares with the next one, beyond the hypergeometric mean."""
    rows = zero.shape[1]
    shared = int((zero[:, :, 1:] & zero[:, :, :-1]).sum())
    pairs = zero.shape[0] * (zero.shape[2] - 1)
    excess = shared - pairs * lawful**2 / rows
    return Deviations(np.array([excess]), np.array([pairs * lawful]), np.array([1 / 4]))
