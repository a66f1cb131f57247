"""Laws without randomness: constants, the identity, the Dirac delta."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from verify.laws.arguments import require_count, require_reals
from verify.laws.base import Law, Shape
from verify.laws.lattice import Lattice

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Structure(Law):
    """A tensor known exactly: `ones` at some coordinates, `background` elsewhere."""

    background: float

    def __post_init__(self) -> None:
        require_reals(self, "background")

    def ones(self, shape: Sequence[int]) -> Indices:
        """Coordinates of the entries equal to one, shape ``(count, len(shape))``."""
        return np.empty((0, len(shape)), dtype=np.int64)

    def is_random(self, shape: Shape) -> bool:  # noqa: D102
        return False

    def fits(self, lattice: Lattice) -> bool:
        """An infinite value is one of the format."""
        return not math.isfinite(self.background) or abs(self.background) <= lattice.largest

    def components(self) -> tuple[Structure, Structure]:  # noqa: D102
        return self, Constant(0.0)


@dataclass(frozen=True)
class Constant(Structure):
    """Every entry is `background`, rounded to the dtype."""


@dataclass(frozen=True)
class Eye(Structure):
    """Ones on the main diagonal of a (rectangular) matrix, zeros elsewhere."""

    background: float = 0.0

    def ones(self, shape: Sequence[int]) -> Indices:  # noqa: D102
        diagonal = np.arange(min(shape))
        return np.stack([diagonal, diagonal], axis=1)

    def demands(self, shape: Shape) -> Iterator[tuple[str, bool]]:  # noqa: D102
        yield "a matrix", len(shape) == 2


@dataclass(frozen=True)
class Dirac(Structure):
    """The identity convolution on as many channels of each group as possible.

    Within each of `groups` groups of ``out / groups`` filters, filter d passes input
    channel d through unchanged: a delta at the centre ``k // 2`` of every kernel axis,
    which with a padding of ``k // 2`` is the identity for even kernels too.

    Source: the documentation of ``torch.nn.init.dirac_``; Zagoruyko & Komodakis 2017,
    *DiracNets*, sec. 3.
    """

    groups: int = 1
    background: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count(self, "groups")

    def ones(self, shape: Sequence[int]) -> Indices:  # noqa: D102
        out, inputs, *kernel = shape
        filters = out // self.groups
        group, channel = np.meshgrid(
            np.arange(self.groups), np.arange(min(filters, inputs)), indexing="ij"
        )
        columns = [(group * filters + channel).ravel(), channel.ravel()]
        centres = [np.full(columns[0].size, k // 2) for k in kernel]
        return np.stack(columns + centres, axis=1)

    def demands(self, shape: Shape) -> Iterator[tuple[str, bool]]:  # noqa: D102
        yield "a tensor of three to five axes", 3 <= len(shape) <= 5
        yield "groups of equal size", shape[0] % self.groups == 0
