"""Attention and the transformer: layers, stacks of copies, and the whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Unpack

from torch import nn

from strategies.modules.attention import AttentionArguments, attentions
from strategies.modules.transformer import (
    TransformerArguments,
    TransformerLayerArguments,
    TransformerStackArguments,
    transformer_layers,
    transformer_stacks,
    transformers,
)
from verify import torch_api
from verify.laws import Constant, Normal, Uniform, fan_in_and_fan_out
from verify.subjects.fills import Factory
from verify.subjects.modules._row import affine, documentation, glorot_bound, norm, row, within
from verify.subjects.subject import Maker
from verify.subjects.tensor_law import TensorLaw

_GLOROT = "Glorot & Bengio 2010, eq. 16; that it is used here is not documented"
_LAYER = (
    "in_proj ~ U(±√(6/(E + 3E))), out_proj, linear ~ U(±1/√fan_in); "
    "attention biases 0; norms 1 and 0"
)

Layer = Callable[[TransformerLayerArguments], Iterable[TensorLaw]]


def attention(a: AttentionArguments) -> Iterator[TensorLaw]:
    """Projections by Glorot's bound: one stacked matrix, or three where sizes differ."""
    size = a.embed_dim
    kdim, vdim = a.kdim or size, a.vdim or size
    if kdim == vdim == size:
        yield _projection("in_proj_weight", (3 * size, size), blocks=3)
    else:
        for name, inputs in (("q", size), ("k", kdim), ("v", vdim)):
            yield _projection(f"{name}_proj_weight", (size, inputs))
    if a.bias:
        yield TensorLaw("in_proj_bias", (3 * size,), Constant(0.0))
    yield from within("out_proj.", _output(size, a.bias))
    if a.add_bias_kv:
        shape = (1, 1, size)
        law = Normal(0.0, math.sqrt(2 / sum(fan_in_and_fan_out(shape))))
        yield TensorLaw("bias_k", shape, law, "bias_k, bias_v")
        yield TensorLaw("bias_v", shape, law, "bias_k, bias_v")


def _projection(name: str, shape: tuple[int, ...], blocks: int = 1) -> TensorLaw:
    return TensorLaw(name, shape, Uniform.for_variance(bound=glorot_bound(shape)), blocks=blocks)


def _output(size: int, bias: bool) -> Iterator[TensorLaw]:
    """A linear map's weight with a bias of zero."""
    for tensor in affine(size, size, bias):
        named = replace(tensor, kind=f"out_proj.{tensor.name}")
        yield replace(named, law=Constant(0.0)) if tensor.name == "bias" else named


def _feed_forward(a: TransformerLayerArguments) -> Iterator[TensorLaw]:
    sizes = (a.d_model, a.dim_feedforward)
    for name, inputs, outputs in (("linear1", *sizes), ("linear2", *sizes[::-1])):
        for tensor in affine(inputs, outputs, a.bias):
            yield replace(tensor, name=f"{name}.{tensor.name}", kind=f"linear.{tensor.name}")


def _norms(a: TransformerLayerArguments, count: int) -> Iterator[TensorLaw]:
    for i in range(count):
        for tensor in norm((a.d_model,), True, a.bias):
            yield replace(tensor, name=f"norm{i + 1}.{tensor.name}", kind=f"norm.{tensor.name}")


def _encoder_layer(a: TransformerLayerArguments) -> Iterator[TensorLaw]:
    """Attention, two linear maps and two norms."""
    inner = AttentionArguments(a.d_model, a.nhead, bias=a.bias)
    yield from within("self_attn.", attention(inner))
    yield from _feed_forward(a)
    yield from _norms(a, 2)


def _decoder_layer(a: TransformerLayerArguments) -> Iterator[TensorLaw]:
    """As an encoder layer, with attention to the encoder besides."""
    inner = AttentionArguments(a.d_model, a.nhead, bias=a.bias)
    yield from within("self_attn.", attention(inner))
    yield from within("multihead_attn.", attention(inner))
    yield from _feed_forward(a)
    yield from _norms(a, 3)


def _stack(a: TransformerStackArguments, layer: Layer) -> Iterator[TensorLaw]:
    """Layers that start as copies of each other, as documented; and a norm on demand."""
    for i in range(a.num_layers):
        for tensor in within(f"layers.{i}.", layer(a.layer)):
            original = tensor.name.replace(f".{i}.", ".0.", 1)
            yield replace(tensor, copy_of=original if i else "")
    if a.norm:
        yield from within("norm.", _final_norm(a.layer))


