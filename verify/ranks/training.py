"""Two linear layers that ranks train together: in whole numbers, so that no order rounds.

``y = V·(W·x + b) + c``, the loss is the sum of weighted outputs. Rank r has row r of the inputs,
but under tensor parallelism, where every rank has them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Replicate
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    ParallelStyle,
    RowwiseParallel,
    parallelize_module,
)
from torch.nn.parallel import DistributedDataParallel

from verify.ranks.placements import WORLD
from verify.ranks.tasks import mesh_of

UNEVEN, EVEN = 6, 8
"""Units of each layer: more than ranks, and no multiple of them where that is allowed.

PyTorch documentation, torch.distributed.tensor.parallel: "Uneven sharding" is experimental."""


def whole_numbers(*shape: int, of: int) -> Tensor:
    """Small whole numbers, other ones for each use."""
    count = torch.Size(shape).numel()
    return ((torch.arange(count) * 7 + 3 * of) % 11 - 5).double().view(shape)


@dataclass(frozen=True)
class Trained:
    """What a rank has after one backward call.

    Attributes
    ----------
    outputs : Tensor
    gradients : mapping
        By name, whole.
    tied : bool
        Whether the layers have one weight.
    total, clipping : float
        The norm of all gradients, by `get_total_norm` and by `clip_grad_norm_`.
    clipped : mapping
        The gradients after they were clipped to a norm of one.
    """

    outputs: Tensor
    gradients: Mapping[str, Tensor]
    tied: bool
    total: float
    clipping: float
    clipped: Mapping[str, Tensor]


class Layers(nn.Module):
    """Two layers, tied or not."""

    def __init__(self, size: int, *, tied: bool, device: str = "cpu") -> None:
        super().__init__()
        made = [nn.Linear(size, size, dtype=torch.float64, device=device) for _ in range(2)]
        self.first, self.second = made
        if tied:
            self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        """Both layers."""
        out: Tensor = self.second(self.first(x))
        return out


NAMES = ("first.weight", "first.bias", "second.weight", "second.bias")


def values_of(name: str, size: int, *, tied: bool) -> Tensor:
    """What a parameter starts as."""
    of = 0 if tied and name == "second.weight" else NAMES.index(name)
    return whole_numbers(*((size, size) if name.endswith("weight") else (size,)), of=of)


def _set(network: nn.Module, *, tied: bool) -> None:
    """Give every parameter its value; one that is sharded takes its part of it."""
    with torch.no_grad():
        for name, parameter in network.named_parameters(remove_duplicate=False):
            whole = values_of(name, len(parameter), tied=tied)
            if isinstance(parameter, DTensor):
                mesh, placements = parameter.device_mesh, parameter.placements
                whole = torch.distributed.tensor.distribute_tensor(whole, mesh, placements)
            parameter.copy_(whole)


def inputs(size: int) -> Tensor:
    """One row for each rank."""
    return whole_numbers(WORLD, size, of=5)


def weights(size: int) -> Tensor:
    """What outputs are weighted with in the loss."""
    return whole_numbers(WORLD, size, of=8)


def _data_parallel(*, tied: bool) -> tuple[nn.Module, nn.Module]:
    network = Layers(UNEVEN, tied=tied)
    _set(network, tied=tied)
    return network, DistributedDataParallel(network)


def _fully_sharded(*, tied: bool) -> tuple[nn.Module, nn.Module]:
    network = Layers(UNEVEN, tied=tied, device="meta")
    fully_shard(network, mesh=mesh_of((WORLD,)))
    network.to_empty(device="cpu")
    _set(network, tied=tied)
    return network, network


def _tensor_parallel(*, tied: bool) -> tuple[nn.Module, nn.Module]:
    network = Layers(EVEN, tied=tied)
    _set(network, tied=tied)
    # One weight can be divided in one way only.
    second = ColwiseParallel(output_layouts=Replicate()) if tied else RowwiseParallel()
    first = ColwiseParallel(output_layouts=Replicate()) if tied else ColwiseParallel()
    plan: dict[str, ParallelStyle] = {"first": first, "second": second}
    parallelize_module(network, mesh_of((WORLD,)), plan)
    if tied:  # It gives every module a parameter of its own: whoever ties does so afterwards.
        network.second.weight = network.first.weight
    return network, network


_WAYS = {
    "data parallel": _data_parallel,
    "fully sharded": _fully_sharded,
    "tensor parallel": _tensor_parallel,
}
SPLITS = ("data parallel", "fully sharded")
"""Ways in which every rank has a batch of its own, and gradients are averaged."""


def _wholes(network: nn.Module) -> dict[str, Tensor]:
    return {
        name: (p.grad.full_tensor() if isinstance(p.grad, DTensor) else p.grad).clone()
        for name, p in network.named_parameters(remove_duplicate=False)
        if p.grad is not None
    }


def _number(norm: Tensor) -> float:
    return float(norm.full_tensor() if isinstance(norm, DTensor) else norm)


def train(way: str, tied: bool) -> Trained:
    """One backward call, and one clipping."""
    network, called = _WAYS[way](tied=tied)
    rank = distributed.get_rank()
    own = slice(rank, rank + 1) if way in SPLITS else slice(None)
    size = UNEVEN if way in SPLITS else EVEN
    outputs = called(inputs(size)[own])
    (outputs * weights(size)[own]).sum().backward()
    gradients = _wholes(network)
    parameters = [*network.parameters()]
    every = [p.grad for p in parameters if p.grad is not None]
    total = _number(nn.utils.get_total_norm(every))
    clipping = _number(nn.utils.clip_grad_norm_(parameters, 1.0))
    one = network.get_parameter("first.weight") is network.get_parameter("second.weight")
    return Trained(outputs.detach(), gradients, one, total, clipping, _wholes(network))
