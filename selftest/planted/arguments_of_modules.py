"""Modules whose constructors ignore an argument, or take it for another.

An argument that the caller must give cannot be left out: it is one more than asked.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from selftest.planted.fault import Fault, Function, Plant, table
from selftest.planted.module import question

SHAPES = "tensors of other names or shapes than the arguments say:"
SETTINGS = "settings that the module shows otherwise than given:"
EPS = "norms that add another eps to the variance:"


Edit = Callable[[dict[str, Any], str], object]


def _edited(edit: Edit, *, shown: bool = False) -> Callable[[str], Plant]:
    """Change the arguments by name.

    Parameters
    ----------
    shown
        Whether an attribute shows what was given all the same, unless it is a tensor.
    """

    def of(name: str) -> Plant:
        def plant(original: Function) -> Function:
            takes = list(inspect.signature(original).parameters.values())
            names = [p.name for p in takes if p.kind is p.POSITIONAL_OR_KEYWORD][1:]

            @functools.wraps(original)
            def faulty(self: Any, *args: Any, **kwargs: Any) -> None:
                given = dict(zip(names, args, strict=False)) | kwargs
                changed = dict(given)
                edit(changed, name)
                original(self, **changed)
                if shown and name in given and name not in self._parameters:
                    vars(self)[name] = given[name]

            return faulty

        return plant

    return of


def _drop(arguments: dict[str, Any], name: str) -> None:
    arguments.pop(name, None)


def _one_part(arguments: dict[str, Any], name: str) -> None:
    arguments[name] = 1


def _add_one(arguments: dict[str, Any], name: str) -> None:
    number = arguments.get(name, 0)
    arguments[name] = number + 1 if isinstance(number, int) else (*number[:-1], number[-1] + 1)


SHOWN = {
    "AdaptiveLogSoftmaxWithLoss": "div_value",
    "Conv1d": "stride padding padding_mode",
    "Conv2d": "stride dilation",
    "Conv3d": "padding dilation",
    "ConvTranspose1d": "stride output_padding",
    "ConvTranspose2d": "padding",
    "ConvTranspose3d": "output_padding dilation",
    "LazyConv1d": "groups padding_mode",
    "LazyConv2d": "stride",
    "LazyConv3d": "dilation",
    "LazyConvTranspose2d": "groups stride",
    "LazyConvTranspose3d": "dilation",
    "BatchNorm1d": "momentum",
    "SyncBatchNorm": "eps momentum",
    "InstanceNorm2d": "momentum",
    "LazyBatchNorm1d": "momentum",
    "LazyInstanceNorm2d": "momentum",
    "RNN": "batch_first nonlinearity dropout",
    "GRU": "batch_first dropout",
    "LSTM": "dropout batch_first",
    "RNNCell": "nonlinearity",
    "Embedding": "padding_idx max_norm norm_type scale_grad_by_freq sparse",
    "EmbeddingBag": "padding_idx max_norm norm_type scale_grad_by_freq mode sparse "
    "include_last_offset",
    "MultiheadAttention": "dropout add_zero_attn batch_first",
    "TransformerEncoderLayer": "batch_first dropout norm_first",
    "TransformerDecoderLayer": "norm_first",
    "Transformer": "dropout norm_first batch_first",
}
"""Arguments that decide no shape: the attribute of that name shows the default."""

SHAPED = {
    "Linear": "bias",
    "NonDynamicallyQuantizableLinear": "bias",
    "Bilinear": "bias",
    "AdaptiveLogSoftmaxWithLoss": "div_value head_bias",
    "LinearCrossEntropyLoss": "bias",
    "Conv1d": "groups",
    "Conv2d": "bias",
    "ConvTranspose1d": "bias",
    "ConvTranspose2d": "groups",
    "LazyLinear": "bias",
    "LazyConv3d": "bias",
    "LazyConvTranspose1d": "bias",
    "BatchNorm1d": "affine",
    "BatchNorm2d": "track_running_stats",
    "BatchNorm3d": "bias",
    "InstanceNorm1d": "affine",
    "InstanceNorm2d": "bias",
    "GroupNorm": "bias",
    "LayerNorm": "elementwise_affine bias",
    "RNN": "bias",
    "GRU": "bias",
    "LSTM": "bias proj_size",
    "RNNCell": "bias",
    "GRUCell": "bias",
    "LSTMCell": "bias",
    "MultiheadAttention": "bias add_bias_kv kdim vdim",
    "TransformerEncoderLayer": "dim_feedforward bias",
    "TransformerDecoderLayer": "dim_feedforward bias",
    "Transformer": "num_encoder_layers num_decoder_layers dim_feedforward bias",
    "PReLU": "num_parameters",
    "TransformerDecoder": "norm",
    "LazyBatchNorm3d": "bias",
}
"""Arguments that decide a shape or whether there is a tensor at all, whatever is shown."""

COUNTED = {
    "Linear": "in_features out_features",
    "NonDynamicallyQuantizableLinear": "in_features out_features",
    "Bilinear": "in1_features in2_features out_features",
    "AdaptiveLogSoftmaxWithLoss": "in_features n_classes",
    "LinearCrossEntropyLoss": "in_features num_classes",
    "Conv1d": "kernel_size",
    "LayerNorm": "normalized_shape",
    "RMSNorm": "normalized_shape",
    "GRU": "hidden_size input_size",
    "LSTM": "input_size hidden_size",
    "RNNCell": "input_size",
    "GRUCell": "hidden_size",
    "LSTMCell": "input_size hidden_size",
    "Embedding": "num_embeddings embedding_dim",
    "EmbeddingBag": "num_embeddings embedding_dim",
    "LazyLinear": "out_features",
    "TransformerEncoder": "num_layers",
    "TransformerDecoder": "num_layers",
    "ConvTranspose1d": "kernel_size",
    "BatchNorm2d": "num_features",
    "InstanceNorm1d": "num_features",
    "RNN": "hidden_size",
    "LazyConvTranspose2d": "kernel_size",
}
"""Sizes and numbers that the caller must give."""

TOLD_OTHERWISE = {
    "InstanceNorm3d": "track_running_stats",
    "GroupNorm": "affine",
    "RMSNorm": "elementwise_affine",
    "RNN": "bidirectional num_layers",
    "GRU": "bidirectional",
    "LSTM": "num_layers bidirectional",
}
"""The same, which whatever is asked of a drawn case stumbles over first."""

REFUSED_THEN = {
    "AdaptiveLogSoftmaxWithLoss": "cutoffs",
    "Conv2d": "out_channels",
    "ConvTranspose2d": "out_channels",
    "LazyConv1d": "out_channels",
    "LazyConv2d": "kernel_size",
    "LazyConvTranspose1d": "out_channels",
    "GroupNorm": "num_channels",
    "TransformerEncoderLayer": "d_model",
    "Transformer": "d_model",
}
"""The same of numbers, of which the constructor takes not all."""

HEADS = {
    "GroupNorm": "num_groups",
    "MultiheadAttention": "num_heads",
    "TransformerEncoderLayer": "nhead",
    "Transformer": "nhead",
}
"""Numbers of parts, which are always one."""

ADDED = {
    "BatchNorm2d": "eps",
    "InstanceNorm3d": "eps",
    "GroupNorm": "eps",
    "LayerNorm": "eps",
    "RMSNorm": "eps",
    "LazyBatchNorm3d": "eps",
    "TransformerEncoderLayer": "layer_norm_eps",
    "TransformerDecoderLayer": "layer_norm_eps",
    "Transformer": "layer_norm_eps",
}


PLACES = {"NonDynamicallyQuantizableLinear": "modules.linear.NonDynamicallyQuantizableLinear"}


def _rows(
    of: dict[str, str], does: str, plant: Callable[[str], Plant], says: str
) -> Iterator[Fault]:
    for module, names in of.items():
        for name in names.split():
            yield question(
                "construction", "construction", f"{module} {does} {name}", f"float32-{module}",
                f"{PLACES.get(module, module)}.__init__", plant(name), says,
            )  # fmt: skip


FAULTS = table(
    *_rows(SHOWN, "ignores", _edited(_drop), SETTINGS),
    *_rows(SHAPED, "shows without effect", _edited(_drop, shown=True), SHAPES),
    *_rows(COUNTED, "adds one to", _edited(_add_one), SHAPES),
    *_rows(TOLD_OTHERWISE, "shows without effect", _edited(_drop, shown=True), ""),
    *_rows(REFUSED_THEN, "adds one to", _edited(_add_one), ""),
    *_rows(HEADS, "takes one for", _edited(_one_part), SETTINGS),
    *_rows(ADDED, "leaves to its default", _edited(_drop), EPS),
)
