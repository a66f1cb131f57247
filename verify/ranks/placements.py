"""How a tensor is divided among ranks, and put together again without PyTorch's help."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

WORLD = 4
"""Ranks of a group."""

Slices = tuple[slice, ...]


@dataclass(frozen=True)
class Placed:
    """A mesh of ranks, and for each of its axes the axis of the tensor that it divides.

    Attributes
    ----------
    name : str
    mesh : tuple of int
        Its sizes; the first ranks form it, in order.
    axes : tuple of int or None
        None stands for replicas.
    """

    name: str
    mesh: tuple[int, ...]
    axes: tuple[int | None, ...]

    def fits(self, dims: int) -> bool:
        """Whether a tensor of so many axes can be divided so."""
        return all(axis is None or -dims <= axis < dims for axis in self.axes)

    def undivided(self) -> Placed:
        """The same ranks, each of which holds everything."""
        return replace(self, name=f"replicas on {self.name}", axes=(None,) * len(self.axes))

    @property
    def is_whole(self) -> bool:
        """Whether every rank holds everything."""
        return not any(axis is not None for axis in self.axes)

    @property
    def ranks(self) -> int:
        """How many ranks hold a part."""
        return math.prod(self.mesh)

    def coordinate(self, rank: int) -> tuple[int, ...]:
        """The place of a rank in the mesh, the last axis the fastest."""
        place = []
        for size in reversed(self.mesh):
            rank, at = divmod(rank, size)
            place.append(at)
        return tuple(reversed(place))

    def shard(self, rank: int) -> tuple[int, ...]:
        """What the parts of two ranks have in common if and only if they are replicas."""
        pairs = zip(self.coordinate(rank), self.axes, strict=True)
        return tuple(at for at, axis in pairs if axis is not None)

    def slices(self, rank: int, shape: Sequence[int]) -> Slices:
        """Which entries a rank holds.

        Source: PyTorch documentation, torch.distributed.tensor: "we use torch.chunk semantic to
        shard the tensor"; one axis of the mesh after the other. torch.chunk: parts of the
        same size, the last one smaller, and perhaps fewer of them.
        """
        bounds = [(0, size) for size in shape]
        for at, count, axis in zip(self.coordinate(rank), self.mesh, self.axes, strict=True):
            if axis is not None:
                low, high = bounds[axis]
                size = -(-(high - low) // count)
                bounds[axis] = (min(low + at * size, high), min(low + (at + 1) * size, high))
        return tuple(slice(low, high) for low, high in bounds)


PLACED = (
    Placed("four shards", (4,), (0,)),
    Placed("shards and replicas", (2, 2), (None, 0)),
    Placed("shards of two axes", (2, 2), (0, 1)),
    Placed("two shards", (2,), (0,)),
    Placed("four shards of the last axis", (4,), (-1,)),
    Placed("shards of shards", (2, 2), (0, 0)),
    Placed("replicas", (4,), (None,)),
)
"""Every way in which a tensor is divided."""


def fitting(dims: int) -> tuple[Placed, ...]:
    """Those in which a tensor of so many axes can be divided."""
    return tuple(placed for placed in PLACED if placed.fits(dims))


def assembled(placed: Placed, shape: Sequence[int], parts: Sequence[Tensor]) -> Tensor:
    """The whole of parts, each with calls as its first axis; what nobody holds is NaN, or -7.

    Raises
    ------
    ValueError
        For a part of another shape than its rank must hold.
    """
    nothing = torch.nan if parts[0].is_floating_point() else -7
    whole = torch.full((len(parts[0]), *shape), nothing, dtype=parts[0].dtype)
    for rank, part in enumerate(parts):
        held = whole[(slice(None), *placed.slices(rank, shape))]
        if held.shape != part.shape:
            raise ValueError(
                f"{placed.name}: rank {rank} holds {tuple(part.shape[1:])}, "
                f"not {tuple(held.shape[1:])}"
            )
        held.copy_(part)
    return whole


def replicas(placed: Placed, parts: Sequence[Tensor]) -> Iterator[tuple[int, int]]:
    """Ranks that hold the same entries, each with the first that does."""
    first: dict[tuple[int, ...], int] = {}
    for rank in range(len(parts)):
        known = first.setdefault(placed.shard(rank), rank)
        if known != rank:
            yield known, rank


def bits(tensor: Tensor) -> Tensor:
    """The bytes of a tensor, row by row: NaN is what it is."""
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)


def digest(tensor: Tensor) -> bytes:
    """What two tensors have in common if they agree in dtype, shape and every bit."""
    of = hashlib.blake2b(f"{tensor.dtype} {tuple(tensor.shape)}".encode(), digest_size=16)
    of.update(bits(tensor.cpu()).numpy().tobytes())
    return of.digest()
