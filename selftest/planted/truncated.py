"""Faults of `trunc_normal_`: clamped, misplaced or rescaled windows."""

from __future__ import annotations

import torch
from torch import Tensor

from selftest.planted.fault import Call, Fault, editing, law, scaled, table
from selftest.planted.shape import FAMILY, refill


def _clamp(tensor: Tensor, call: Call) -> None:
    refill(tensor, call, call.normals())
    tensor.clamp_(call.values["a"], call.values["b"])


def _redraw_once(tensor: Tensor, call: Call) -> None:
    low, high = call.values["a"], call.values["b"]
    refill(tensor, call, call.normals())
    again = call.normals() * call.values["std"] + call.values["mean"]
    tensor.copy_(torch.where((tensor < low) | (tensor > high), again, tensor))
    tensor.clamp_(low, high)


def _inverse_cdf(tensor: Tensor, call: Call, units: float) -> None:
    """Draw from the window a / units, b / units of the standard normal, and refill."""
    window = torch.tensor([call.values["a"], call.values["b"]], dtype=torch.float64) / units
    # Beyond 8 the cdf rounds to 1 and its inverse to infinity: not the fault meant here.
    low, high = torch.special.ndtr(window.clamp(-8, 8)).tolist()
    levels = torch.empty(tensor.shape, dtype=torch.float64).uniform_(generator=call.generator)
    refill(tensor, call, torch.special.ndtri(low + levels * (high - low)))


def _bounds_in_std(tensor: Tensor, call: Call) -> None:
    _inverse_cdf(tensor, call, 1.0)


def _window_without_mean(tensor: Tensor, call: Call) -> None:
    _inverse_cdf(tensor, call, call.values["std"])
    tensor.clamp_(call.values["a"], call.values["b"])


FAULTS = table(
    Fault(
        "truncated_by_clamping",
        "values outside the window are moved to its bounds",
        ("trunc_normal_",),
        editing(_clamp),
        law("float32-trunc_normal_"),
        frozenset({"atoms"}),
    ),
    Fault(
        "truncated_in_std",
        "the bounds are taken in units of the standard deviation",
        ("trunc_normal_",),
        editing(_bounds_in_std),
        law("float32-trunc_normal_"),
        FAMILY | {"support"},
    ),
    Fault(
        "truncated_around_zero",
        "the inverse cdf's window leaves out the mean",
        ("trunc_normal_",),
        editing(_window_without_mean),
        law("float32-trunc_normal_"),
        FAMILY | {"atoms", "mean"},
    ),
    Fault(
        "truncated_redrawn_once",
        "values outside the window are drawn again once, then moved to its bounds",
        ("trunc_normal_",),
        editing(_redraw_once),
        law("float64-trunc_normal_"),
        frozenset({"atoms", "extremes"}),
    ),
    Fault(
        "truncated_rescaled",
        "the sample of the default window is stretched to unit variance",
        ("trunc_normal_",),
        scaled(1 / 0.87962566),
        law("float32-trunc_normal_"),
        frozenset({"support"}),
    ),
)
