"""Modules that fill their tensors in another order, in parts, in another dtype; other errors."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import init

from selftest.lawful.alternative import Alternative, Control, Declined, swap
from selftest.planted.fault import Function, Plant, table
from selftest.planted.gradients import gradient, tie
from selftest.planted.module import behaviour, default, materialisation, reset


def _method(fill: Callable[[Any], object]) -> Plant:
    """Replace a reset, of modules whose tensors have their sizes."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def reset_parameters(self: nn.Module) -> None:
            if any(nn.parameter.is_lazy(tensor) for tensor in self.parameters()):
                raise Declined
            with torch.no_grad():
                fill(self)

        return reset_parameters

    return plant


def _bound(module: nn.Module) -> float:
    fan = int(module.weight[0].numel()) if len(module.weight) else 0
    return 1 / math.sqrt(fan) if fan else 0.0


def _bias_first(module: nn.Module, factor: float = 1.0) -> None:
    bound = factor * _bound(module)
    for tensor in (module.bias, module.weight):
        if tensor is not None:
            init.uniform_(tensor, -bound, bound)


def _channels_last(module: nn.Module) -> None:
    """In memory of another order, where the weight has memory."""
    bound, weight = _bound(module), module.weight
    if weight.ndim == 4 and not weight.is_meta:
        weight.data = torch.empty_like(weight, memory_format=torch.channels_last)
    for tensor in (weight, module.bias):
        if tensor is not None:
            init.uniform_(tensor, -bound, bound)


def _in_double(module: nn.Module) -> None:
    bound = _bound(module)
    for tensor in (module.weight, module.bias):
        if tensor is not None:
            wide = torch.empty(tensor.shape, dtype=torch.float64, device=tensor.device)
            init.uniform_(wide, -bound, bound)
            narrow = wide.to(tensor.dtype)
            inner = torch.nextafter(narrow.new_tensor(bound), narrow.new_zeros(()))
            # The bound is excluded, whatever it rounds to.
            tensor.copy_(torch.where(narrow >= bound, inner, narrow))


def _last_layer_first(module: nn.Module) -> None:
    bound = 1 / math.sqrt(module.hidden_size) if module.hidden_size else 0.0
    for tensor in reversed([*module.parameters()]):
        init.uniform_(tensor, -bound, bound)


def _in_one_draw(module: nn.Module) -> None:
    bound = 1 / math.sqrt(module.hidden_size) if module.hidden_size else 0.0
    tensors = [*module.parameters()]
    size, first = sum(tensor.numel() for tensor in tensors), tensors[0]
    joined = init.uniform_(first.new_empty(size), -bound, bound)
    for tensor, part in zip(tensors, joined.split([t.numel() for t in tensors]), strict=True):
        tensor.copy_(part.view(tensor.shape))


def _attention(module: nn.Module) -> None:
    """The separate biases first, then the projections from the last to the first."""
    for bias in (module.bias_v, module.bias_k):
        if bias is not None:
            init.xavier_normal_(bias)
    if module.in_proj_bias is not None:
        init.zeros_(module.in_proj_bias)
        init.zeros_(module.out_proj.bias)
    if module._qkv_same_embed_dim:
        init.xavier_uniform_(module.in_proj_weight)
    else:
        for weight in (module.v_proj_weight, module.k_proj_weight, module.q_proj_weight):
            init.xavier_uniform_(weight)


def _rows_backwards(module: nn.Module) -> None:
    for row in reversed(range(len(module.weight))):
        init.normal_(module.weight[row])
    module._fill_padding_idx_with_zero()


def _transposed(module: nn.Module) -> None:
    """Through a buffer of inputs times outputs."""
    bound, weight = _bound(module), module.weight
    buffer = torch.empty(weight.t().shape, dtype=weight.dtype, device=weight.device)
    weight.copy_(init.uniform_(buffer, -bound, bound).t())
    if module.bias is not None:
        init.uniform_(module.bias, -bound, bound)


def _by_channels(module: nn.Module) -> None:
    """Each output channel by itself, then all biases."""
    bound = _bound(module)
    for channel in range(len(module.weight)):
        init.uniform_(module.weight[channel], -bound, bound)
    if module.bias is not None:
        init.uniform_(module.bias, -bound, bound)


