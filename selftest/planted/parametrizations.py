"""Faults of parametrised weights: weight norm, spectral norm, orthogonal weights."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from selftest.planted.fault import Function, Plant, instead, table
from selftest.planted.module import each, fault

NAMED = ("parametrization",)
WEIGHT_NORM = "utils.parametrizations._WeightNorm"
SPECTRAL_NORM = "utils.parametrizations._SpectralNorm"
ORTHOGONAL = "utils.parametrizations._Orthogonal"


def _parametrization(cell: str) -> str:
    return f"verify/test_parametrizations.py::test_parametrization[cpu-{cell}]"


def _returning(change: Callable[[Any], Any]) -> Plant:
    """Run the original method, and return something else."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
            return change(original(self, *args, **kwargs))

        return faulty

    return plant


def _larger_magnitude(parts: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    magnitude, direction = parts
    return magnitude * 1.001, direction


def _unit_direction(parts: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    magnitude, direction = parts
    return magnitude, direction / magnitude


def _nothing(*_: Any) -> None:
    """Leave the vectors as they were drawn."""


def _other_sign(original: Function) -> Function:
    @functools.wraps(original)
    def right_inverse(self: Any, weight: Tensor) -> Tensor:
        result = original(self, weight)
        if self.base is not None:
            self.base = -self.base
        return result

    return right_inverse


def _any_orthogonal(original: Function) -> Function:
    @functools.wraps(original)
    def right_inverse(self: Any, weight: Tensor) -> Tensor:
        return original(self, torch.linalg.qr(torch.randn_like(weight.mT))[0].mT.contiguous())

    return right_inverse


FAULTS = table(
    fault(
        "weight_norm_magnitude",
        "the magnitude is 0.1 % too large",
        f"{WEIGHT_NORM}.right_inverse",
        _returning(_larger_magnitude),
        _parametrization("float32-Linear"),
        *NAMED,
        says="magnitude of weight",
    ),
    fault(
        "weight_norm_direction",
        "the direction is made a unit vector",
        f"{WEIGHT_NORM}.right_inverse",
        _returning(_unit_direction),
        _parametrization("float64-RNN"),
        *NAMED,
        says="direction of weight_ih_l0",
    ),
    fault(
        "spectral_norm_vector",
        "u is 1 % longer than one",
        f"{SPECTRAL_NORM}._power_method",
        each("_u", lambda u, _: u.mul_(1.01)),
        _parametrization("float32-Linear"),
        *NAMED,
        says="length of u",
    ),
    fault(
        "spectral_norm_without_iterations",
        "u and v stay as they were drawn",
        f"{SPECTRAL_NORM}._power_method",
        instead(_nothing),
        _parametrization("float32-Conv2d"),
        *NAMED,
        says="of the largest singular value",
    ),
    fault(
        "spectral_norm_scale",
        "the weight is 0.1 % smaller than its norm says",
        f"{SPECTRAL_NORM}.forward",
        _returning(lambda weight: weight * 0.999),
        _parametrization("float32-Linear"),
        *NAMED,
        says="what spectral_norm starts as",
    ),
    fault(
        "spectral_norm_assigned",
        "an assigned weight is halved",
        f"{SPECTRAL_NORM}.right_inverse",
        _returning(lambda weight: weight * 0.5),
        _parametrization("float32-Linear"),
        *NAMED,
        says="what was assigned under spectral_norm",
    ),
    fault(
        "orthogonal_map_scale",
        "orthogonal weights are 0.1 % too long",
        f"{ORTHOGONAL}.forward",
        _returning(lambda weight: weight * 1.001),
        _parametrization("float32-Linear"),
        *NAMED,
        says="under orthogonal",
    ),
    fault(
        "orthogonal_map_sign",
        "an assigned orthogonal weight changes its sign",
        f"{ORTHOGONAL}.right_inverse",
        _other_sign,
        _parametrization("float64-Linear"),
        *NAMED,
        says="what was assigned under orthogonal",
    ),
    fault(
        "orthogonal_map_anywhere",
        "orthogonal weights start anywhere, not from the weight before",
        f"{ORTHOGONAL}.right_inverse",
        _any_orthogonal,
        _parametrization("float32-Conv2d"),
        *NAMED,
        says="under orthogonal",
    ),
)
