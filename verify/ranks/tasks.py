"""What ranks do when asked: fill tensors that they hold together, and hand their parts over."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Placement, Replicate, Shard, distribute_tensor

from verify import torch_api
from verify.ranks.place import here
from verify.ranks.placements import Placed, digest

_T = TypeVar("_T")

Part = tuple[Tensor, bytes]
"""What a rank holds, calls first; and the digest of what `full_tensor` makes of the last call."""


@cache
def mesh_of(sizes: tuple[int, ...]) -> DeviceMesh:
    """The mesh of the first ranks; each rank makes it, also one that is not part of it."""
    names = ("replicate", "shard")[-len(sizes) :]
    ranks = torch.arange(math.prod(sizes)).view(sizes)
    return DeviceMesh(here().type, ranks, mesh_dim_names=names)


def placements_of(placed: Placed, dims: int) -> list[Placement]:
    """The placements as PyTorch names them."""
    return [Replicate() if axis is None else Shard(axis % dims) for axis in placed.axes]


def seed(seeds: Sequence[int]) -> None:
    """Seed the streams of this rank."""
    torch.manual_seed(seeds[distributed.get_rank()])


class Elsewhere(Exception):
    """Another rank has raised: it says why."""


def together(call: Callable[[], _T]) -> _T:
    """Make a call on every rank; no rank goes on to meet one that has raised.

    Raises
    ------
    Elsewhere
        Where another rank has raised.
    """
    raised: list[Exception] = []
    try:
        made = call()
    except Exception as reason:
        raised.append(reason)
    count = torch.tensor(len(raised))
    distributed.all_reduce(count)
    if raised:
        raise raised[0]
    if count:
        raise Elsewhere
    return made


def fill(
    placed: Placed,
    name: str,
    arguments: Mapping[str, object],
    shape: tuple[int, ...],
    dtype: torch.dtype,
    seeds: Sequence[int],
    calls: int,
) -> Mapping[str, Part] | None:
    """Fill a sharded tensor full of NaN by an initializer, so many times."""
    mesh, is_part = mesh_of(placed.mesh), distributed.get_rank() < placed.ranks
    parts = list[Tensor]()
    blank = torch.full(shape, torch.nan, dtype=dtype, device=here())
    tensor = distribute_tensor(blank, mesh, placements_of(placed, len(shape))) if is_part else blank
    function = torch_api.filler(name, arguments, None)
    seed(seeds)

    def filled() -> None:
        for _ in range(calls if is_part else 0):
            _local(tensor).fill_(torch.nan)
            function(tensor)
            parts.append(_local(tensor).clone())

    together(filled)
    return {"": (torch.stack(parts).cpu(), _whole(placed, tensor))} if is_part else None


def materialise(
    placed: Placed, of: nn.Module, seeds: Sequence[int], calls: int
) -> Mapping[str, Part] | None:
    """Shard a module of the meta device, give it memory full of NaN, and reset it as often."""
    mesh, is_part = mesh_of(placed.mesh), distributed.get_rank() < placed.ranks
    parts: dict[str, list[Tensor]] = {}
    if is_part:
        fully_shard(of, mesh=mesh)
        of.to_empty(device=here())
    seed(seeds)

    def filled() -> None:
        for _ in range(calls if is_part else 0):
            torch_api.poison(of)
            torch_api.reset(of)
            for name, tensor in torch_api.state(of).items():
                parts.setdefault(name, []).append(_local(tensor).clone())

    together(filled)
    if not is_part:
        return None
    state = torch_api.state(of)
    return {
        name: (torch.stack(each).cpu(), _whole(placed, state[name])) for name, each in parts.items()
    }


def _local(tensor: Tensor) -> Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def _whole(placed: Placed, tensor: Tensor) -> bytes:
    """The digest of the whole; of parts of a wrong shape none is made, which might never end."""
    if not isinstance(tensor, DTensor):
        return digest(tensor)
    bounds = placed.slices(distributed.get_rank(), tensor.shape)
    held = tuple(each.stop - each.start for each in bounds)
    return digest(tensor.full_tensor()) if tensor.to_local().shape == held else b""


def distributed_parts(placed: Placed, source: Tensor, *, keeps_rank: int = 0) -> Part | None:
    """Distribute a tensor of which each rank but the first has another version."""
    mesh = mesh_of(placed.mesh)
    if distributed.get_rank() >= placed.ranks:
        return None
    own = source if distributed.get_rank() == keeps_rank else torch.full_like(source, torch.nan)
    made = distribute_tensor(own, mesh, placements_of(placed, source.ndim))
    return made.to_local().clone()[None], _whole(placed, made)


def factory(placed: Placed, name: str, shape: tuple[int, ...], *fill_value: float) -> Part | None:
    """Call a factory of `torch.distributed.tensor`."""
    mesh = mesh_of(placed.mesh)
    if distributed.get_rank() >= placed.ranks:
        return None
    make: Callable[..., DTensor] = getattr(torch.distributed.tensor, name)
    placements = placements_of(placed, len(shape))
    made = make(shape, *fill_value, device_mesh=mesh, placements=placements)
    return made.to_local().clone()[None], _whole(placed, made)


def silent(name: str, shape: tuple[int, ...], seed: int) -> tuple[Tensor, bool]:
    """Fill shards from one seed on all ranks: what this one holds, and whether it was warned."""
    tensor = distribute_tensor(torch.zeros(shape), mesh_of((4,)), [Shard(0)])
    torch.manual_seed(seed)
    with warnings.catch_warnings(record=True) as caught, contextlib.suppress(NotImplementedError):
        warnings.simplefilter("always")
        torch_api.filler(name, {}, None)(tensor)
    return tensor.to_local().clone(), any("complete support" in str(w.message) for w in caught)
