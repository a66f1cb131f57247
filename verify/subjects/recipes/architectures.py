"""A handful of the architectures of the transformers package: one row for each.

The laws are those of the documentation of each configuration, and of what its authors published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

import strategies
from strategies import ArchitectureArguments
from verify.laws import Constant, Normal
from verify.subjects.case import ModuleCase
from verify.subjects.fills import Target
from verify.subjects.recipes.claims import Claims, Rows, Same
from verify.subjects.recipes.known import (
    Exactly,
    Unchecked,
    Written,
    inverse_frequencies,
    positions,
    sinusoids,
)
from verify.subjects.recipes.parts import TRANSFORMERS, arguments_of, effort_of_building
from verify.subjects.recipes.pretrained import (
    WITHOUT_TOKENS,
    Parts,
    built,
    linear,
    norm,
    ways_to,
)
from verify.subjects.recipes.recipe import Recipe

_ROTARY_BASE = 10_000.0
_PATCH = 2

_RANGE = "documentation of transformers, initializer_range"

A = ArchitectureArguments


@dataclass(frozen=True)
class _Row:
    """An architecture: how it spells its sizes, and the law of each tensor.

    Attributes
    ----------
    model, configuration : str
        The names of its classes.
    names : mapping
        What its configuration calls the fields of `ArchitectureArguments`; those that it does not
        have are left out.
    claims : callable
        What each parameter and buffer follows.
    narrow : str
        The dtype of half precision that it is built in too.
    words, formula, source : str
        As in `Recipe`.
    fields : callable
        What its configuration is given besides.
    """

    model: str
    configuration: str
    names: Mapping[str, str]
    claims: Callable[[A], Claims]
    narrow: str
    words: str
    formula: str
    source: str
    fields: Callable[[A], Mapping[str, Any]] = field(default=lambda _: WITHOUT_TOKENS)

    def keywords(self, a: A) -> dict[str, Any]:
        """The fields of its configuration; what equals its default is left to the package."""
        sizes = {self.names[k]: v for k, v in a.keywords().items() if k in self.names}
        return sizes | dict(self.fields(a))

    def recipe(self) -> Recipe[ModuleCase[A]]:
        """The row of the suite's table."""

        def make(case: ModuleCase[A], target: Target) -> nn.Module:
            return built(self.model, self.configuration, self.keywords(_of(case)), target)

        return Recipe(
            name=self.model,
            cases=lambda size: strategies.architectures(max_numel=size).map(ModuleCase),
            make=make,
            claims=lambda case: self.claims(_of(case)),
            ways=ways_to(make, self.model),
            dtypes=("float32", self.narrow),
            effort=_effort,
            package=TRANSFORMERS,
            classes=(self.configuration, self.model),
            anchors=tuple(map(ModuleCase, (_EVEN, _SWITCHED, _DEEP))),
            words=self.words,
            formula=self.formula,
            source=self.source,
        )


def _of(case: ModuleCase[A]) -> A:
    return arguments_of(case, ArchitectureArguments)


def _effort(case: ModuleCase[A]) -> float:
    a = _of(case)
    block = 4 * a.hidden_size + 2 * a.intermediate_size
    rows = a.vocab_size + a.max_position_embeddings + a.num_hidden_layers * block
    return effort_of_building(a.hidden_size * rows)


# Nearly every kind of tensor has as many values in it.
_EVEN = ArchitectureArguments(96, 96, 1, 3, 96, 96, 32, 0)
_SWITCHED = replace(_EVEN, switched=True, pad_token_id=95)
# Small enough for every way to come to it.
_DEEP = ArchitectureArguments(120, 32, 2, 4, 64, 48, 4, 3, 0.05)


def _like(*names: str, **others: str) -> dict[str, str]:
    """Fields under their own names, and those that a configuration calls otherwise."""
    return {name: name for name in names} | others


def _several(part: Callable[..., Parts], names: tuple[str, ...], *law: Normal) -> Parts:
    """The same part at several places."""
    return {k: claim for name in names for k, claim in part(name, *law).items()}


def _normal(a: A) -> Normal:
    return Normal(0.0, a.initializer_range)


def _llama(a: A) -> Claims:
    """A norm has no bias; the layers have one, and the head is the embedding, if it is switched."""
    normal, layer = _normal(a), "model.layers.?"
    words, head = "model.embed_tokens.weight", "lm_head.weight"
    projections = (
        *(f"{layer}.self_attn.{part}_proj" for part in "qkvo"),
        *(f"{layer}.mlp.{part}_proj" for part in ("gate", "up", "down")),
    )
    return {
        words: Rows(normal, a.pad_token_id),
        **{f"{name}.weight": normal for name in projections},
        **({f"{layer}.*_proj.bias": Constant(0.0)} if a.switched else {}),
        "model.*norm.weight": Constant(1.0),
        "model.rotary_emb.*inv_freq": inverse_frequencies(_ROTARY_BASE),
        head: Same(words) if a.switched else normal,
    }


