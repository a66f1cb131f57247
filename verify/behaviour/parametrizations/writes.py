"""Assignments, initializers and resets, and what they reach under a parametrization."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.parametrizations.applying import (
    Apply,
    applied,
    decomposition_error,
    names,
    off_weight,
    original,
    parametrized,
    roundoff_of,
    tall,
    weight_of,
)
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import copied, differing, identical, off


def _drawn_weights(trial: Trial, module: nn.Module) -> dict[str, Tensor]:
    shapes = {name: weight_of(module, name).shape for name in names(trial)}
    return {name: trial.normals(*shape, of=name) for name, shape in shapes.items()}


def off_assigned_weight_norm(trial: Trial) -> list[str]:
    """Assigning to a parametrised weight sets what it is computed from."""
    module, found = applied(trial, parametrized("weight_norm")), list[str]()
    for name, weight in _drawn_weights(trial, module).items():
        setattr(module, name, weight)
        found += off_weight(module, name, weight)
    return found


def off_initialized_weight_norm(trial: Trial) -> list[str]:
    """An initializer must reach the weight that it is handed."""
    module, found = applied(trial, parametrized("weight_norm")), list[str]()
    for name in names(trial):
        torch_api.initializer("constant_")(getattr(module, name), 0.5)
        found += off_weight(module, name, torch.full_like(weight_of(module, name), 0.5))
    return found


def off_reset_weight_norm(trial: Trial) -> list[str]:
    """A reset must leave the weight that it leaves without the parametrization."""
    plain, module = trial.build(), applied(trial, parametrized("weight_norm"))
    for each in (plain, module):
        trial.target(of="reset")  # For its effect: other streams than those of the construction.
        torch_api.reset(each)
    expected = torch_api.state(plain)
    return [text for name in names(trial) for text in off_weight(module, name, expected[name])]


def kept(apply: Apply, write: Callable[[nn.Module, str], object], trial: Trial) -> list[str]:
    """Weights that are computed from the same tensors as before, whatever was written."""
    module = applied(trial, apply)
    before = copied(torch_api.state(module))
    for name in names(trial):
        write(module, name)
    changed = differing(before, torch_api.state(module))
    return [n for n in names(trial) if not any(_belongs(c, n) for c in changed)]


def _belongs(tensor: str, weight: str) -> bool:
    """Whether a tensor is one that the weight is computed from."""
    return tensor.startswith((f"parametrizations.{weight}.", f"{weight}_"))


def reset(module: nn.Module, _name: str) -> None:
    """Reset the whole module."""
    torch_api.reset(module)


def initialize(module: nn.Module, name: str) -> None:
    """Fill one weight by an initializer."""
    torch_api.initializer("normal_")(getattr(module, name), 0.0, 7.0)


def off_assigned_spectral_norm(trial: Trial) -> list[str]:
    """What is assigned is the weight before it is divided by its norm."""
    module = applied(trial, parametrized("spectral_norm"))
    (weight,) = _drawn_weights(trial, module).values()
    module.weight = weight
    return [] if identical(original(module, "weight"), weight) else ["the original"]


def off_assigned_orthogonal(orthogonal_map: str, trial: Trial) -> list[str]:
    """An orthogonal matrix stays what it is."""
    module = applied(trial, parametrized("orthogonal", orthogonal_map=orthogonal_map))
    (normals,) = _drawn_weights(trial, module).values()
    q, _ = torch.linalg.qr(tall(normals))
    wide = normals.shape[-2] < normals.shape[-1]
    module.weight = (q.mT if wide else q).to(normals.dtype).to(trial.device)
    bound = decomposition_error(q, roundoff_of(normals)) * math.sqrt(q.shape[-1])
    return off("weight", tall(weight_of(module, "weight")), q, bound)
