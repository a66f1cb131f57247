"""Faults of the handful of architectures that stand beside BERT and GPT-2."""

from __future__ import annotations

import functools
import math
from typing import Any

import torch
from torch import Tensor, nn

from selftest.planted.fault import Function, table
from selftest.planted.loading import but
from selftest.planted.loading import recipe as way
from selftest.planted.module import NARROW, WIDE, ZERO, after, fault
from selftest.planted.pretrained import STATE, of_kind, ruled
from selftest.planted.recipes import SCALE, recipe

_MODELS = "transformers.models"
_RULE = "transformers.modeling_utils.PreTrainedModel._init_weights"
_LLAMA, _DISTILBERT = "LlamaForCausalLM", "DistilBertForMaskedLM"
_VIT, _T5 = "ViTForImageClassification", "T5ForConditionalGeneration"
_WHISPER = "WhisperForConditionalGeneration"
_LLAMA_MODEL = f"{_MODELS}.llama.modeling_llama.{_LLAMA}"
_DISTILBERT_TABLE = f"{_MODELS}.distilbert.modeling_distilbert.create_sinusoidal_embeddings"
_VIT_RULE = f"{_MODELS}.vit.modeling_vit.ViTPreTrainedModel._init_weights"
_T5_RULE = f"{_MODELS}.t5.modeling_t5.T5PreTrainedModel._init_weights"
_WHISPER_RULE = f"{_MODELS}.whisper.modeling_whisper.WhisperPreTrainedModel._init_weights"
_WHISPER_ATTENTION = f"{_MODELS}.whisper.modeling_whisper.WhisperAttention.__init__"


def _projected_by_default(model: Any) -> None:
    for layer in model.model.layers:
        layer.mlp.down_proj.reset_parameters()


def _halves(original: Function) -> Function:
    """Every sine first, and then every cosine: another layout of the same values."""

    @functools.wraps(original)
    def made(*args: Any, **keywords: Any) -> Tensor:
        values: Tensor = original(*args, **keywords)
        return torch.cat((values[:, 0::2], values[:, 1::2]), dim=1)

    return made


def _without_class(module: Any, _: Any) -> None:
    if hasattr(module, "cls_token"):
        module.cls_token.zero_()


def _scaled_by_hand(module: Any, model: Any) -> None:
    """As if scores were divided by √d_kv."""
    if hasattr(module, "key_value_proj_dim"):
        module.q.weight.mul_(math.sqrt(model.config.d_kv))


def _by_width(module: Any, model: Any) -> None:
    """As if the inner layer were as wide as the model."""
    if hasattr(module, "wo"):
        module.wo.weight.mul_(math.sqrt(model.config.d_ff / model.config.d_model))


def _unplaced(module: Any, _: Any) -> None:
    if hasattr(module, "conv1"):
        places = module.embed_positions
        places.weight = nn.Parameter(torch.empty_like(places.weight), requires_grad=False)


def _with_key_bias(attention: Any) -> None:
    keys = attention.k_proj
    keys.bias = nn.Parameter(torch.zeros(keys.out_features))


def _redrawn(weight: Tensor) -> None:
    with torch.no_grad():
        weight.normal_(0, 0.02)


FAULTS = table(
    fault(
        "llama_projection_default",
        "the last projections are left at the default of nn.Linear",
        f"{_LLAMA_MODEL}.__init__",
        after(_projected_by_default),
        recipe(_LLAMA),
        *SCALE,
        *WIDE,
        says="down_proj",
    ),
    fault(
        "llama_frequencies_unwritten",
        "rotary frequencies are left as memory was once they have been on the meta device",
        _RULE,
        but("LlamaRotaryEmbedding"),
        way("from_meta", _LLAMA),
        *STATE,
        says="inv_freq are wrong",
    ),
    fault(
        "distilbert_sinusoids_in_halves",
        "sines stand before cosines, in place of by turns",
        _DISTILBERT_TABLE,
        _halves,
        recipe(_DISTILBERT),
        *STATE,
        says="position_embeddings.weight are wrong",
    ),
    fault(
        "vit_class_token_zero",
        "the class token is zero",
        _VIT_RULE,
        ruled(_without_class),
        recipe(_VIT),
        *SCALE,
        *ZERO,
        "duplicates",
        says="cls_token",
    ),
    fault(
        "vit_patches_default",
        "the convolution over patches is left at the default of nn.Conv2d",
        _VIT_RULE,
        of_kind(nn.Conv2d, lambda patches: patches.reset_parameters()),
        recipe(_VIT),
        *SCALE,
        *NARROW,
        "exact",
        says="patch_embeddings.projection",
    ),
    fault(
        "t5_query_forgets_d_kv",
        "queries are drawn as if scores were divided by the root of d_kv",
        _T5_RULE,
        ruled(_scaled_by_hand),
        recipe(_T5),
        *SCALE,
        says="Attention.q.weight",
    ),
    fault(
        "t5_output_by_d_model",
        "the output of the inner layer is scaled by the width of the model",
        _T5_RULE,
        ruled(_by_width),
        recipe(_T5),
        *SCALE,
        says="DenseReluDense.wo.weight",
    ),
    fault(
        "whisper_positions_unwritten",
        "the encoder's positions are memory that nobody writes",
        _WHISPER_RULE,
        ruled(_unplaced),
        recipe(_WHISPER),
        *STATE,
        says="model.encoder.embed_positions.weight holds NaN",
    ),
    fault(
        "whisper_keys_biased",
        "keys have a bias, which no law speaks of",
        _WHISPER_ATTENTION,
        after(_with_key_bias),
        recipe(_WHISPER),
        *STATE,
        says="no law claims the parameter model.encoder.layers.0.self_attn.k_proj.bias",
    ),
    fault(
        "distilbert_stored_positions_redrawn",
        "loading redraws position embeddings",
        "transformers.modeling_utils.PreTrainedModel._initialize_missing_keys",
        after(lambda model: _redrawn(model.distilbert.embeddings.position_embeddings.weight)),
        way("from_checkpoint", _DISTILBERT),
        *STATE,
    ),
)
