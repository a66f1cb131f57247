"""BERT, as the transformers package builds it from a configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from torch import nn

import strategies
from strategies import EncoderArguments
from verify.laws import Constant, Normal
from verify.subjects.case import ModuleCase
from verify.subjects.fills import Target
from verify.subjects.recipes.claims import Claims, Rows, Same
from verify.subjects.recipes.known import Exactly, positions, zeros
from verify.subjects.recipes.parts import TRANSFORMERS, arguments_of, effort_of_building
from verify.subjects.recipes.pretrained import Parts, built, linear, norm, ways_to
from verify.subjects.recipes.recipe import Recipe

_LINEAR = (
    "attention.self.query", "attention.self.key", "attention.self.value",
    "attention.output.dense", "intermediate.dense", "output.dense",
)  # fmt: skip
_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")
_WORDS = "embeddings.word_embeddings.weight"
_HEAD = "cls.predictions"


def _normal(a: EncoderArguments) -> Normal:
    return Normal(0.0, a.initializer_range)


def _body(a: EncoderArguments, at: str = "bert.", *, pooled: bool = False) -> Parts:
    """Embeddings, layers and pooler; `at` is where they are found in a model."""
    normal, layer = _normal(a), f"{at}encoder.layer.?"
    claims: Parts = {
        f"{at}{_WORDS}": Rows(normal, a.pad_token_id),
        f"{at}embeddings.position_embeddings.weight": normal,
        f"{at}embeddings.token_type_embeddings.weight": normal,
        f"{at}embeddings.position_ids": Exactly(positions),
        f"{at}embeddings.token_type_ids": Exactly(zeros),
        **norm(f"{at}embeddings.LayerNorm"),
    }
    for part in _NORMS:
        claims |= norm(f"{layer}.{part}")
    for part in _LINEAR:
        claims |= linear(f"{layer}.{part}", normal)
    return claims | (linear(f"{at}pooler.dense", normal) if pooled else {})


def _model_claims(case: ModuleCase) -> Claims:
    a = arguments_of(case, EncoderArguments)
    return _body(a, "", pooled=a.pooled)


def _classifier_claims(case: ModuleCase) -> Claims:
    a = arguments_of(case, EncoderArguments)
    return _body(a, pooled=True) | linear("classifier", _normal(a))


def _language_model_claims(case: ModuleCase) -> Claims:
    """The decoder is the word embedding, padding row and all; or a linear layer like any other."""
    a = arguments_of(case, EncoderArguments)
    claims = _body(a) | linear(f"{_HEAD}.transform.dense", _normal(a))
    claims |= norm(f"{_HEAD}.transform.LayerNorm")
    if not a.tie_word_embeddings:
        return claims | {f"{_HEAD}.bias": Constant(0.0)} | linear(f"{_HEAD}.decoder", _normal(a))
    return claims | {
        f"{_HEAD}.bias": Constant(0.0),
        f"{_HEAD}.decoder.weight": Same(f"bert.{_WORDS}"),
        f"{_HEAD}.decoder.bias": Same(f"{_HEAD}.bias"),
    }


def _maker(model: str, **options: Callable[[EncoderArguments], object]) -> Callable[..., nn.Module]:
    """Builds the class of that name from the configuration alone, with options that it decides."""

    def make(case: ModuleCase, target: Target) -> nn.Module:
        a = arguments_of(case, EncoderArguments)
        chosen = {name: choose(a) for name, choose in options.items()}
        return built(model, "BertConfig", a.keywords(), target, **chosen)

    return make


def _effort(case: ModuleCase) -> float:
    a = arguments_of(case, EncoderArguments)
    rows = a.vocab_size + a.max_position_embeddings + a.type_vocab_size
    inner = 4 * a.hidden_size + 2 * a.intermediate_size
    return effort_of_building(a.hidden_size * (rows + a.num_hidden_layers * inner))


# Every kind of tensor has as many values in it, so that one build adds as much to each pool.
_EVEN = EncoderArguments(96, 96, 1, 3, 96, 96, type_vocab_size=96, num_labels=96)
# Small enough for every way to come to it.
_USUAL = EncoderArguments(120, 32, 2, 4, 64, 48, pad_token_id=3)


def _row(
    name: str,
    claims: Callable[[ModuleCase], Claims],
    **options: Callable[[EncoderArguments], object],
) -> Recipe:
    untied = replace(_EVEN, tie_word_embeddings=False)
    return Recipe(
        name=name,
        cases=lambda size: strategies.encoders(max_numel=size).map(ModuleCase),
        make=_maker(name, **options),
        claims=claims,
        effort=_effort,
        package=TRANSFORMERS,
        classes=("BertConfig", name),
        anchors=tuple(map(ModuleCase, (_EVEN, untied, _USUAL))),
        words="weights of linear layers and embeddings normal, the padding row 0, biases 0, layer "
        "norms 1 and 0; position ids count from 0, types of tokens are 0; the original draws the "
        "normal anew beyond two standard deviations, this package does not",
        formula="W ~ N(0, initializer_range²); E[pad_token_id] = 0; b = 0; γ = 1, β = 0",
        source="Devlin et al. 2018, app. A.2; documentation of transformers, BertConfig",
    )


_LANGUAGE_MODEL = _row("BertForMaskedLM", _language_model_claims)

BERT: tuple[Recipe, ...] = (
    _row("BertModel", _model_claims, add_pooling_layer=lambda a: a.pooled),
    _row("BertForSequenceClassification", _classifier_claims),
    replace(
        _LANGUAGE_MODEL,
        ways=ways_to(_LANGUAGE_MODEL.make, _LANGUAGE_MODEL.name),
        dtypes=("float32", "bfloat16"),
    ),
)
"""The model alone, under a classifier, and under a language model whose decoder may be tied."""