def _final_norm(a: TransformerLayerArguments) -> Iterator[TensorLaw]:
    for tensor in norm((a.d_model,), True, a.bias):
        yield replace(tensor, kind=f"norm.{tensor.name}")


def _make_stack(name: str) -> Maker[TransformerStackArguments]:
    """Constructs a stack from a layer that it copies, and a norm of the layer's width."""

    def make(a: TransformerStackArguments, **factory: Unpack[Factory]) -> nn.Module:
        layer = torch_api.module(f"{name}Layer")(**a.layer.keywords(), **factory)
        last = None
        if a.norm:
            last = torch_api.module("LayerNorm")(a.layer.d_model, bias=a.layer.bias, **factory)
        return torch_api.module(name)(layer, a.num_layers, norm=last)

    return make


def _transformer(a: TransformerArguments) -> Iterator[TensorLaw]:
    """Two stacks whose matrices are all drawn again by Glorot's bound; biases stay copies."""
    layer = TransformerLayerArguments(a.d_model, a.nhead, a.dim_feedforward, bias=a.bias)
    encoder = TransformerStackArguments(layer, a.num_encoder_layers, norm=True)
    decoder = TransformerStackArguments(layer, a.num_decoder_layers, norm=True)
    for tensor in (
        *within("encoder.", _stack(encoder, _encoder_layer)),
        *within("decoder.", _stack(decoder, _decoder_layer)),
    ):
        if len(tensor.shape) > 1:
            law = Uniform.for_variance(bound=glorot_bound(tensor.shape))
            yield replace(tensor, law=law, copy_of="")
        else:
            yield tensor


_SMALL = TransformerLayerArguments(64, 4, 96)
_WIDE = TransformerLayerArguments(4, 2, 4096)

ATTENTION = (
    row(
        "MultiheadAttention",
        lambda size: attentions(max_numel=size),
        attention,
        (
            AttentionArguments(64, 4),
            AttentionArguments(48, 3, kdim=20, vdim=70),
            AttentionArguments(96, 4, add_bias_kv=True),
        ),
        words="projections by Glorot's bound (stacked, where sizes agree, with fan_out 3E), "
        "out_proj as a linear map, biases zero, bias_k and bias_v Glorot normal",
        formula="in_proj ~ U(±√(6/(E + 3E))), q, k, v ~ U(±√(6/(in + E))), "
        "out_proj ~ U(±1/√E), bias_k, bias_v ~ N(0, 1/E)",
        source=_GLOROT,
    ),
    row(
        "TransformerEncoderLayer",
        lambda size: transformer_layers(attentions=1, max_numel=size),
        _encoder_layer,
        (_SMALL, _WIDE),
        words="attention, linear maps and norms by their own defaults",
        formula=_LAYER,
        source=_GLOROT,
    ),
    row(
        "TransformerDecoderLayer",
        lambda size: transformer_layers(attentions=2, max_numel=size),
        _decoder_layer,
        (_SMALL, _WIDE),
        words="both attentions, linear maps and norms by their own defaults",
        formula=_LAYER,
        source=_GLOROT,
    ),
    row(
        "TransformerEncoder",
        lambda size: transformer_stacks(attentions=1, max_numel=size),
        lambda a: _stack(a, _encoder_layer),
        (
            TransformerStackArguments(_SMALL, 3, norm=True),
            TransformerStackArguments(_WIDE, 1, norm=False),
        ),
        words="layers that are copies of the one handed over, and so of each other",
        formula=_LAYER,
        source=documentation("TransformerEncoder"),
        make=_make_stack("TransformerEncoder"),
    ),
    row(
        "TransformerDecoder",
        lambda size: transformer_stacks(attentions=2, max_numel=size),
        lambda a: _stack(a, _decoder_layer),
        (
            TransformerStackArguments(_SMALL, 3, norm=True),
            TransformerStackArguments(_WIDE, 1, norm=False),
        ),
        words="layers that are copies of the one handed over, and so of each other",
        formula=_LAYER,
        source=f"{documentation('TransformerEncoder')}; as there",
        make=_make_stack("TransformerDecoder"),
    ),
    row(
        "Transformer",
        lambda size: transformers(max_numel=size),
        _transformer,
        (
            TransformerArguments(32, 4, 2, 3, 48),
            TransformerArguments(4, 2, 1, 1, 4096),
        ),
        words="every matrix by Glorot's bound and independent; the biases of the linear maps "
        "by their own default, and equal in all layers of a stack",
        formula="W ~ U(±√(6/(fan_in + fan_out))), linear biases ~ U(±1/√fan_in)",
        source=_GLOROT,
    ),
)
"""In order of size."""
