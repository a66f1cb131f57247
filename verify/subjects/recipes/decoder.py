"""GPT-2, as the transformers package builds it from a configuration."""

from __future__ import annotations

import math

from torch import nn

import strategies
from strategies import DecoderArguments
from verify.laws import Normal
from verify.subjects.case import ModuleCase
from verify.subjects.fills import Target
from verify.subjects.recipes.claims import Claim, Claims, Same
from verify.subjects.recipes.parts import TRANSFORMERS, arguments_of, effort_of_building
from verify.subjects.recipes.pretrained import WITHOUT_TOKENS, built, linear, norm, ways_to
from verify.subjects.recipes.recipe import Recipe

_INPUTS = ("attn.c_attn", "mlp.c_fc")
_PROJECTIONS = ("attn.c_proj", "mlp.c_proj")
_NORMS = ("h.?.ln_1", "h.?.ln_2", "ln_f")


def _make(case: ModuleCase, target: Target) -> nn.Module:
    fields = {**arguments_of(case, DecoderArguments).keywords(), **WITHOUT_TOKENS}
    return built("GPT2LMHeadModel", "GPT2Config", fields, target)


def _claims(case: ModuleCase) -> Claims:
    a = arguments_of(case, DecoderArguments)
    normal = Normal(0.0, a.initializer_range)
    projection = Normal(0.0, a.initializer_range / math.sqrt(2 * a.n_layer))
    claims: dict[str, Claim] = {"transformer.wte.weight": normal, "transformer.wpe.weight": normal}
    for part in _NORMS:
        claims |= norm(f"transformer.{part}")
    for parts, weight in ((_INPUTS, normal), (_PROJECTIONS, projection)):
        for part in parts:
            claims |= linear(f"transformer.h.?.{part}", weight)
    return claims | {"lm_head.weight": Same("transformer.wte.weight")}


def _effort(case: ModuleCase) -> float:
    a = arguments_of(case, DecoderArguments)
    block = 4 * a.n_embd + 2 * (a.n_inner or 4 * a.n_embd)
    return effort_of_building(a.n_embd * (a.vocab_size + a.n_positions + a.n_layer * block))


_EVEN = DecoderArguments(96, 96, 96, 1, 3, n_inner=96)
# Small enough for every way to come to it.
_DEEP = DecoderArguments(64, 32, 16, 8, 4)

DECODER = Recipe(
    name="GPT2LMHeadModel",
    cases=lambda size: strategies.decoders(max_numel=size).map(ModuleCase),
    make=_make,
    claims=_claims,
    ways=ways_to(_make, "GPT2LMHeadModel"),
    dtypes=("float32", "float16"),
    effort=_effort,
    package=TRANSFORMERS,
    classes=("GPT2Config", "GPT2LMHeadModel"),
    anchors=tuple(map(ModuleCase, (_EVEN, _DEEP))),
    words="weights and embeddings normal, those of the projections onto the residual stream "
    "narrower by √(number of residual layers), of which each block has two; biases 0, layer norms "
    "1 and 0; the head is the word embedding",
    formula="W ~ N(0, r²), c_proj ~ N(0, r² / (2·n_layer)), r = initializer_range; b = 0",
    source="Radford et al. 2019, sec. 2.3; documentation of transformers, GPT2Config",
)
"""A decoder with residual-scaled projections and a tied head."""
