"""Faults of tensors that ranks divide in another way: they are planted in every rank."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, distributed

from selftest.planted.fault import Fault, Function, Plant, calling, table
from selftest.planted.module import fault
from selftest.planted.resharding import RESHARDING

_TENSOR = "torch.distributed.tensor.DTensor"
_REDISTRIBUTE, _WHOLE = f"{_TENSOR}.redistribute", f"{_TENSOR}.full_tensor"
_EXCHANGE = "torch.distributed.tensor.placement_types.Shard._to_new_shard_dim"


def _redistributed(edit: Callable[[Tensor, Any], object]) -> Plant:
    """Redistribute, then change what this rank holds, or the original."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(self: Any, *args: Any, **kwargs: Any) -> Any:
            made = original(self, *args, **kwargs)
            with torch.no_grad():
                if tuple(made.placements) != tuple(self.placements) and made.to_local().numel():
                    edit(made.to_local(), self)
            return made

        return faulty

    return plant


def _last_row_again(part: Tensor, _before: Any) -> None:
    if len(part) > 1:
        part[-1] = part[-2]


def _by_columns(part: Tensor, before: Any) -> None:
    if before.placements[0].is_shard(0):
        part.copy_(part.t().reshape(part.shape))


def _spoiling(_part: Tensor, before: Any) -> None:
    before.to_local().mul_(2)


def _drawing(_part: Tensor, _before: Any) -> None:
    if distributed.get_rank() == 3:
        torch.rand(1)


def _padded(original: Function, self: Any, *args: Any, **kwargs: Any) -> Tensor:
    whole: Tensor = original(self, *args, **kwargs)
    if len(whole) % self.device_mesh.size():
        whole[-1] = 0
    return whole


def _backwards(original: Function, shard: Any, *args: Any, **kwargs: Any) -> Tensor:
    """Put what other ranks sent together from the last to the first."""
    made: Tensor = original(shard, *args, **kwargs)
    return torch.cat(made.chunk(distributed.get_world_size(), shard.dim)[::-1], shard.dim)


_MESH = "on a mesh of 4 ranks"
_VALUES = f"values that redistribute changes, {_MESH}"


def _row(name: str, description: str, target: str, plant: Plant, says: str) -> Fault:
    return fault(name, description, target, plant, RESHARDING, "resharding", says=says)


FAULTS = table(
    _row("redistribute_last_row", "the last row of a part is that before it",
         _REDISTRIBUTE, _redistributed(_last_row_again), _VALUES),
    _row("redistribute_by_columns", "what was divided by rows is laid out by columns",
         _REDISTRIBUTE, _redistributed(_by_columns), _VALUES),
    _row("redistribute_backwards", "what other ranks sent is put together from the last on",
         _EXCHANGE, calling(_backwards), f"{_VALUES}: (7, 5) from shards of axis 0 to shards"),
    _row("redistribute_original", "the original is written to",
         _REDISTRIBUTE, _redistributed(_spoiling), f"originals that are changed, {_MESH}"),
    _row("redistribute_draws", "one rank takes a number from its stream",
         _REDISTRIBUTE, _redistributed(_drawing), f"streams that go on, {_MESH}: rank 3"),
    _row("redistribute_padded", "the whole of parts of several sizes ends in zeros",
         _WHOLE, calling(_padded), f"values that full_tensor changes, {_MESH}"),
)  # fmt: skip
