"""Other ways in which ranks may fill the tensor that they hold together."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from selftest.lawful.alternative import Alternative, Control
from selftest.planted.fault import Function, Plant, table
from selftest.planted.sharded import SHARDS, sharded

Made = Callable[[Tensor, Any], Tensor]
"""What a rank holds, of a whole that it has drawn and the tensor that is filled."""


@dataclass(frozen=True)
class InRanks(Alternative):
    """One that takes effect in other processes, which count no calls: its control shows it."""

    def missing(self, output: str) -> list[str]:
        """Return nothing: this process calls none of the targets."""
        return []


def _drawn_whole(made: Made, factor: float = 1.0) -> Plant:
    """Draw the whole tensor on every rank, and keep a part."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def filled(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            if not hasattr(tensor, "to_local"):
                return original(tensor, *args, **kwargs)
            whole = original(torch.empty(tensor.shape, dtype=tensor.dtype), *args, **kwargs)
            with torch.no_grad():
                tensor.to_local().copy_(made(whole, tensor) * factor)
            return tensor

        return filled

    return plant


def _sliced(whole: Tensor, tensor: Any) -> Tensor:
    from torch.distributed.tensor import distribute_tensor

    mesh, placements = tensor.device_mesh, tensor.placements
    return distribute_tensor(whole, mesh, placements, src_data_rank=None).to_local()


def _sent(whole: Tensor, tensor: Any) -> Tensor:
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(whole, tensor.device_mesh, tensor.placements).to_local()


def _further(original: Function) -> Function:
    """Take numbers from the stream first, as many on ranks that hold the same entries."""

    @functools.wraps(original)
    def filled(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
        if hasattr(tensor, "to_local") and tensor.dim():
            torch.rand(1024 + 4 * tensor.to_local().shape[0])
        return original(tensor, *args, **kwargs)

    return filled


_NODES = (SHARDS, sharded("float32-normal_"))
_SOURCE = "PyTorch documentation, torch.distributed.tensor: one law, whoever draws which part"

ALTERNATIVES = table(
    InRanks("sharded_drawn_whole", "every rank draws the whole and keeps its part", ("normal_",),
            _drawn_whole(_sliced), nodes=_NODES, source=_SOURCE),
    InRanks("sharded_sent_by_the_first", "the first rank draws and sends every other its part",
            ("normal_",), _drawn_whole(_sent), nodes=_NODES, source=_SOURCE),
    InRanks("sharded_further_on", "ranks leave out numbers of their streams", ("normal_",),
            _further, nodes=_NODES, source=_SOURCE),
)  # fmt: skip

CONTROLS = table(
    Control("sharded_drawn_whole_too_wide", "every rank keeps its part, 1.5 times as large",
            ("normal_",), _drawn_whole(_sliced, 1.5), sharded("float32-normal_"),
            frozenset({"chi_square", "legendre", "kolmogorov_smirnov", "extremes"})),
)  # fmt: skip
