"""Faults of models of the transformers package, as a recipe's laws should name them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from selftest.planted.fault import Function, Plant, table
from selftest.planted.module import after, fault
from selftest.planted.recipes import EXACT, SCALE, recipe

STATE = ("state",)
# The smoke profile sees no less than 1.5 %.
MORE_VALUES = ("--profile", "standard")

_BERT = "transformers.models.bert.modeling_bert"
_BERT_RULE = f"{_BERT}.BertPreTrainedModel._init_weights"
_GPT2_RULE = "transformers.models.gpt2.modeling_gpt2.GPT2PreTrainedModel._init_weights"

CLASSIFIER = recipe("BertForSequenceClassification")
LANGUAGE_MODEL = recipe("BertForMaskedLM")
DECODER = recipe("GPT2LMHeadModel")


def ruled(edit: Callable[[Any, Any], object]) -> Plant:
    """Change each module after the package's rule, with the model that the rule belongs to."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def rule(self: Any, module: nn.Module) -> None:
            original(self, module)
            with torch.no_grad():
                edit(module, self)

        return rule

    return plant


def of_kind(kind: type[nn.Module], edit: Callable[[Any], object]) -> Plant:
    """Change the modules of one kind."""
    return ruled(lambda module, _: edit(module) if isinstance(module, kind) else None)


def _padding_normal(embedding: nn.Embedding) -> None:
    if embedding.padding_idx is not None:
        embedding.weight[embedding.padding_idx].normal_(0, 0.02)


def _first_row_zero(embedding: nn.Embedding) -> None:
    if embedding.padding_idx is not None:
        embedding.weight[0].zero_()


def _untied(model: Any) -> None:
    decoder = model.cls.predictions.decoder
    decoder.weight = nn.Parameter(torch.empty_like(decoder.weight).normal_(0, 0.02))


def _redrawn(model: Any) -> None:
    model.cls.predictions.decoder.weight.normal_(0, model.config.initializer_range)


def _of_embeddings(edit: Callable[[Any], object]) -> Plant:
    """Change the module that holds the buffers."""
    return ruled(lambda module, _: edit(module) if hasattr(module, "position_ids") else None)


def _half_written(embeddings: Any) -> None:
    """Memory as it is found, of which all but the last entry is written."""
    ids = torch.empty_like(embeddings.token_type_ids)
    ids[..., :-1] = 0
    embeddings.token_type_ids = ids


def _with_another_buffer(model: Any) -> None:
    model.register_buffer("scale", torch.ones(3), persistent=False)


def _unscaled(module: Any, model: Any) -> None:
    if hasattr(module, "c_proj"):
        module.c_proj.weight.mul_(math.sqrt(2 * model.config.n_layer))


def _with_an_empty_norm(model: Any) -> None:
    norm = model.transformer.ln_f
    norm.weight = nn.Parameter(torch.empty_like(norm.weight))


def _one_path(module: Any, _: Any) -> None:
    if hasattr(module, "c_proj"):
        module.c_proj.weight.mul_(math.sqrt(2))


_OF_BERT = table(
    fault(
        "bert_scale_2_percent",
        "weights of linear layers are 2 % wider",
        _BERT_RULE,
        of_kind(nn.Linear, lambda linear: linear.weight.mul_(1.02)),
        CLASSIFIER,
        "scale",
    ),
    fault(
        "bert_scale_1_percent",
        "weights of linear layers are 1 % narrower",
        _BERT_RULE,
        of_kind(nn.Linear, lambda linear: linear.weight.mul_(0.99)),
        recipe("BertModel"),
        "scale",
        arguments=MORE_VALUES,
    ),
    fault(
        "bert_padding_row_random",
        "the padding row of the word embedding is drawn like the others",
        _BERT_RULE,
        of_kind(nn.Embedding, _padding_normal),
        CLASSIFIER,
        *EXACT,
        says="word_embeddings",
    ),
    fault(
        "bert_first_row_zero",
        "the first row of the word embedding is zero, whichever the padding row is",
        _BERT_RULE,
        of_kind(nn.Embedding, _first_row_zero),
        recipe("BertModel"),
        "atoms",
        "repeats",
        "scale",
        says="word_embeddings",
    ),
    fault(
        "bert_norm_bias",
        "the bias of a layer norm is 0.01",
        _BERT_RULE,
        of_kind(nn.LayerNorm, lambda norm: norm.bias.fill_(0.01)),
        CLASSIFIER,
        *EXACT,
        says="LayerNorm.bias",
    ),
    fault(
        "bert_classifier_default",
        "the classifier is left at the default of nn.Linear",
        f"{_BERT}.BertForSequenceClassification.__init__",
        after(lambda model: model.classifier.reset_parameters()),
        CLASSIFIER,
        *SCALE,
        *EXACT,
        says="classifier",
    ),
    fault(
        "bert_decoder_untied",
        "the decoder has a weight of its own",
        f"{_BERT}.BertForMaskedLM.__init__",
        after(_untied),
        LANGUAGE_MODEL,
        *STATE,
        says="decoder.weight",
    ),
    fault(
        "bert_decoder_redrawn",
        "the decoder, and so the embedding, is drawn anew, the padding row too",
        f"{_BERT}.BertForMaskedLM.__init__",
        after(_redrawn),
        LANGUAGE_MODEL,
        *EXACT,
        says="word_embeddings",
    ),
    fault(
        "bert_positions_from_one",
        "position ids count from 1",
        _BERT_RULE,
        _of_embeddings(lambda embeddings: embeddings.position_ids.add_(1)),
        CLASSIFIER,
        *STATE,
        says="entries of bert.embeddings.position_ids are wrong",
    ),
    fault(
        "bert_token_types_unwritten",
        "the last id of a token's type is left as memory was",
        _BERT_RULE,
        _of_embeddings(_half_written),
        recipe("BertModel"),
        *STATE,
        says="entries of embeddings.token_type_ids are wrong",
    ),
    fault(
        "bert_another_buffer",
        "a buffer of which no law speaks",
        f"{_BERT}.BertForMaskedLM.__init__",
        after(_with_another_buffer),
        LANGUAGE_MODEL,
        *STATE,
        says="no law claims the buffer scale of shape (3,)",
    ),
)

_OF_GPT2 = table(
    fault(
        "gpt2_projections_unscaled",
        "projections onto the residual stream are as wide as all other weights",
        _GPT2_RULE,
        ruled(_unscaled),
        DECODER,
        *SCALE,
        says="c_proj",
    ),
    fault(
        "gpt2_one_residual_layer",
        "each block counts as one residual layer",
        _GPT2_RULE,
        ruled(_one_path),
        DECODER,
        *SCALE,
        says="c_proj",
    ),
    fault(
        "gpt2_norm_unwritten",
        "the weight of the last layer norm is memory that nobody writes",
        "transformers.models.gpt2.modeling_gpt2.GPT2LMHeadModel.__init__",
        after(_with_an_empty_norm),
        DECODER,
        "finite",
        *EXACT,
        says="ln_f.weight",
    ),
)

FAULTS = _OF_BERT | _OF_GPT2
