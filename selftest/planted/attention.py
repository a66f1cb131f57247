"""Faults of attention and of the transformer: projections, copies, and what is drawn anew."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from selftest.planted.fault import table
from selftest.planted.module import (
    NARROW,
    REPEATS,
    WIDE,
    ZERO,
    after,
    default,
    each,
    fault,
    filled,
    matching,
    times,
)


def _key_size(attention: Any) -> float:
    size = attention.embed_dim
    return math.sqrt((attention.kdim + size) / (2 * size))


def _value_is_key(weight: Tensor, _: Any) -> None:
    _query, key, value = weight.chunk(3)
    value.copy_(key)


def _value_bias_is_key_bias(attention: nn.MultiheadAttention) -> None:
    if attention.bias_k is not None:
        attention.bias_v.copy_(attention.bias_k)


def _output_bias(attention: nn.MultiheadAttention) -> None:
    if attention.out_proj.bias is not None:
        bound = 1 / math.sqrt(attention.embed_dim)
        attention.out_proj.bias.uniform_(-bound, bound)


def _output_glorot(attention: nn.MultiheadAttention) -> None:
    nn.init.xavier_uniform_(attention.out_proj.weight)


_ATTENTION = table(
    fault(
        "attention_by_block",
        "query, key and value are each bounded as a matrix of their own",
        "MultiheadAttention._reset_parameters",
        times("in_proj_weight", math.sqrt(2)),
        default("float32-MultiheadAttention"),
        "support",
        says="in_proj_weight:",
    ),
    fault(
        "attention_key_size",
        "the projection of keys is bounded as if they were as long as the embedding",
        "MultiheadAttention._reset_parameters",
        times("k_proj_weight", _key_size),
        default("float32-MultiheadAttention"),
        *WIDE,
        says="k_proj_weight:",
    ),
    fault(
        "attention_value_is_key",
        "the projection of values repeats that of keys",
        "MultiheadAttention._reset_parameters",
        each("in_proj_weight", _value_is_key),
        default("float32-MultiheadAttention"),
        *REPEATS,
        says="in_proj_weight:",
    ),
    fault(
        "attention_output_bias_random",
        "the bias of the output is that of a linear map",
        "MultiheadAttention._reset_parameters",
        after(_output_bias),
        default("float32-MultiheadAttention"),
        "exact",
        says="out_proj.bias:",
    ),
    fault(
        "attention_output_glorot",
        "the weight of the output has Glorot's bound too",
        "MultiheadAttention._reset_parameters",
        after(_output_glorot),
        default("float64-MultiheadAttention"),
        "support",
        says="out_proj.weight:",
    ),
    fault(
        "attention_in_bias_one",
        "one entry of in_proj_bias is not zero",
        "MultiheadAttention._reset_parameters",
        each("in_proj_bias", lambda bias, _: bias[-1:].fill_(1e-6)),
        default("float32-MultiheadAttention"),
        "exact",
        says="in_proj_bias:",
    ),
    fault(
        "attention_bias_k_zero",
        "bias_k is zero",
        "MultiheadAttention._reset_parameters",
        filled("bias_k", 0),
        default("float32-MultiheadAttention"),
        "atoms",
        "scale",
        says="bias_k",
    ),
    fault(
        "attention_bias_v_is_bias_k",
        "bias_v repeats bias_k",
        "MultiheadAttention._reset_parameters",
        after(_value_bias_is_key_bias),
        default("float32-MultiheadAttention"),
        "stretches",
        says="bias_v",
    ),
    fault(
        "attention_bias_kv_scale",
        "the standard deviation of bias_k and bias_v takes them for vectors of fan 1",
        "MultiheadAttention._reset_parameters",
        times(
            "bias_[kv]",
            lambda attention: math.sqrt(2 * attention.embed_dim / (1 + attention.embed_dim)),
        ),
        default("float64-MultiheadAttention"),
        "scale",
        says="bias_",
    ),
)


def _second_by_first(layer: Any) -> None:
    layer.linear2.weight.mul_(math.sqrt(layer.linear1.out_features / layer.linear1.in_features))


def _same_attentions(layer: nn.TransformerDecoderLayer) -> None:
    for name, tensor in layer.self_attn.named_parameters():
        layer.multihead_attn.get_parameter(name).copy_(tensor)


def _all_but_first(stack: Any) -> list[nn.Module]:
    return list(stack.layers)[1:]


def _redrawn(stack: Any) -> None:
    for layer in _all_but_first(stack):
        for _, weight in matching(layer, "linear[12].weight"):
            bound = 1 / math.sqrt(weight.size(1))
            weight.uniform_(-bound, bound)


def _one_entry(stack: Any) -> None:
    for layer in _all_but_first(stack):
        entry = layer.linear1.weight.view(-1)[:1]
        entry.copy_(torch.nextafter(entry, torch.zeros_like(entry)))


def _norm_half(stack: Any) -> None:
    if stack.norm is not None:
        stack.norm.weight.fill_(0.5)


def _narrow_matrix(tensor: Tensor, _: Any) -> None:
    if tensor.dim() > 1:
        tensor.mul_(0.9)


def _only_encoder(transformer: nn.Transformer) -> None:
    for layer in transformer.decoder.layers:
        for _, weight in matching(layer, "linear1.weight"):
            bound = 1 / math.sqrt(weight.size(1))
            weight.uniform_(-bound, bound)


def _layers_stay_copies(transformer: nn.Transformer) -> None:
    first, *others = transformer.decoder.layers
    for other in others:
        other.load_state_dict(first.state_dict())


def _biases_redrawn(transformer: nn.Transformer) -> None:
    for layer in _all_but_first(transformer.decoder):
        bound = 1 / math.sqrt(layer.linear1.in_features)
        for _, bias in matching(layer, "linear1.bias"):
            bias.uniform_(-bound, bound)


_TRANSFORMER = table(
    fault(
        "encoder_layer_second_by_first",
        "the second linear map is bounded by the first one's number of inputs",
        "TransformerEncoderLayer.__init__",
        after(_second_by_first),
        default("float32-TransformerEncoderLayer"),
        *WIDE,
        says="linear2.weight:",
    ),
    fault(
        "encoder_layer_linear_zero",
        "the bias of the second linear map is zero",
        "TransformerEncoderLayer.__init__",
        filled("linear2.bias", 0),
        default("float64-TransformerEncoderLayer"),
        *ZERO,
        says="linear2.bias:",
    ),
    fault(
        "decoder_layer_attentions_repeat",
        "both attentions of a decoder layer start alike",
        "TransformerDecoderLayer.__init__",
        after(_same_attentions),
        default("float32-TransformerDecoderLayer"),
        "stretches",
        says="multihead_attn",
    ),
    fault(
        "decoder_layer_third_norm",
        "the weight of the third norm is zero",
        "TransformerDecoderLayer.__init__",
        filled("norm3.weight", 0),
        default("float32-TransformerDecoderLayer"),
        "exact",
        says="norm3.weight:",
    ),
    fault(
        "encoder_layers_redrawn",
        "the layers of an encoder are drawn each by itself",
        "TransformerEncoder.__init__",
        after(_redrawn),
        default("float32-TransformerEncoder"),
        "copies",
    ),
    fault(
        "encoder_last_norm",
        "the norm handed over to an encoder gets the weight 0.5",
        "TransformerEncoder.__init__",
        after(_norm_half),
        default("float32-TransformerEncoder"),
        "exact",
        says="norm.weight:",
    ),
    fault(
        "decoder_layers_differ_in_one_entry",
        "one weight of the further layers of a decoder is off by one step of its dtype",
        "TransformerDecoder.__init__",
        after(_one_entry),
        default("float64-TransformerDecoder"),
        "copies",
    ),
    fault(
        "transformer_narrow",
        "the bound of every matrix is 10 % too small",
        "Transformer._reset_parameters",
        each("*weight", _narrow_matrix),
        default("float32-Transformer"),
        *NARROW,
    ),
    fault(
        "transformer_decoder_left_out",
        "the decoder's linear maps keep their own bound",
        "Transformer._reset_parameters",
        after(_only_encoder),
        default("float32-Transformer"),
        *WIDE,
        says="linear1.weight:",
    ),
    fault(
        "transformer_layers_repeat",
        "the decoder's layers stay copies of the first",
        "Transformer._reset_parameters",
        after(_layers_stay_copies),
        default("float32-Transformer"),
        "stretches",
        says="decoder.layers.",
    ),
    fault(
        "transformer_biases_redrawn",
        "the biases of the decoder's further layers are drawn anew",
        "Transformer._reset_parameters",
        after(_biases_redrawn),
        default("float64-Transformer"),
        "copies",
    ),
)

FAULTS = _ATTENTION | _TRANSFORMER
