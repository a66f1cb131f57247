"""The sparse law: zeros placed at random in each column, normal elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from verify.laws.arguments import require_reals
from verify.laws.base import Family, Law, Shape
from verify.laws.continuous import Normal
from verify.laws.lattice import Lattice


@dataclass(frozen=True)
class Sparse(Law):
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

    @property
    def family(self) -> Family:
        """Its values are normal where they are not zeroed."""
        return Family("sparse", ())

    def zeros(self, rows: int) -> int:
        """Zeros in a column of `rows` entries: ``ceil(sparsity · rows)``, in doubles."""
        return math.ceil(self.sparsity * rows)

    @property
    def values(self) -> Normal:
        """The law of the entries that are not zeroed."""
        return Normal(0.0, self.std)

    def is_random(self, shape: Shape) -> bool:
        """In a column of one row the place of a zero is not."""
        return super().is_random(shape) and shape[0] > 1

    def fits(self, lattice: Lattice) -> bool:  # noqa: D102
        return self.values.fits(lattice)

    def entropy(self, shape: Shape, lattice: Lattice) -> float:
        """That of the values which are not zeroed, for a matrix."""
        if len(shape) != 2:
            return 0.0
        rows, columns = shape
        return self.values.entropy((rows - self.zeros(rows), columns), lattice)

    def components(self) -> tuple[Sparse, Sparse]:  # noqa: D102
        values, _ = self.values.components()
        part = Sparse(self.sparsity, values.std)
        return part, part

    def demands(self, shape: Shape) -> Iterator[tuple[str, bool]]:  # noqa: D102
        yield "0 ≤ sparsity ≤ 1", 0 <= self.sparsity <= 1
        yield "std > 0", 0 < self.std < math.inf
        yield "a matrix", len(shape) == 2