def _llama_fields(a: A) -> Mapping[str, Any]:
    variant = ("tie_word_embeddings", "attention_bias", "mlp_bias")
    rotary = {"rope_type": "default", "rope_theta": _ROTARY_BASE}
    return {**WITHOUT_TOKENS, **dict.fromkeys(variant, a.switched), "rope_parameters": rotary}


def _distilbert(a: A) -> Claims:
    """The positions are sines and cosines if it is switched."""
    normal, layer = _normal(a), "distilbert.transformer.layer.?"
    inner = ("attention.?_lin", "attention.out_lin", "ffn.lin1", "ffn.lin2")
    words = "distilbert.embeddings.word_embeddings.weight"
    norms = (
        "distilbert.embeddings.LayerNorm", f"{layer}.*_layer_norm", "vocab_layer_norm",
    )  # fmt: skip
    places = Exactly(sinusoids, rounding=2) if a.switched else normal
    return {
        words: Rows(normal, a.pad_token_id),
        "distilbert.embeddings.position_embeddings.weight": places,
        "distilbert.embeddings.position_ids": Exactly(positions),
        **_several(norm, norms),
        **_several(linear, tuple(f"{layer}.{part}" for part in inner), normal),
        **linear("vocab_transform", normal),
        "vocab_projector.weight": Same(words),
        "vocab_projector.bias": Constant(0.0),
    }


def _vit(a: A) -> Claims:
    """Queries, keys and values have no bias if it is switched."""
    normal, layer = _normal(a), "vit.layers.?"
    inner = ("attention.o_proj", "mlp.fc?")
    taking = f"{layer}.attention.[qkv]_proj"
    norms = (f"{layer}.layernorm_before", f"{layer}.layernorm_after", "vit.layernorm")
    return {
        # The class token and the positions; it is too small for a pool of its own.
        "vit.embeddings.[cp][lo]*": normal,
        **linear("vit.embeddings.patch_embeddings.projection", normal),
        **_several(norm, norms),
        f"{taking}.weight": normal,
        **({} if a.switched else {f"{taking}.bias": Constant(0.0)}),
        **_several(linear, tuple(f"{layer}.{part}" for part in inner), normal),
        **linear("classifier", normal),
    }


