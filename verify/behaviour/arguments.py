"""What the arguments of a constructor decide: shapes, settings, what is added to a variance."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import doubled

_NORMS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)

_EPS = ("eps", "layer_norm_eps")
_ANOTHER = ("out_features", "LinearCrossEntropyLoss")
"""What the loss calls num_classes is out_features of a linear map."""

_LAYER = {"norm_first": "norm_first"}
_HANDED_ON: Mapping[str, Mapping[str, str]] = {
    "MultiheadAttention": {
        "nhead": "num_heads",
        "dropout": "dropout",
        "batch_first": "batch_first",
    },
    "TransformerEncoderLayer": _LAYER,
    "TransformerDecoderLayer": _LAYER,
}
"""What transformers and their layers hand on to their parts, and under which name."""

_OF_THE_CALLER = (("norm", "TransformerEncoder"), ("norm", "TransformerDecoder"))
"""Norms that are handed over, with an eps of their own."""


def _padding_row(arguments: Any) -> int | None:
    """A negative one counts from the end."""
    row: int | None = arguments.padding_idx
    return row if row is None else row % int(arguments.num_embeddings)


_SHOWN: Mapping[str, Callable[[Any], object]] = {
    "cutoffs": lambda arguments: (*arguments.cutoffs, arguments.n_classes),
    "kdim": lambda arguments: arguments.kdim or arguments.embed_dim,
    "padding_idx": _padding_row,
    "vdim": lambda arguments: arguments.vdim or arguments.embed_dim,
}
"""What an attribute shows that is not the argument itself.

