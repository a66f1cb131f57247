"""Arguments of transformers, their layers and stacks of layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.modules._draw import (
    MAX_NUMEL,
    draw_dropout,
    draw_eps,
    draw_heads,
    draw_two,
    flag,
    largest,
)
from strategies.modules.arguments import Arguments

Activation = Literal["relu", "gelu"]

_ACTIVATIONS: tuple[Activation, ...] = ("relu", "gelu")


@dataclass(frozen=True)
class TransformerLayerArguments(Arguments):
    """Constructor arguments of ``torch.nn.TransformerEncoderLayer`` and the decoder layer."""

    d_model: int
    nhead: int
    dim_feedforward: int = 2048
    dropout: float = 0.1
    activation: Activation = "relu"
    layer_norm_eps: float = 1e-5
    batch_first: bool = False
    norm_first: bool = False
    bias: bool = True


@dataclass(frozen=True)
class TransformerStackArguments(Arguments):
    """A layer to copy, how often, and whether a final ``LayerNorm`` is handed over."""

    layer: TransformerLayerArguments
    num_layers: int
    norm: bool


@dataclass(frozen=True)
class TransformerArguments(Arguments):
    """Constructor arguments of ``torch.nn.Transformer``."""

    d_model: int = 512
    nhead: int = 8
    num_encoder_layers: int = 6
    num_decoder_layers: int = 6
    dim_feedforward: int = 2048
    dropout: float = 0.1
    activation: Activation = "relu"
    layer_norm_eps: float = 1e-5
    batch_first: bool = False
    norm_first: bool = False
    bias: bool = True


#: What has the fewest entries.
_BARE = TransformerLayerArguments(1, 1, 1, bias=False)


@strategy
def transformer_layers(
    *, attentions: int = 1, max_numel: int = MAX_NUMEL
) -> Callable[[Choices], TransformerLayerArguments]:
    """Draw constructor arguments of ``torch.nn.TransformerEncoderLayer`` or the decoder layer.

    The model is smaller than the feed-forward network about as often as larger, and seldom
    equal. That network has its default size in one draw of eight, as far as `max_numel` allows.

    Parameters
    ----------
    attentions
        How many attentions the layer has: 1 for an encoder layer, 2 for a decoder layer. It
        matters for `max_numel` only.
    max_numel
        The largest total number of entries of all parameters, nearly reached by one draw of
        four; at least ``3 + 5 * attentions``.

    Returns
    -------
    SearchStrategy[TransformerLayerArguments]
        Shrinks to sizes of one and the defaults.

    Raises
    ------
    InvalidArgument
        When `attentions` is not a positive integer, or `max_numel` is not an integer of at least
        ``3 + 5 * attentions``.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(transformer_layers(), lambda drawn: drawn.nhead == 2).keywords()
    {'d_model': 2, 'nhead': 2, 'dim_feedforward': 1}
    """
    _check.integers(1, attentions=attentions)
    _check.integers(_numel(_BARE, attentions), max_numel=max_numel)
    return lambda choices: _draw_layer(choices, lambda layer: _numel(layer, attentions), max_numel)


@strategy
def transformer_stacks(
    *, attentions: int = 1, max_numel: int = MAX_NUMEL
) -> Callable[[Choices], TransformerStackArguments]:
    """Draw what ``torch.nn.TransformerEncoder`` or the decoder is made of.

    One to four copies of a layer as drawn by `transformer_layers`, followed by a ``LayerNorm``
    with weight and bias in half of the draws.

    Parameters
    ----------
    attentions
        How many attentions a layer has: 1 for an encoder, 2 for a decoder. It matters for
        `max_numel` only.
    max_numel
        The largest total number of entries of all parameters, nearly reached by one draw of
        four; at least ``3 + 5 * attentions``.

    Returns
    -------
    SearchStrategy[TransformerStackArguments]
        Shrinks to one layer with sizes of one and the defaults, and no norm.

    Raises
    ------
    InvalidArgument
        When `attentions` is not a positive integer, or `max_numel` is not an integer of at least
        ``3 + 5 * attentions``.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(transformer_stacks(), lambda drawn: drawn.num_layers == 2).layer.keywords()
    {'d_model': 1, 'nhead': 1, 'dim_feedforward': 1}
    """
    _check.integers(1, attentions=attentions)
    _check.integers(_numel(_BARE, attentions), max_numel=max_numel)

    def draw_arguments(choices: Choices) -> TransformerStackArguments:
        layers, norm = choices.pick((1, 2, 3, 4)), flag(choices, False)

        def numel(layer: TransformerLayerArguments) -> int:
            return layers * _numel(layer, attentions) + norm * 2 * layer.d_model

        if numel(_BARE) > max_numel:
            layers, norm = 1, False
        return TransformerStackArguments(_draw_layer(choices, numel, max_numel), layers, norm)

    return draw_arguments


@strategy
def transformers(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], TransformerArguments]:
    """Draw constructor arguments of ``torch.nn.Transformer``.

    One to three layers each in encoder and decoder, of sizes as drawn by `transformer_layers`.

    Parameters
    ----------
    max_numel
        The largest total number of entries of all parameters, nearly reached by one draw of
        four; at least 23.

    Returns
    -------
    SearchStrategy[TransformerArguments]
        Shrinks to one layer each, sizes of one and the other defaults.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 23.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Transformer.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(transformers(), lambda drawn: drawn.num_decoder_layers == 2).num_encoder_layers
    1
    """

    def count(layer: TransformerLayerArguments, encoders: int, decoders: int) -> int:
        norms = 2 * layer.d_model * (1 + layer.bias)
        return encoders * _numel(layer, 1) + decoders * _numel(layer, 2) + norms

    _check.integers(count(_BARE, 1, 1), max_numel=max_numel)

    def draw_arguments(choices: Choices) -> TransformerArguments:
        encoders, decoders = choices.pick((1, 2, 3)), choices.pick((1, 2, 3))
        if count(_BARE, encoders, decoders) > max_numel:
            encoders = decoders = 1
        layer = _draw_layer(choices, lambda layer: count(layer, encoders, decoders), max_numel)
        return TransformerArguments(
            layer.d_model,
            layer.nhead,
            encoders,
            decoders,
            layer.dim_feedforward,
            layer.dropout,
            layer.activation,
            layer.layer_norm_eps,
            layer.batch_first,
            layer.norm_first,
            layer.bias,
        )

    return draw_arguments


def _draw_layer(
    choices: Choices, numel: Callable[[TransformerLayerArguments], int], max_numel: int
) -> TransformerLayerArguments:
    """Draw a layer; `numel` counts the entries of the whole module, of which it is a part."""
    heads, bias, dropout = draw_heads(choices), flag(choices, True), draw_dropout(choices, 0.1)
    activation, eps = choices.pick(_ACTIVATIONS), draw_eps(choices)
    batch_first, norm_first = flag(choices, False), flag(choices, False)
    usual = choices.one_in(8)

    def make(size: int, feedforward: int) -> TransformerLayerArguments:
        return TransformerLayerArguments(
            heads * size,
            heads,
            feedforward,
            dropout,
            activation,
            eps,
            batch_first,
            norm_first,
            bias,
        )

    def total(size: int, feedforward: int) -> int:
        return numel(make(size, feedforward))

    if total(1, 1) > max_numel:
        heads, bias = 1, False
    size, feedforward = draw_two(choices, total, max_numel)
    default = TransformerLayerArguments.dim_feedforward
    most = choices.log_integer(1, largest(lambda size: total(size, default), max_numel))
    if usual and total(most, default) <= max_numel:
        size, feedforward = most, default
    return make(size, feedforward)


def _numel(layer: TransformerLayerArguments, attentions: int) -> int:
    """Attentions, the feed-forward network, and a norm before or after each."""
    model, feedforward, bias = layer.d_model, layer.dim_feedforward, layer.bias
    attention = 4 * model * (model + bias)
    network = 2 * model * feedforward + (feedforward + model) * bias
    norm = model * (1 + bias)
    return attentions * attention + network + (attentions + 1) * norm