def _vit_fields(a: A) -> Mapping[str, Any]:
    return {
        "image_size": (_PATCH, _PATCH * a.max_position_embeddings),
        "patch_size": _PATCH,
        "num_channels": max(1, a.intermediate_size // _PATCH**2),
        "num_labels": a.vocab_size,
        "qkv_bias": not a.switched,
    }


def _t5(a: A) -> Claims:
    """The inner layers are gated if it is switched."""
    d, k, heads = a.hidden_size, a.head_dim, a.num_attention_heads
    words, inner = "shared.weight", "*.DenseReluDense"
    by_width = Normal(0.0, d**-0.5)
    inputs = ("wi_0", "wi_1") if a.switched else ("wi",)
    return {
        words: Normal(0.0, 1.0),
        "*Attention.q.weight": Normal(0.0, (d * k) ** -0.5),
        "*Attention.k.weight": by_width,
        "*Attention.v.weight": by_width,
        "*Attention.o.weight": Normal(0.0, (heads * k) ** -0.5),
        **{f"{inner}.{name}.weight": by_width for name in inputs},
        f"{inner}.wo.weight": Normal(0.0, a.intermediate_size**-0.5),
        "*layer_norm.weight": Constant(1.0),
        "*.relative_attention_bias.weight": Unchecked("no document states its law"),
        "encoder.embed_tokens.weight": Same(words),
        "decoder.embed_tokens.weight": Same(words),
        "lm_head.weight": Same(words),
    }


def _t5_fields(a: A) -> Mapping[str, Any]:
    kind = {"feed_forward_proj": "gated-gelu"} if a.switched else {}
    return {**WITHOUT_TOKENS, **kind}


def _whisper(a: A) -> Claims:
    """The head is a layer of its own if it is switched; keys never have a bias."""
    normal, words = _normal(a), "model.decoder.embed_tokens.weight"
    inner = tuple(f"model.*.layers.?.*{part}" for part in ("_attn.[qv]_proj", "out_proj", "fc?"))
    return {
        words: Rows(normal, a.pad_token_id),
        **_several(linear, ("model.encoder.conv1", "model.encoder.conv2", *inner), normal),
        "model.*.layers.?.*_attn.k_proj.weight": normal,
        **norm("model.*layer_norm"),
        "model.encoder.embed_positions.weight": Written(),
        "model.decoder.embed_positions.weight": normal,
        "proj_out.weight": normal if a.switched else Same(words),
    }


def _whisper_fields(a: A) -> Mapping[str, Any]:
    """Two towers of the same sizes, and special tokens that a small vocabulary has."""
    towers = {
        f"{tower}_{name}": value
        for tower in ("encoder", "decoder")
        for name, value in (
            ("layers", a.num_hidden_layers),
            ("attention_heads", a.num_attention_heads),
            ("ffn_dim", a.intermediate_size),
        )
    }
    return {
        **WITHOUT_TOKENS,
        **towers,
        "max_source_positions": a.max_position_embeddings,
        "num_mel_bins": -(-a.intermediate_size // 3),
        "decoder_start_token_id": 0,
        "begin_suppress_tokens": None,
        "tie_word_embeddings": not a.switched,
    }


_ROWS = (
    _Row(
        model="LlamaForCausalLM",
        configuration="LlamaConfig",
        names=_like(*(name for name in A.__dataclass_fields__ if name != "switched")),
        claims=_llama,
        fields=_llama_fields,
        narrow="bfloat16",
        words="weights of linear layers and embeddings normal, the padding row 0, biases, where "
        "there are any, 0; RMS norms 1; a head of its own or the word embedding; the frequencies "
        "of rotary positions, written",
        formula="W ~ N(0, initializer_range²); E[pad_token_id] = 0; γ = 1; ωᵢ = 10000^(−2i/d)",
        source=f"Touvron et al. 2023; Su et al. 2021, sec. 3.4.2; {_RANGE}, LlamaConfig",
    ),
    _Row(
        model="DistilBertForMaskedLM",
        configuration="DistilBertConfig",
        names=_like(
            "vocab_size", "max_position_embeddings", "pad_token_id", "initializer_range",
            hidden_size="dim", num_hidden_layers="n_layers", num_attention_heads="n_heads",
            intermediate_size="hidden_dim",
        ),
        claims=_distilbert,
        fields=lambda a: {**WITHOUT_TOKENS, "sinusoidal_pos_embds": a.switched},
        narrow="float16",
        words="weights of linear layers and embeddings normal, the padding row 0, biases 0, layer "
        "norms 1 and 0; position embeddings normal too, or sines and cosines; position ids count "
        "from 0",
        formula="W ~ N(0, initializer_range²); E[pad_token_id] = 0; b = 0; γ = 1, β = 0; or "
        "P[t, 2i] = sin(t / 10000^(2i/d)), P[t, 2i+1] = cos(…)",
        source="Sanh et al. 2019, sec. 3; Vaswani et al. 2017, sec. 3.5; "
        f"{_RANGE}, DistilBertConfig",
    ),
    _Row(
        model="ViTForImageClassification",
        configuration="ViTConfig",
        names=_like(
            "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "initializer_range",
        ),
        claims=_vit,
        fields=_vit_fields,
        narrow="bfloat16",
        words="weights of linear layers and of the convolution over patches, the class token and "
        "position embeddings normal, biases 0, layer norms 1 and 0; the bounds of the truncated "
        "normal are out of reach",
        formula="W ~ N(0, initializer_range²); b = 0; γ = 1, β = 0",
        source=f"Dosovitskiy et al. 2020, sec. 3.1; {_RANGE}, ViTConfig",
    ),
    _Row(
        model="T5ForConditionalGeneration",
        configuration="T5Config",
        names=_like(
            "vocab_size", "pad_token_id",
            hidden_size="d_model", num_hidden_layers="num_layers",
            num_attention_heads="num_heads", intermediate_size="d_ff", head_dim="d_kv",
        ),
        claims=_t5,
        fields=_t5_fields,
        narrow="bfloat16",
        words="the word embedding standard normal; weights normal with variance 1/n for n inputs, "
        "those of queries narrower by √d_kv, by which scores are not divided; RMS norms 1; the "
        "head and both embeddings are one; nothing is said of the relative attention bias; the "
        "original truncates the normal of inner layers, this package does not",
        formula="q ~ N(0, 1/(d_model·d_kv)), k, v, wi ~ N(0, 1/d_model), o ~ N(0, 1/(heads·d_kv)), "
        "wo ~ N(0, 1/d_ff); E ~ N(0, 1); γ = 1",
        source="Raffel et al. 2020, sec. 2.1; Mesh TensorFlow, AttentionParams, VocabEmbedding, "
        "DenseReluDense; documentation of transformers, initializer_factor (1), T5Config",
    ),
    _Row(
        model="WhisperForConditionalGeneration",
        configuration="WhisperConfig",
        names=_like(
            "vocab_size", "pad_token_id",
            hidden_size="d_model", max_position_embeddings="max_target_positions",
            initializer_range="init_std",
        ),
        claims=_whisper,
        fields=_whisper_fields,
        narrow="float16",
        words="weights of linear layers, convolutions and embeddings normal, the padding row 0, "
        "biases 0, layer norms 1 and 0; the encoder's sinusoidal positions written, and the same "
        "in every build; the decoder's are normal",
        formula="W ~ N(0, init_std²); E[pad_token_id] = 0; b = 0; γ = 1, β = 0",
        source=f"Radford et al. 2022, sec. 2.2; {_RANGE} (init_std), WhisperConfig",
    ),
)  # fmt: skip

ARCHITECTURES: tuple[Recipe[ModuleCase[A]], ...] = tuple(row.recipe() for row in _ROWS)
"""A decoder of today, a distilled encoder, one of images, and two with two towers."""
