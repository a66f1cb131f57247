"""Reduce samples of sparse matrices: how many zeros, where, and the law of the rest."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from verify.checks import independent
from verify.checks.independent import lattice_of
from verify.checks.statistics import Deviations, Exact, Rare, Statistic, Tally
from verify.checks.statistics.base import Counts, Floats
from verify.laws import Sparse

Statistics = dict[str, Statistic]

STRIPES = 32
"""Equal parts of a column, from the first row to the last, in which zeros are counted."""


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
    per_column = zero.sum(1)
    made = _made(zero, per_column, lawful, host)
    rest = values[~made.view(values.shape)][None, :]
    found = independent.reduce(rest, (rest.numel(),), law.values, host, sort=sort)
    if "finite" in found and len(found) == 1:
        return found
    # The rest is one flat sample: places and axes of the matrix are not to be read in it.
    found.pop("position", None)
    found["zero_count"] = Exact(per_column.numel(), int((per_column < lawful).sum()))
    mass = _zero_mass(law, values.dtype)
    extra = int((per_column - lawful).clamp_min(0).sum())
    found["extra_zeros"] = Rare(extra, rest.numel() * mass, rest.numel())
    if 0 < lawful < rows:
        per_row = zero.sum(dim=(0, 2)).cpu().numpy()
        found["zero_position"] = _places(per_row, zero.shape[0] * cols)
        found["zero_rows"] = Tally(_stripes(per_row))
        found["zero_overlap"] = _overlaps(zero, lawful, mass)
    return found


def _zero_mass(law: Sparse, dtype: torch.dtype) -> float:
    """Bound on the probability that a normal draw is zero: 2^-22 in float32, more in half."""
    return min(1.0, independent.resolution(law.values, dtype) + lattice_of(dtype).draw_step)


def _made(zero: Tensor, per_column: Tensor, lawful: int, host: np.random.Generator) -> Tensor:
    """Which of the zeros were made: where a column has more than the law's, any of them alike.

    Where they are made does not depend on what was drawn, so given a column's zeros each choice
    of `lawful` of them is as likely. The others are draws that are zero or were rounded to it.
    """
    beyond = per_column > lawful
    if not bool(beyond.any()):
        return zero
    made, crowded = zero.clone(), zero.mT[beyond]
    score = torch.from_numpy(host.random(crowded.shape)).to(zero.device)
    rank = torch.where(crowded, score, 2.0).argsort(1).argsort(1)
    made.mT[beyond] = crowded & (rank < lawful)
    return made


def _places(per_row: Counts, columns: int) -> Deviations:
    """Mean row of the zeros, scaled to [−1, 1], and how often the first and last row are zero.

    Sums of draws without replacement are dominated, in convex order, by sums with
    replacement (Hoeffding 1963, theorem 4), whose proxies are at most 1/3 and 1/4.
    """
    rows, zeros = per_row.size, int(per_row.sum())
    place = (2 * np.arange(rows) + 1) / rows - 1
    expected = zeros / rows
    totals = np.array([per_row @ place, per_row[0] - expected, per_row[-1] - expected])
    return Deviations(totals, np.array([zeros, columns, columns]), np.array([1 / 3, 1 / 4, 1 / 4]))


def _stripes(per_row: Counts) -> Floats:
    """Zeros in each of `STRIPES` equal parts of a column; those of a row are spread over its share.

    Whatever the number of rows, zeros that fall anywhere fill all parts alike.
    """
    below = np.concatenate([[0], np.cumsum(per_row)])
    ends = np.linspace(0, per_row.size, STRIPES + 1)
    stripes: Floats = np.diff(np.interp(ends, np.arange(per_row.size + 1), below))
    return stripes


def _overlaps(zero: Tensor, lawful: int, mass: float) -> Deviations:
    """Zeros that a column shares with the next one, beyond the hypergeometric mean.

    With probability q an entry is zero that was not made so: the mean share of rows that both
    columns have is at most ``(s + q)²`` in place of ``s²``.
    """
    rows = zero.shape[1]
    shared = int((zero[:, :, 1:] & zero[:, :, :-1]).sum())
    pairs = zero.shape[0] * (zero.shape[2] - 1)
    excess = shared - pairs * lawful**2 / rows
    count, proxy = np.array([pairs * lawful]), np.array([1 / 4])
    return Deviations(np.array([excess]), count, proxy, mass * (2 + mass * rows / lawful))
