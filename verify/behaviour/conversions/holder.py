"""A module that holds every kind of tensor, beside and above the module of a case."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from verify.behaviour.conversions.nearest import edges
from verify.behaviour.draws import usual
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import doubled
from verify.torch_api import module, state

NARROWER = {torch.float64: torch.float32}
"""By dtype of numbers: the dtype at whose edges they lie, where it is not half precision."""

_NARROW = (torch.float16, torch.bfloat16)


class Holder(nn.Module):
    """Parameters that learn, rest or are tied, and buffers that are saved or pass."""

    def __init__(self, values: Tensor, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.weight = nn.Parameter(values.clone())
        self.frozen = nn.Parameter(values.flip(0), requires_grad=False)
        self.register_buffer("running", values.clone())
        self.register_buffer("passing", values.flip(0), persistent=False)
        self.register_buffer("count", torch.tensor(7, device=values.device))
        self.register_buffer("mask", values > 1)
        self.deep = nn.ModuleDict({"block": nn.Module()})
        self.deep["block"].register_parameter("tied", self.weight)
        self.deep["block"].register_buffer("mean", values.clone())


def asked(trial: Trial) -> bool:
    """Whether what hangs on no case is asked: once of a module, and once of one that flattens."""
    return usual(trial) and trial.row.name in ("Linear", "LSTM")


def asked_once(trial: Trial) -> bool:
    """Whether what hangs on no module of the case is asked."""
    return asked(trial) and trial.row.name == "Linear"


def needed(trial: Trial, dtype: torch.dtype) -> torch.dtype:
    """A dtype without which nothing can be asked; NotImplementedError where there is none such."""
    if not trial.cell.has(dtype):
        raise NotImplementedError(f"{trial.cell.backend.name} has no {dtype}")
    return dtype


def numbers(trial: Trial, dtype: torch.dtype = torch.float32) -> Tensor:
    """Normal numbers of a dtype, and those at which a conversion from it shows its rounding."""
    drawn = doubled(trial.normals(16, of="values"))
    narrower = (NARROWER[dtype],) if dtype in NARROWER else _NARROW
    every = torch.cat([drawn, *map(edges, narrower)])
    return every.to(dtype).to(trial.device)


def _inner(trial: Trial) -> nn.Module:
    """A small module of the kind of the case."""
    inner = module(trial.row.name)(2, 3, **trial.target().factory)
    for name, tensor in state(inner).items():
        tensor.copy_(trial.normals(*tensor.shape, of=name))
    return inner


def held(trial: Trial, dtype: torch.dtype = torch.float32) -> Holder:
    """A holder of numbers of a dtype, each parameter with a gradient, in evaluation mode."""
    values = numbers(trial, dtype)
    holder = Holder(values, _inner(trial).to(dtype)).eval()
    for parameter in holder.parameters():
        parameter.grad = torch.full_like(parameter, 1 / 3)
    holder.weight.grad = values.flip(0)
    return holder


def tensors(of: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer itself, by each of its names."""
    return {
        **dict(of.named_parameters(remove_duplicate=False)),
        **dict(of.named_buffers(remove_duplicate=False)),
    }


def gradients(of: nn.Module) -> dict[str, Tensor]:
    """The gradient of every parameter that has one."""
    named = of.named_parameters()
    return {name: each.grad for name, each in named if each.grad is not None}