def _by_gates(module: nn.Module) -> None:
    """A quarter of each tensor, which is a gate of an LSTM's, then the next quarter of each."""
    bound = 1 / math.sqrt(module.hidden_size) if module.hidden_size else 0.0
    tensors = list(module.parameters())
    for gate in range(4):
        for tensor in tensors:
            parts = tensor.tensor_split(4)
            if parts[gate].numel():
                parts[gate].uniform_(-bound, bound)


def _standard_first(module: nn.Module) -> None:
    """U[−1, 1) for all, scaled by the bound."""
    bound = 1 / math.sqrt(module.hidden_size) if module.hidden_size else 0.0
    for tensor in module.parameters():
        init.uniform_(tensor, -1.0, 1.0).mul_(bound)


def _in_three_blocks(module: nn.Module) -> None:
    """Values, keys and queries one after another, with the bound of all three together."""
    if module._qkv_same_embed_dim:
        weight = module.in_proj_weight
        bound = math.sqrt(6 / sum(weight.shape))
        for part in reversed(weight.chunk(3)):
            init.uniform_(part, -bound, bound)
    else:
        for weight in (module.q_proj_weight, module.v_proj_weight, module.k_proj_weight):
            init.xavier_uniform_(weight)
    if module.in_proj_bias is not None:
        init.constant_(module.in_proj_bias, 0.0)
        init.constant_(module.out_proj.bias, 0.0)
    for bias in (module.bias_v, module.bias_k):
        if bias is not None:
            init.xavier_normal_(bias)


def _without_padding(module: nn.Module) -> None:
    """The rows before the padding row, then those after it, which itself is never drawn."""
    module.weight.zero_()
    row = module.padding_idx
    if row is None:
        init.normal_(module.weight)
    else:
        init.normal_(module.weight[:row])
        init.normal_(module.weight[row + 1 :])


def _lazy_bias_first(module: nn.Module) -> None:
    """The bias first once a lazy layer knows its size; an eager layer draws its weight first."""
    if module.in_features == 0:
        raise Declined
    _bias_first(module)