Source: the documentation of AdaptiveLogSoftmaxWithLoss, MultiheadAttention ("default: None, uses
kdim=embed_dim") and Embedding."""


_OTHERS: Mapping[str, Mapping[str, object]] = {
    "activation": {"activation": "gelu"},
    "bias": {"bias": False, "affine": True},
    "dilation": {"dilation": 2},
    "dim_feedforward": {"dim_feedforward": 9},
    "div_value": {"div_value": 2.0},
    "dropout": {"dropout": 0.3, "num_layers": 2},
    "eps": {"eps": 0.03},
    "groups": {"groups": 2},
    "init": {"init": 0.1},
    "kdim": {"kdim": 5},
    "layer_norm_eps": {"layer_norm_eps": 0.03},
    "max_norm": {"max_norm": 0.5},
    "mode": {"mode": "sum"},
    "momentum": {"momentum": 0.3},
    "nonlinearity": {"nonlinearity": "relu"},
    "norm_type": {"norm_type": 1.0},
    "num_decoder_layers": {"num_decoder_layers": 2},
    "num_encoder_layers": {"num_encoder_layers": 3},
    "num_layers": {"num_layers": 2},
    "num_parameters": {"num_parameters": 3},
    "output_padding": {"output_padding": 1, "stride": 2},
    "padding": {"padding": 1},
    "padding_idx": {"padding_idx": -2},
    "padding_mode": {"padding_mode": "circular"},
    "proj_size": {"proj_size": 5},
    "stride": {"stride": 2},
    "vdim": {"vdim": 7},
}
"""Another value than the default for each argument that has one; a truth value has one other."""

_UNSIGNED = ("RNN", "GRU", "LSTM")
"""Modules that declare ``(*args, **kwargs)``."""

_UNTAKEN = (
    *((name, "nonlinearity") for name in ("GRU", "LSTM", "GRUCell", "LSTMCell")),
    *((name, "proj_size") for name in ("RNN", "GRU")),
    *((f"LazyConv{dims}d", "padding") for dims in (1, 2, 3)),
)
"""What a module refuses, or what no input of the smallest extent fits."""


def _takes(module: str, argument: str) -> bool:
    signed = module in _UNSIGNED or torch_api.accepts(module, argument)
    return signed and (module, argument) not in _UNTAKEN


def _asked(trial: Trial) -> Iterator[Trial]:
    """The trial, and one for each argument in which it has another value than its default."""
    yield trial
    arguments, named = trial.arguments, {field.name for field in fields(trial.arguments)}
    for field in fields(arguments):
        value = getattr(arguments, field.name)
        toggled = {field.name: not value} if isinstance(value, bool) else {}
        others = _OTHERS.get(field.name, toggled)
        changes = {name: other for name, other in others.items() if name in named}
        if changes and _takes(trial.row.name, field.name):
            yield replace(trial, case=replace(trial.case, arguments=replace(arguments, **changes)))


def _throughout(wrong: Callable[[Trial], list[str]]) -> Callable[[Trial], list[str]]:
    """Ask a question of every case that `_asked` lists, and answer for the first that is wrong."""

    def answered(trial: Trial) -> list[str]:
        answers = (wrong(each) for each in _asked(trial) if _settled(each))
        return next((answer for answer in answers if answer), [])

    return answered


def first(trial: Trial) -> bool:
    """Whether the case is the first anchor, from which the others are made."""
    return bool(trial.case == trial.cell.subject.anchors[0])


def _settled(trial: Trial) -> bool:
    """Whether known defects of lazy norms, which take what is left out for True, stay away."""
    arguments, lazy = trial.arguments, trial.row.name.startswith("Lazy")
    affine = getattr(arguments, "affine", True) and getattr(arguments, "track_running_stats", True)
    return bool(affine) or not lazy


def _other_shapes(trial: Trial) -> list[str]:
    """Parameters and buffers that are missing, not asked for, or of another shape."""
    expected = {f"{law.name} {law.shape}" for law in trial.row.tensors(trial.case)}
    state = torch_api.state(trial.build())
    return sorted(expected ^ {f"{name} {tuple(tensor.shape)}" for name, tensor in state.items()})


def _other_settings(trial: Trial) -> list[str]:
    """Attributes that are named like an argument, and say something else."""
    module, arguments = trial.build(), trial.arguments
    return _other_parts(module, arguments) + [
        f"{name} is {shown!r}, not {given!r}"
        for name, given in _given(arguments)
        if (name, trial.row.name) != _ANOTHER
        if (shown := _attribute(module, name, given)) != given
    ]


def _other_parts(module: nn.Module, arguments: Any) -> list[str]:
    """Parts that show something else than the module was given for them."""
    layer = getattr(arguments, "layer", arguments)
    return [
        f"{path}.{name} is {getattr(part, name)!r}, not {given!r}"
        for path, part in module.named_modules()
        for argument, name in _HANDED_ON.get(type(part).__name__, {}).items()
        if path and getattr(part, name) != (given := getattr(layer, argument, None))
    ]


def _given(arguments: Any) -> Iterator[tuple[str, object]]:
    for field in fields(arguments):
        show = _SHOWN.get(field.name)
        yield field.name, show(arguments) if show else getattr(arguments, field.name)


def _attribute(module: nn.Module, name: str, given: object) -> object:
    """An attribute as it would be given, and what is given where there is none to compare."""
    shown = getattr(module, name, given)
    if isinstance(shown, nn.Dropout):
        return shown.p
    if isinstance(shown, Tensor | nn.Module) or shown is None or callable(shown):
        return shown if shown is None and not isinstance(given, bool) else given
    if isinstance(shown, list | tuple):
        return tuple(shown) if isinstance(given, tuple) or {given} != {*shown} else given
    return shown


def normalising(trial: Trial) -> bool:
    """Whether anything in the module adds a small number to a variance, and runs here."""
    if not first(trial):
        return False
    named = any(hasattr(_norm_arguments(trial), name) for name in _EPS)
    runs = trial.row.name != "SyncBatchNorm"  # Which needs a GPU and processes.
    return named and runs


def _norm_arguments(trial: Trial) -> Any:
    """The arguments that hold ``eps``: of a stack, those of its layers."""
    return getattr(trial.arguments, "layer", trial.arguments)


def _other_eps(trial: Trial) -> list[str]:
    """Norms whose output is another than that of the documented formula, ``x/√(x² + eps)``.

    Where the mean is 0 and the mean square about ``eps``, another ``eps`` by one in a hundred
    moves the output by about 0.0018, and no rounding moves it by a thousandth.
    """
    found = []
    for name, norm in trial.build().train().named_modules():
        if isinstance(norm, _NORMS) and (name, trial.row.name) not in _OF_THE_CALLER:
            by = _farthest(norm, _eps(trial), trial)
            if not by < 0.001:
                found.append(f"{name or 'the output'} by {by:.3g}")
    return found


def _eps(trial: Trial) -> float:
    """What is given; nothing stands for the resolution of the dtype, as `RMSNorm` documents."""
    given = (getattr(_norm_arguments(trial), name, None) for name in _EPS)
    return next((eps for eps in given if eps), torch.finfo(trial.dtype).eps)


def _farthest(norm: nn.Module, eps: float, trial: Trial) -> float:
    """The largest distance of an output from the formula's."""
    shape, along = _batch(norm)
    signs = torch.arange(math.prod(shape[along:])) % 2 * 2 - 1
    if not isinstance(norm, nn.RMSNorm):
        signs[len(signs) - len(signs) % 2 :] = 0  # The mean is zero, of an odd number too.
    mean_square = float(signs.square().double().mean())
    given = (signs * math.sqrt(eps)).to(trial.dtype).view(shape[along:]).expand(shape)
    made = doubled(norm(given.contiguous().to(trial.device)).detach())
    off = made - signs.view(shape[along:]) / math.sqrt(mean_square + 1)
    return float(off.abs().max())


def _batch(norm: Any) -> tuple[tuple[int, ...], int]:
    """The shape of a small input, and the first axis of which the mean must be zero."""
    if isinstance(norm, nn.LayerNorm | nn.RMSNorm):
        return (2, *norm.normalized_shape), 1
    if isinstance(norm, nn.GroupNorm):
        return (2, norm.num_channels, 2), 2
    sides = (2,) * int(type(norm).__name__[-2])
    return (2, norm.num_features, *sides), 2


other_shapes = _throughout(_other_shapes)
other_settings = _throughout(_other_settings)
other_eps = _throughout(_other_eps)
