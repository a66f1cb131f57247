"""The sparse law: zeros placed at random in each column, normal elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass

from verify.laws.arguments import require_reals
from verify.laws.continuous import Normal


@dataclass(frozen=True)
class Sparse:
    """A matrix with a fixed number of zeros in each column, the rest N(0, std²).

    The zeros of a column are a uniform random subset of its rows, independent of the
    other columns.

    Source: Martens 2010, *Deep learning via Hessian-free optimization*, sec. 5; the
    documentation of ``torch.nn.init.sparse_`` ("the fraction of elements in each column
    to be set to zero").
    """

    sparsity: float
    std: float

    def __post_init__(self) -> None:
        require_reals(self, "sparsity", "std")

    def zeros(self, rows: int) -> int:
        """Zeros in a column of `rows` entries: ``ceil(sparsity · rows)``, in doubles."""
        return math.ceil(self.sparsity * rows)

    @property
    def values(self) -> Normal:
        """The law of the entries that are not zeroed."""
        return Normal(0.0, self.std)