def _sorted(original: Function) -> Function:
    """The state of a whole module by the order of its names."""

    @functools.wraps(original)
    def state_dict(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        made = original(self, *args, **kwargs)
        if args or kwargs.get("destination") is not None:
            raise Declined
        for name in sorted(made):
            made.move_to_end(name)
        return made

    return state_dict


def _refused_otherwise(original: Function) -> Function:
    """By another class of exception, in other words."""

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return original(*args, **kwargs)
        except RuntimeError as reason:
            raise ValueError(f"refused: {reason}") from None
        except ValueError as reason:
            raise RuntimeError(f"refused: {reason}") from None

    return call


def _overflowing(original: Function) -> Function:
    """By OverflowError where a number is too large for the dtype."""

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return original(*args, **kwargs)
        except RuntimeError as reason:
            if "overflow" not in str(reason) and "out of bounds" not in str(reason):
                raise
            raise OverflowError(f"{reason}") from None

    return call


_LINEAR, _CONVOLUTION = "Linear.reset_parameters", "modules.conv._ConvNd.reset_parameters"
_RECURRENT, _NN = "RNNBase.reset_parameters", "PyTorch documentation, torch.nn"

ALTERNATIVES = table(
    swap("linear_bias_first", "a linear layer draws its bias before its weight",
         _LINEAR, _method(_bias_first), f"{_NN}.Linear", default("float32-Linear"),
         reset("float32-Linear"), default("float32-Transformer"),
         behaviour("construction", "float32-Linear"),
         behaviour("parametrizations", "float32-Linear")),
    swap("linear_in_double", "a linear layer draws in float64 and rounds",
         _LINEAR, _method(_in_double), f"{_NN}.Linear", default("float32-Linear"),
         materialisation("float32-Linear"), behaviour("lazy", "float32-LazyLinear"),
         behaviour("parameters", "float32-Linear")),
    swap("convolution_bias_first", "a convolution draws its bias before its weight",
         _CONVOLUTION, _method(_bias_first), f"{_NN}.Conv2d", default("float32-Conv2d"),
         reset("float64-Conv1d"), behaviour("lazy", "float32-LazyConv2d"),
         behaviour("construction", "float32-Conv2d")),
    swap("convolution_channels_last", "a convolution keeps its weight channels last",
         _CONVOLUTION, _method(_channels_last), f"{_NN}.Conv2d; note “Channels last memory format”",
         default("float32-Conv2d"), reset("float32-Conv2d")),
    swap("recurrent_last_first", "a recurrent network draws its last tensor first",
         _RECURRENT, _method(_last_layer_first), f"{_NN}.LSTM", default("float32-LSTM"),
         reset("float32-GRU"), behaviour("construction", "float32-RNN"),
         behaviour("parameters", "float32-GRU")),
    swap("recurrent_in_one_draw", "a recurrent network splits one draw among its tensors",
         _RECURRENT, _method(_in_one_draw), f"{_NN}.GRU", default("float64-GRU"),
         materialisation("float32-LSTM"), behaviour("parameters", "float64-RNN")),
    swap("attention_backwards", "attention fills its tensors in another order",
         "MultiheadAttention._reset_parameters", _method(_attention),
         f"{_NN}.MultiheadAttention", default("float32-MultiheadAttention"),
         reset("float32-MultiheadAttention"), default("float32-TransformerDecoderLayer")),
    swap("embedding_backwards", "an embedding draws row by row, the last one first",
         "Embedding.reset_parameters", _method(_rows_backwards), f"{_NN}.Embedding",
         default("float32-Embedding"), reset("float32-Embedding"),
         behaviour("construction", "float32-Embedding")),
    swap("linear_transposed", "a linear layer draws inputs by outputs", _LINEAR,
         _method(_transposed), f"{_NN}.Linear", default("float32-Linear"),
         reset("float32-Linear"), behaviour("construction", "float32-Linear"),
         behaviour("lazy", "float32-LazyLinear")),
    swap("convolution_by_channels", "a convolution draws channel by channel",
         _CONVOLUTION, _method(_by_channels), f"{_NN}.Conv2d",
         default("float32-Conv2d"), reset("float32-ConvTranspose2d"),
         behaviour("lazy", "float32-LazyConv1d")),
    swap("recurrent_by_gates", "a recurrent network draws gate by gate",
         _RECURRENT, _method(_by_gates), f"{_NN}.LSTM",
         default("float32-LSTM"), reset("float32-GRU"), behaviour("construction", "float32-LSTM")),
    swap("recurrent_of_standard_draws", "a recurrent network scales U[−1, 1)",
         _RECURRENT, _method(_standard_first), f"{_NN}.LSTM",
         default("float32-LSTM"), default("float64-GRU"), materialisation("float32-RNN")),
    swap("attention_in_three_blocks", "attention draws values, keys and queries by themselves",
         "MultiheadAttention._reset_parameters", _method(_in_three_blocks),
         f"{_NN}.MultiheadAttention", default("float32-MultiheadAttention"),
         reset("float32-MultiheadAttention"), default("float32-TransformerEncoderLayer")),
    swap("embedding_without_padding", "an embedding never draws its padding row",
         "Embedding.reset_parameters", _method(_without_padding), f"{_NN}.Embedding",
         default("float32-Embedding"), reset("float32-Embedding"),
         behaviour("construction", "float32-Embedding"),
         behaviour("embeddings", "float32-Embedding")),
    swap("lazy_bias_first", "a lazy layer draws its bias first, an eager one its weight",
         "LazyLinear.reset_parameters", _method(_lazy_bias_first),
         "PyTorch documentation, LazyModuleMixin: no order of the draws",
         default("float32-LazyLinear"), behaviour("lazy", "float32-LazyLinear")),
    swap("state_sorted", "a state lists its tensors by the order of their names",
         "Module.state_dict", _sorted, f"{_NN}.Module: state_dict, a dictionary",
         tie("float32-tied Linear"), behaviour("construction", "float32-BatchNorm1d")),
    Alternative(
        "refused_otherwise", "errors of other classes where the documentation names none",
        ("utils.clip_grad_norm_", "Module.load_state_dict", "torch.func.functional_call"),
        _refused_otherwise, source="PyTorch documentation: “an error is thrown”, “it will error”",
        nodes=(behaviour("parameters", "float32-Linear"), gradient("float32-tied Linear")),
        in_process=False,
    ),
    Alternative(
        "refused_by_overflow", "OverflowError where a number is too large for the dtype",
        ("torch.full", "constant_"), _overflowing,
        source="Python documentation, OverflowError",
        nodes=(behaviour("errors", "float32-torch.full"), behaviour("errors", "float32-constant_")),
    ),
)  # fmt: skip

CONTROLS = table(
    Control("linear_bias_first_and_too_wide", "bias first, and both on a range 3 % too wide",
            (_LINEAR,), _method(functools.partial(_bias_first, factor=1.03)),
            default("float32-Linear"), frozenset({"support"})),
)  # fmt: skip
