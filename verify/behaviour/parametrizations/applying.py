"""How weights are parametrised, and how they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import doubled, off

WEIGHTS = {"RNN": ("weight_ih_l0", "weight_hh_l0")}
MAPS = ("matrix_exp", "cayley", "householder")
_LARGEST = 64
"""Side of the largest orthogonal weight: each is completed to a square matrix."""

Apply = Callable[[nn.Module, str], nn.Module]


def names(trial: Trial) -> tuple[str, ...]:
    """The tensors of the module that are parametrised."""
    return WEIGHTS.get(trial.row.name, ("weight",))


def applied(trial: Trial, apply: Apply) -> nn.Module:
    """A module with parametrised weights, in eval mode, where no access changes them."""
    module = trial.build()
    for name in names(trial):
        module = apply(module, name)
    return module.eval()


def parametrized(kind: str, **options: object) -> Apply:
    """A function of `torch.nn.utils.parametrizations` with its options."""
    return lambda module, name: torch_api.parametrize(module, kind, name, **options)


def renormalized(kind: str) -> Apply:
    """Its deprecated predecessor."""
    return lambda module, name: torch_api.renormalize(module, kind, name)


def tensor_of(module: nn.Module, name: str = "weight") -> Tensor:
    """What an access gives now."""
    tensor: Tensor = getattr(module, name)
    return tensor


def listed(module: nn.Module, name: str = "weight") -> nn.utils.parametrize.ParametrizationList:
    """The parametrizations of a tensor."""
    every: nn.ModuleDict = getattr(module, "parametrizations")  # noqa: B009
    return cast("nn.utils.parametrize.ParametrizationList", every[name])


def weight_of(module: nn.Module, name: str) -> Tensor:
    """What an access gives now, as a copy."""
    weight: Tensor = getattr(module, name)
    return weight.detach().clone()


def original(module: nn.Module, name: str, number: object = "") -> Tensor:
    """A tensor that the parametrised one is computed from."""
    return torch_api.state(module)[f"parametrizations.{name}.original{number}"]


def roundoff_of(tensor: Tensor) -> float:
    """What one rounding changes at most; twice, for the reference in float64 has its own."""
    return torch.finfo(tensor.dtype).eps


def has_one_weight(trial: Trial) -> bool:
    """Whether the module is no recurrent one."""
    return trial.row.name not in WEIGHTS


def decomposable(trial: Trial) -> bool:
    """Whether the QR decomposition of a weight is cheap."""
    shape = next(t.shape for t in trial.row.tensors(trial.case) if t.name.startswith("weight"))
    return has_one_weight(trial) and max(shape[-2:]) <= _LARGEST


def norms_of(weight: Tensor, dim: int | None) -> Tensor:
    """In float64, over all dimensions but one; over all without."""
    axes = [axis for axis in range(weight.dim()) if axis != dim]
    norms: Tensor = torch.linalg.vector_norm(doubled(weight), dim=axes, keepdim=dim is not None)
    return norms


def off_weight(module: nn.Module, name: str, weight: Tensor, dim: int | None = 0) -> list[str]:
    """What normalising and scaling back changes by more than two norms and four roundings."""
    n = weight.numel() / norms_of(weight, dim).numel()
    bound = (n + 8) * roundoff_of(weight) * doubled(weight).abs()
    return off(name, weight_of(module, name), weight, bound)


def tall(weight: Tensor) -> Tensor:
    """In float64, transposed if wide."""
    double = doubled(weight)
    return double if weight.shape[-2] >= weight.shape[-1] else double.mT


def decomposition_error(q: Tensor, roundoff: float) -> float:
    """Relative error of a Householder QR decomposition: Higham 2002, theorem 19.4."""
    return 4 * q.shape[-2] * q.shape[-1] * roundoff
