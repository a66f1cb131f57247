"""What can be seen of a matrix as a whole: whether it is orthogonal, whether it is sparse."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from verify.laws import Haar

_HEAD = 8
"""Rows of a matrix by which most that are not orthogonal are told."""

_SINGLE = 2.0**-23
"""The machine epsilon in which a narrower matrix was made orthogonal."""


def zeros_of_columns(values: Tensor) -> int:
    """How many zeros each column of a matrix holds, if it is the same number; else 0."""
    if values.dim() != 2 or min(values.shape) < 2:
        return 0
    zeros = (values == 0).sum(0)
    low, high = (int(end) for end in torch.aminmax(zeros))
    return low if low == high < values.shape[0] else 0


def gain_of(values: Tensor, count: int) -> float:
    """The gain of a tensor whose equal parts are orthogonal; else 0.

    The smaller side of each part has a Gram matrix of gain² times the identity, up to the
    rounding of the factorization and of the entries (see `verify.laws.Haar.tolerance`).
    """
    gains = [_gain(part.flatten(1)) for part in values.chunk(count)]
    near = max(gains) - min(gains) <= 8 * torch.finfo(values.dtype).eps * max(gains)
    return sum(gains) / count if min(gains) > 0 and near else 0.0


def _gain(part: Tensor) -> float:
    rows, columns = part.shape
    wide = (part if rows <= columns else part.T).to(torch.float64)
    epsilon = torch.finfo(part.dtype).eps
    within = 3 * epsilon + Haar.tolerance(rows, columns, min(epsilon, _SINGLE))
    for several in (wide[:_HEAD], wide):
        gram = several @ several.T
        square = float(gram.diagonal().mean())
        if not square > 0:
            return 0.0
        gram.diagonal().sub_(square)
        if not float(gram.abs().max()) <= within * square:
            return 0.0
    return math.sqrt(square) if max(rows, columns) > 1 else 0.0
