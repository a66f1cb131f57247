"""PyTorch's own defaults, by the documentation of each module."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from initlaws.builds import Place
from verify.laws import Constant, Law, Normal, Uniform
from verify.subjects.recipes.claims import Blocks, Rows

_ONE, _ZERO = Constant(1.0), Constant(0.0)
_Of = Callable[[Any, Place], Law | Rows | Blocks]


def _bounded(fan: int) -> Uniform:
    """U(±√(1 / fan))."""
    return Uniform.for_variance(bound=1 / math.sqrt(fan))


def _linear(module: nn.Linear, _place: Place) -> Law:
    return _bounded(module.in_features)


def _bilinear(module: nn.Bilinear, _place: Place) -> Law:
    return _bounded(module.in1_features)


def _convolution(module: Any, _place: Place) -> Law:
    return _bounded(module.in_channels // module.groups * math.prod(module.kernel_size))


def _transposed(module: Any, _place: Place) -> Law:
    return _bounded(module.out_channels // module.groups * math.prod(module.kernel_size))


def _recurrent(module: Any, _place: Place) -> Law:
    return _bounded(module.hidden_size)


def _embedding(module: Any, _place: Place) -> Law | Rows:
    standard = Normal(0.0, 1.0)
    return standard if module.padding_idx is None else Rows(standard, module.padding_idx)


def _projections(_module: nn.MultiheadAttention, place: Place) -> Law:
    """Glorot's bound for the three maps as one."""
    rows, columns = place.shape
    return Uniform.for_variance(bound=math.sqrt(6 / (rows + columns)))


_NORM = {
    "weight": lambda *_: _ONE,
    "bias": lambda *_: _ZERO,
    "running_mean": lambda *_: _ZERO,
    "running_var": lambda *_: _ONE,
}

_TABLE: tuple[tuple[tuple[type[nn.Module], ...], Mapping[str, _Of]], ...] = (
    ((nn.modules.linear.NonDynamicallyQuantizableLinear,), {"weight": _linear}),
    ((nn.Linear,), {"weight": _linear, "bias": _linear}),
    ((nn.Bilinear,), {"weight": _bilinear, "bias": _bilinear}),
    (
        (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
        {"weight": _transposed, "bias": _transposed},
    ),
    ((nn.Conv1d, nn.Conv2d, nn.Conv3d), {"weight": _convolution, "bias": _convolution}),
    ((nn.Embedding, nn.EmbeddingBag), {"weight": _embedding}),
    ((nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm), _NORM),
    ((nn.PReLU,), {"weight": lambda module, _: Constant(0.25)}),
    (
        (nn.MultiheadAttention,),
        {"in_proj_weight": _projections, "in_proj_bias": lambda *_: _ZERO},
    ),
)
"""What the section "Variables" of each module's page in PyTorch's documentation says."""


def law(place: Place) -> Law | Rows | Blocks | None:
    """The documented default of a tensor; None where none is known.

    Parameters
    ----------
    place : Place
        The tensor, and the module that owns it.
    """
    if isinstance(place.module, nn.RNNBase | nn.RNNCellBase):
        return _recurrent(place.module, place)
    for types, tensors in _TABLE:
        if isinstance(place.module, types):
            of = tensors.get(place.attribute)
            return of(place.module, place) if of else None
    return None
