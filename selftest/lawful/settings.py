"""Modules that show their settings as other sequences, and norms that sum in another order."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn

from selftest.lawful.alternative import Control, swap
from selftest.planted.fault import Function, instead, table
from selftest.planted.module import behaviour


def _as_lists(original: Function) -> Function:
    """One number for each axis, as a list."""

    @functools.wraps(original)
    def construct(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        for name in ("stride", "dilation"):
            setattr(self, name, [*getattr(self, name)])

    return construct


def _layer_norm(
    values: Tensor,
    shape: tuple[int, ...],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    factor: float = 1.0,
) -> Tensor:
    """Backwards, by the mean of squares less the square of the mean."""
    axes = tuple(range(-len(shape), 0))
    turned = values.flip(axes)
    mean = turned.mean(axes, keepdim=True)
    variance = turned.square().mean(axes, keepdim=True) - mean.square()
    normal = (values - mean) / torch.sqrt(variance + factor * eps)
    scaled = normal if weight is None else normal * weight
    return scaled if bias is None else scaled + bias


_NN = "PyTorch documentation, torch.nn"

ALTERNATIVES = table(
    swap("settings_as_lists", "a convolution shows its strides as a list", "Conv2d.__init__",
         _as_lists, f"{_NN}.Conv2d: “a single number or a tuple”, no attribute is documented",
         behaviour("construction", "float32-Conv2d")),
    swap("layer_norm_of_squares", "layer norm by the mean of squares, backwards",
         "functional.layer_norm", instead(_layer_norm), f"{_NN}.LayerNorm; Chan et al. 1983",
         behaviour("construction", "float32-LayerNorm"),
         behaviour("construction", "float64-TransformerEncoderLayer")),
)  # fmt: skip

CONTROLS = table(
    Control("layer_norm_of_squares_and_half", "the same, with half of what should be added",
            ("functional.layer_norm",), instead(functools.partial(_layer_norm, factor=0.5)),
            behaviour("construction", "float32-LayerNorm"), frozenset({"construction"}),
            says="norms that add another eps to the variance:"),
)  # fmt: skip
