"""A layer and the batch norm after it, folded into one layer: its weight, its bias, the rest.

In evaluation mode a batch norm is (y − μ)/√(σ² + ε) · γ + β (Ioffe & Szegedy 2015, algorithm 2), so
of a linear layer y = W·x + b it makes one of W·s and (b − μ)·s + β, with s = γ/√(σ² + ε) for
each output (PyTorch documentation, torch.nn.BatchNorm2d, torch.nn.utils.fusion). A transposed
convolution holds outputs on its second axis, group by group (torch.nn.ConvTranspose2d).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import fusion

from verify.behaviour.parameters.networks import scrambled
from verify.behaviour.promise import Question, Trial
from verify.behaviour.rounding import gamma, least
from verify.behaviour.tensors import copied, differing, doubled, off
from verify.torch_api import state

_EPSILON = 0.125
_ROUNDINGS = 32
"""Of one entry, at most: the square root and its inverse, which a device may approximate by some
units, take fewer than 20; products and sums in any order, fused or not, at most 6."""

_SETTINGS = (
    "in_features", "out_features", "in_channels", "out_channels", "kernel_size", "stride",
    "padding", "output_padding", "dilation", "groups", "padding_mode",
)  # fmt: skip


@dataclass(frozen=True)
class _Kind:
    """How a kind of layer is fused.

    Attributes
    ----------
    norm : type
        The norm that follows it.
    fuse, weights : str
        The function of modules, and that of tensors.
    options : mapping
        What both are told besides.
    optional : bool
        Whether the function of tensors is documented to take a norm without a gain.
    """

    norm: type[nn.Module]
    fuse: str
    weights: str
    options: Mapping[str, bool]
    optional: bool = True


_LINEAR = _Kind(nn.BatchNorm1d, "fuse_linear_bn_eval", "fuse_linear_bn_weights", {}, optional=False)
_PLAIN = _Kind(nn.BatchNorm2d, "fuse_conv_bn_eval", "fuse_conv_bn_weights", {})
_TRANSPOSED = _Kind(nn.BatchNorm2d, _PLAIN.fuse, _PLAIN.weights, {"transpose": True})
_KINDS = {"Linear": _LINEAR, "Conv2d": _PLAIN, "ConvTranspose2d": _TRANSPOSED}


def _pair(trial: Trial, **options: bool) -> tuple[Any, Any]:
    """A layer and its norm in evaluation mode, away from their starts; some of it is frozen."""
    layer: Any = scrambled(trial).eval()
    outputs = _outputs(layer)
    norm: Any = (
        _KINDS[trial.row.name]
        .norm(outputs, eps=_EPSILON, device=trial.device, dtype=trial.dtype, **options)
        .eval()
    )
    for name, tensor in state(norm).items():
        if tensor.is_floating_point():
            tensor.copy_(trial.normals(outputs, of=f"norm {name}"))
    if norm.running_var is not None:
        norm.running_var.abs_()
    return layer, norm


def _outputs(layer: Any) -> int:
    return int(layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels)


def _fused(trial: Trial, layer: nn.Module, norm: nn.Module) -> Any:
    kind = _KINDS[trial.row.name]
    return getattr(fusion, kind.fuse)(layer, norm, **kind.options)


def _weights(trial: Trial, layer: Any, norm: Any) -> tuple[Tensor, Tensor]:
    kind = _KINDS[trial.row.name]
    made: tuple[Tensor, Tensor] = getattr(fusion, kind.weights)(
        layer.weight, layer.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight,
        norm.bias, **kind.options,
    )  # fmt: skip
    return made


def _along_outputs(layer: Any, scale: Tensor) -> Tensor:
    """A number for each output, in the shape of a factor of the weight."""
    weight = layer.weight
    if not isinstance(layer, nn.ConvTranspose2d):
        return scale.reshape(-1, *[1] * (weight.dim() - 1))
    groups = scale.reshape(layer.groups, 1, -1)
    rows = groups.expand(-1, len(weight) // layer.groups, -1).flatten(0, 1)
    return rows.reshape(*rows.shape, 1, 1)


def _off_formula(trial: Trial, layer: Any, norm: Any) -> list[str]:
    """Both functions, off by more than any order of the roundings."""
    fused = _fused(trial, layer, norm)
    ways = {"modules": (fused.weight, fused.bias)}
    if norm.weight is not None or _KINDS[trial.row.name].optional:
        ways["tensors"] = _weights(trial, layer, norm)
    expected = _expected(layer, norm)
    return [
        wrong
        for by, made in ways.items()
        for name, values, within in zip(("weight", "bias"), made, expected, strict=True)
        for wrong in _off(f"{name} of {by}", values, within, trial.dtype)
    ]


def _off(name: str, values: Tensor, within: tuple[Tensor, Tensor], dtype: torch.dtype) -> list[str]:
    """Whether it is a parameter of the shape and the dtype, within the rounding of its sizes."""
    reference, size = within
    if values.shape != reference.shape:
        return [f"{name} of shape {tuple(values.shape)}"]
    if values.dtype != dtype or not isinstance(values, nn.Parameter):
        return [f"{name} is a {type(values).__name__} of {values.dtype}"]
    bound = gamma(_ROUNDINGS, dtype) * size + _ROUNDINGS * least(dtype)
    return off(name, values.detach(), reference, bound) if values.numel() else []


def _expected(layer: Any, norm: Any) -> list[tuple[Tensor, Tensor]]:
    """Weight and bias in float64, and the sizes of what they are summed from."""
    weight, mean = doubled(layer.weight.detach()), doubled(norm.running_mean)
    zero = torch.zeros_like(mean)
    gain = zero + 1 if norm.weight is None else doubled(norm.weight.detach())
    shift = zero if norm.bias is None else doubled(norm.bias.detach())
    bias = zero if layer.bias is None else doubled(layer.bias.detach())
    scale = gain / (doubled(norm.running_var) + norm.eps).sqrt()
    product = weight * _along_outputs(layer, scale)
    size = (bias.abs() + mean.abs()) * scale.abs() + shift.abs()
    return [(product, product.abs()), ((bias - mean) * scale + shift, size)]


def off_the_formula(trial: Trial) -> list[str]:
    """Of a norm that has a gain and a shift; of a layer as it is, and of one without a bias."""
    pairs = (_pair(trial), _without_bias(*_pair(trial)))
    return [each for pair in pairs for each in _off_formula(trial, *pair)]


def _without_bias(layer: nn.Module, norm: Any) -> tuple[nn.Module, Any]:
    layer.register_parameter("bias", None)
    return layer, norm


def off_without_gain(trial: Trial) -> list[str]:
    """Of a norm that has neither."""
    return _off_formula(trial, *_pair(trial, affine=False))


def changed_by_fusing(trial: Trial) -> list[str]:
    """A single, new layer of the same class and settings; both old ones stay as they are."""
    layer, norm = _pair(trial)
    layer.weight.requires_grad_(False)
    before = [copied(state(layer)), copied(state(norm))]
    settings = {name: getattr(layer, name) for name in _SETTINGS if hasattr(layer, name)}
    fused = _fused(trial, layer, norm)
    found = ["it is not new"] if fused is layer or fused is norm else []
    found += [] if type(fused) is type(layer) else [f"it is a {type(fused).__name__}"]
    found += [n for n, each in settings.items() if getattr(fused, n, None) != each]
    found += ["weight thaws"] if fused.weight.requires_grad else []
    found += ["bias freezes"] if layer.bias is not None and not fused.bias.requires_grad else []
    for tensor in state(fused).values():
        tensor.fill_(torch.nan)
    after = [state(layer), state(norm)]
    for whose, old, new in zip(("the layer", "the norm"), before, after, strict=True):
        found += [f"{name} of {whose}" for name in differing(old, new)]
    return found


def not_refused(trial: Trial) -> list[str]:
    """Both must be in evaluation mode, and the norm must have its statistics."""
    untracked = _pair(trial, track_running_stats=False)
    layer, norm = _pair(trial)
    pairs: Mapping[str, Callable[[], tuple[Any, Any]]] = {
        "a norm without statistics": lambda: untracked,
        "a layer that trains": lambda: (layer.train(), norm.eval()),
        "a norm that trains": lambda: (layer.eval(), norm.train()),
    }
    return [words for words, pair in pairs.items() if _taken(trial, *pair())]


def _taken(trial: Trial, layer: nn.Module, norm: nn.Module) -> bool:
    try:
        _fused(trial, layer, norm)
    except Exception:  # No class of exception is named.
        return False
    return True


def _fusible(trial: Trial) -> bool:
    return trial.row.name in _KINDS


def _grouped(trial: Trial) -> bool:
    """Whether a transposed convolution has groups."""
    return trial.row.name == "ConvTranspose2d" and trial.arguments.groups > 1


def _ungrouped(trial: Trial) -> bool:
    return _fusible(trial) and not _grouped(trial)


QUESTIONS = {
    "off-the-fused-formula": Question("fused layers off the formula", off_the_formula, _ungrouped),
    "off-without-gain": Question(
        "fused layers off the formula without a gain", off_without_gain, _ungrouped
    ),
    "off-with-groups": Question(
        "fused layers off the formula with groups", off_the_formula, _grouped
    ),
    "changed-by-fusing": Question("what fusing changes", changed_by_fusing, _ungrouped),
    "not-refused-by-fusing": Question("what fusing does not refuse", not_refused, _fusible),
}
