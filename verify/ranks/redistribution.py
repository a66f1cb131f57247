"""What ranks do when a tensor that they hold is divided in another way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from verify.ranks.placements import Placed, digest
from verify.ranks.resharding import EVEN, UNEVEN, divided, local, values
from verify.ranks.tasks import mesh_of, placements_of

Shape = tuple[int, ...]
"""Of a tensor."""

SHAPES: Mapping[tuple[int, ...], tuple[Shape, ...]] = {
    (4,): (UNEVEN, EVEN),
    (2, 2): (UNEVEN,),
}
"""By mesh, the shapes of the tensors that are divided on it."""

_AXES = (0, 1, None)


def placed_on(mesh: tuple[int, ...]) -> Iterator[Placed]:
    """Every way to divide a matrix on a mesh."""
    for axes in itertools.product(_AXES, repeat=len(mesh)):
        words = ("replicas" if axis is None else f"shards of axis {axis}" for axis in axes)
        yield Placed(" by ".join(words), mesh, axes)


def whole(shape: Shape) -> Tensor:
    """What is divided."""
    return values(0, shape, torch.float32)


@dataclass(frozen=True)
class Redistributed:
    """What a rank holds of a tensor that is divided anew.

    Attributes
    ----------
    parts : mapping
        The digest of what it holds of each, by shape, the way before and the way after.
    wholes : mapping
        The digest of what `full_tensor` makes of each, by shape and the way before.
    changed : tuple
        Originals that are not as before, by shape and way.
    drew : bool
        Whether the stream of this rank went on.
    """

    parts: Mapping[tuple[Shape, Placed, Placed], bytes]
    wholes: Mapping[tuple[Shape, Placed], bytes]
    changed: tuple[tuple[Shape, Placed], ...]
    drew: bool


def redistribute(mesh: tuple[int, ...]) -> Redistributed:
    """Divide tensors in every way, and each anew in every way."""
    stream, device_mesh, ways = torch.get_rng_state(), mesh_of(mesh), [*placed_on(mesh)]
    parts = dict[tuple[Shape, Placed, Placed], bytes]()
    wholes = dict[tuple[Shape, Placed], bytes]()
    changed = list[tuple[Shape, Placed]]()
    for shape, before in itertools.product(SHAPES[mesh], ways):
        original = divided(before, whole(shape))
        kept = digest(local(original))
        for after in ways:
            made = original.redistribute(device_mesh, placements_of(after, len(shape)))
            parts[shape, before, after] = digest(local(made))
        wholes[shape, before] = digest(original.full_tensor())
        if digest(local(original)) != kept:
            changed.append((shape, before))
    drew = not torch.equal(stream, torch.get_rng_state())
    return Redistributed(parts, wholes, tuple(changed), drew)
