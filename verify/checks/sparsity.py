"""Reduce samples of sparse matrices: how many zeros, where, and the law of the rest."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from verify.checks import independent
from verify.checks.independent import lattice_of
from verify.checks.statistics import Exact, Rare, Statistic, Surplus, Tally
from verify.checks.statistics.base import Counts, Floats
from verify.checks.words import DISTANCES, NEIGHBOURS, PARTS, RESIDUES
from verify.laws import Sparse

Statistics = dict[str, Statistic]

STRIPES = PARTS
"""Equal parts of a column, from the first row to the last, in which zeros are counted."""

_NEAR = 1 << 15
"""Entries among which zeros at many distances are looked for."""


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
        per_row, counts = zero.sum(dim=(0, 2)).cpu().numpy(), per_column.flatten().cpu().numpy()
        columns = zero.transpose(0, 1).reshape(rows, -1)
        found["zero_position"] = _places(columns[:, : 1 + _NEAR // rows], per_row, counts)
        found["zero_rows"] = Tally(_stripes(per_row))
        found["zero_overlap"] = _overlaps(columns, counts, cols)
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


def _places(columns: Tensor, per_row: Counts, per_column: Counts) -> Surplus:
    """Where the zeros of a column lie, given how many it has: any rows are as likely.

    So those in a set of rows are hypergeometric, whatever the lattice does. Their mean row, scaled
    to [−1, 1], is a sum of draws without replacement: in convex order one with replacement, of the
    proxy 1/3, dominates it (Hoeffding 1963, theorem 4), and that of the rows left out.
    """
    rows = per_row.size
    place = (2 * np.arange(rows) + 1) / rows - 1
    drawn = int(np.minimum(per_column, rows - per_column).sum())
    mean = np.array([per_row @ place, drawn, drawn / 3])
    index = np.arange(rows)
    sets = [_in_sets(per_row, per_column, np.minimum(index, 1) + (index == rows - 1))[:, [0, 2]]]
    sets += [_in_sets(per_row, per_column, index * PARTS // rows, PARTS)]
    sets += [_in_sets(per_row, per_column, index % divisor, divisor) for divisor in RESIDUES]
    return _surplus(mean[:, None], *sets, _distances(columns))


def _in_sets(per_row: Counts, per_column: Counts, sets: Counts, number: int = 3) -> Floats:
    """Zeros in each set of rows beyond their mean, how many zeros there are, and the variance."""
    rows, zeros = per_row.size, int(per_column.sum())
    size = np.bincount(sets, minlength=number)
    excess = np.bincount(sets, weights=per_row, minlength=number) - zeros * size / rows
    spread = float(per_column @ (rows - per_column)) / (rows**2 * (rows - 1.0))
    return np.stack([excess, np.full(number, zeros), spread * size * (rows - size)])


def _distances(columns: Tensor) -> Floats:
    """Zeros at a distance from another zero of their column.

    Rows are cut into blocks as long as the distance, and every second one is laid beside the next.
    Given the zeros of the one block and the number in the other, these are any of its rows.
    """
    rows, found = len(columns), np.zeros((len(DISTANCES), 3, columns.shape[1]))
    held = columns.to(torch.float32)
    pairs = [rows // (2 * distance) * distance for distance in DISTANCES]
    for place, (distance, n) in enumerate(zip(DISTANCES, pairs, strict=True)):
        if n < 2:
            continue
        one, other = held[: 2 * n].view(-1, 2, distance, held.shape[1]).unbind(1)
        both = torch.stack([one.sum((0, 1)), other.sum((0, 1)), (one * other).sum((0, 1))])
        found[place] = both.cpu().numpy()
    a, b, shared = found[:, 0], found[:, 1], found[:, 2]
    n = np.array(pairs, dtype=float).clip(2)[:, None]
    return _together(a, b, shared.sum(-1), n)


def _together(a: Floats, b: Floats, shared: Floats, n: Floats | float) -> Floats:
    """What sets of sizes `a` and `b` of `n` rows share beyond the mean, draws, and variance.

    Sums over the last axis of hypergeometric counts.
    """
    excess = shared - (a * b / n).sum(-1)
    variance = (a * (n - a) * b * (n - b) / (n**2 * (n - 1))).sum(-1)
    return np.stack([excess, b.sum(-1), variance])


def _overlaps(columns: Tensor, per_column: Counts, width: int) -> Surplus:
    """Zeros that a column shares with one further on, in the sequence of all calls' columns.

    Pairs at one distance form paths: given the columns before it, what a column shares with one of
    them is hypergeometric, and its law is the same whatever these are. So the counts of one
    distance are independent, and given the columns' own numbers of zeros no lattice matters.
    """
    whole, some = len(per_column), 1 + _NEAR // len(columns)
    lags = [(width, whole), (2 * width, whole), (width // 2, whole), (1, whole if width > 1 else 0)]
    lags += [(lag, some) for lag in range(2, min(width - 1, NEIGHBOURS) + 1)]
    return _surplus(np.stack([_shared(columns, per_column, *lag) for lag in lags], axis=1))


def _shared(columns: Tensor, per_column: Counts, lag: int, number: int) -> Floats:
    """The overlaps of pairs at one distance among the first so many columns."""
    if not 0 < lag < (number := min(number, len(per_column))):
        return np.zeros(3)
    near, far = slice(0, number - lag), slice(lag, number)
    shared = int(torch.count_nonzero(columns[:, near] & columns[:, far]))
    zeros = per_column.astype(float)
    return _together(zeros[near], zeros[far], np.array(shared, dtype=float), len(columns))


def _surplus(*found: Floats) -> Surplus:
    totals, counts, variances = np.concatenate(found, axis=1)
    return Surplus(totals, counts.astype(np.int64), variances)


def _stripes(per_row: Counts) -> Floats:
    """Zeros in each of `STRIPES` equal parts of a column; those of a row are spread over its share.

    Whatever the number of rows, zeros that fall anywhere fill all parts alike.
    """
    below = np.concatenate([[0], np.cumsum(per_row)])
    ends = np.linspace(0, per_row.size, STRIPES + 1)
    stripes: Floats = np.diff(np.interp(ends, np.arange(per_row.size + 1), below))
    return stripes
