"""What ranks do with tensors that they store together and load in another number."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed.checkpoint
from torch import Tensor, distributed
from torch.distributed import ProcessGroup
from torch.distributed.tensor import DTensor

from verify.ranks.placements import PLACED, WORLD, Placed, digest
from verify.ranks.tasks import mesh_of, placements_of, together

checkpoint: Any = torch.distributed.checkpoint
"""It exports nothing by name."""

UNEVEN, EVEN = (7, 5), (8, 4)
"""Sizes that are no multiple of a number of ranks, five columns leave a rank with none; and that
are one."""

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.int64)

STORED: Mapping[int, tuple[Placed, ...]] = {
    WORLD: tuple(placed for placed in PLACED if placed.ranks == WORLD),
    2: (
        Placed("two shards", (2,), (0,)),
        Placed("two shards of the last axis", (2,), (-1,)),
        Placed("two replicas", (2,), (None,)),
        Placed("two shards on a mesh of two axes", (2, 1), (-1, 0)),
    ),
}
"""By their number, how ranks divide what they store and load."""

_POISON = -7


@dataclass(frozen=True)
class Item:
    """A tensor of a checkpoint.

    Attributes
    ----------
    name : str
    saved, loaded : Placed
        How it is divided when it is saved and when it is loaded.
    shape : tuple of int
    dtype : torch.dtype
    of : int
        Which values it holds.
    """

    name: str
    saved: Placed
    loaded: Placed
    shape: tuple[int, ...]
    dtype: torch.dtype
    of: int

    @property
    def values(self) -> Tensor:
        """What it holds."""
        return values(self.of, self.shape, self.dtype)


def items(saving: int, loading: int) -> Iterator[Item]:
    """Every way to divide a tensor for so many ranks, and then for so many others."""
    ways = itertools.product((UNEVEN, EVEN), STORED[saving], STORED[loading])
    for of, (shape, saved, loaded) in enumerate(ways):
        name = f"{shape} from {saved.name} to {loaded.name}"
        yield Item(name, saved, loaded, shape, DTYPES[of % len(DTYPES)], of)


def values(of: int, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Numbers of which no two of a tensor are alike, nor those of two tensors at one place.

    They take every bit of the dtype: a narrower one loses something. Those that are no integers
    are negative, the zero among them.
    """
    count = torch.arange(torch.Size(shape).numel())
    whole = ((count * 7 + 13 * of) % 251).view(tuple(shape))
    if not dtype.is_floating_point:
        return (whole << 55 | 1).to(dtype)
    return -(whole.double() * (1 + torch.finfo(dtype).eps)).to(dtype)


def poisoned(like: Tensor) -> Tensor:
    """Memory of that form which nobody has written to."""
    return torch.full_like(like, torch.nan if like.is_floating_point() else _POISON)


def divided(placed: Placed, whole: Tensor) -> DTensor:
    """A tensor that everyone has, divided so; nothing is sent."""
    mesh, placements = mesh_of(placed.mesh), placements_of(placed, whole.ndim)
    part = whole[placed.slices(distributed.get_rank(), whole.shape)].clone()
    made: DTensor = DTensor.from_local(
        part, mesh, placements, shape=whole.shape, stride=whole.stride(), run_check=False
    )
    return made


@contextmanager
def checkpointing() -> Iterator[None]:
    """Let what goes wrong with a checkpoint be an exception as any: its own is none."""
    try:
        yield
    except checkpoint.CheckpointException as reason:
        raise RuntimeError(f"{reason}") from reason


def store(what: Mapping[str, object], folder: str, group: ProcessGroup) -> None:
    """Write a checkpoint, each rank its own part."""
    writer = checkpoint.FileSystemWriter(folder)
    with checkpointing():
        checkpoint.save({**what}, storage_writer=writer, process_group=group)


def load(into: dict[str, Any], folder: str, *group: ProcessGroup, partly: bool = False) -> None:
    """Read a checkpoint, with others or, without a group, alone; in part where that is allowed."""
    reader = checkpoint.FileSystemReader(folder)
    planner = checkpoint.DefaultLoadPlanner(allow_partial_load=partly)
    among = {"process_group": group[0]} if group else {"no_dist": True}
    with checkpointing():
        checkpoint.load(into, storage_reader=reader, planner=planner, **among)


@dataclass(frozen=True)
class Held:
    """What a rank holds.

    Attributes
    ----------
    digests : mapping
        Of each part, by name.
    unwritten : mapping
        How many of its entries are as they were poisoned, by name, where there are any.
    drew : bool
        Whether the stream of this rank went on.
    """

    digests: Mapping[str, bytes]
    unwritten: Mapping[str, int]
    drew: bool


def local(tensor: Tensor) -> Tensor:
    """What this rank holds of a tensor."""
    return (tensor.to_local() if isinstance(tensor, DTensor) else tensor).detach()


def held(state: Mapping[str, Tensor], before: Tensor) -> Held:
    """What this rank holds, and whether its stream went on since it was in a state."""
    parts = {name: local(tensor) for name, tensor in state.items()}
    unwritten = {name: int(_left(part).sum()) for name, part in parts.items()}
    return Held(
        {name: digest(part) for name, part in parts.items()},
        {name: count for name, count in unwritten.items() if count},
        not torch.equal(before, torch.get_rng_state()),
    )


def _left(part: Tensor) -> Tensor:
    return part.isnan() if part.is_floating_point() else part == _POISON


def reshard(saving: int, loading: int, folder: str) -> tuple[Held | None, Held | None]:
    """Store on the first ranks, load on others: what this one held afterwards, each time."""
    rank, every = distributed.get_rank(), [(each, each.values) for each in items(saving, loading)]
    meshes = [mesh_of((ranks,)) for ranks in (saving, loading)]
    stream = torch.get_rng_state()

    def stored() -> Held | None:
        if rank >= saving:
            return None
        state = {each.name: divided(each.saved, whole) for each, whole in every}
        store(state, folder, meshes[0].get_group())
        return held(state, stream)

    def loaded() -> Held | None:
        if rank >= loading:
            return None
        state: dict[str, Any] = {
            each.name: divided(each.loaded, poisoned(whole)) for each, whole in every
        }
        load(state, folder, meshes[1].get_group())
        return held(state, stream)

    return together(stored), together(loaded)
