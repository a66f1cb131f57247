"""Faults of models that come from the meta device or from a checkpoint, or in half precision."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from selftest.planted.fault import Function, Plant, table
from selftest.planted.module import UNFILLED, after, fault
from selftest.planted.recipes import SCALE

STATE = ("state",)
_MODELING = "transformers.modeling_utils.PreTrainedModel"
_BERT = "transformers.models.bert.modeling_bert"
_BERT_RULE = f"{_BERT}.BertPreTrainedModel._init_weights"
_MISSING = f"{_MODELING}._initialize_missing_keys"
_LANGUAGE_MODEL = "BertForMaskedLM"
_DECODER = "GPT2LMHeadModel"


def recipe(test: str, name: str, dtype: str = "float32") -> str:
    """Return the node id of a test of recipes."""
    return f"verify/test_recipes.py::test_{test}[cpu-{dtype}-{name}]"


def but(skipped: str) -> Plant:
    """Come to every module but those of a class."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def rule(self: Any, module: nn.Module) -> None:
            if type(module).__name__ != skipped:
                original(self, module)

        return rule

    return plant


def _forgetting_types(original: Function) -> Function:
    """Write position ids, and leave the types of tokens as they are found."""

    @functools.wraps(original)
    def rule(self: Any, module: Any) -> None:
        types = getattr(module, "token_type_ids", None)
        found = None if types is None else types.clone()
        original(self, module)
        if found is not None:
            types.copy_(found)

    return rule


def _nothing(_original: Function) -> Function:
    return lambda *_args, **_keywords: None


def _missing(edit: Callable[[list[torch.Tensor], list[torch.Tensor], Any], object]) -> Plant:
    """Initialize what is missing, then change it, or what is stored, or the model."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def initialize(self: Any, *args: Any, **keywords: Any) -> None:
            stored = [
                tensor
                for tensor in self.parameters()
                if getattr(tensor, "_is_hf_initialized", False)
            ]
            missing = [
                tensor
                for tensor in self.parameters()
                if all(tensor is not other for other in stored)
            ]
            original(self, *args, **keywords)
            with torch.no_grad():
                edit(stored, missing, self)

        return initialize

    return plant


def _zeroed(_: object, missing: list[torch.Tensor], __: object) -> None:
    for tensor in missing:
        if tensor.dim() > 1:
            tensor.zero_()


def _redrawn(stored: list[torch.Tensor], _: object, __: object) -> None:
    for tensor in stored:
        if tensor.dim() > 1:
            tensor.normal_(0, 0.02)


def _untied(model: Any) -> None:
    head = model.lm_head
    head.weight = nn.Parameter(head.weight.detach().clone())


def _seeded(original: Function) -> Function:
    @functools.wraps(original)
    def initialize(self: Any, *args: Any, **keywords: Any) -> None:
        torch.manual_seed(0)
        original(self, *args, **keywords)

    return initialize


def _norms_done(model: Any) -> None:
    """Mark layer norms as initialised, wherever they are."""
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            module._is_hf_initialized = True


def _empty_in_half(model: Any) -> None:
    for module in model.modules():
        if isinstance(module, nn.LayerNorm) and module.weight.dtype is torch.bfloat16:
            module.weight = nn.Parameter(torch.empty_like(module.weight))


def _of_nan(norm: Any) -> None:
    norm.running_mean.fill_(torch.nan)


_FROM_META = table(
    fault(
        "meta_positions_unwritten",
        "position ids are left as memory was once they have been on the meta device",
        _BERT_RULE,
        but("BertEmbeddings"),
        recipe("from_meta", _LANGUAGE_MODEL),
        *STATE,
        says="entries of bert.embeddings.position_ids are wrong",
    ),
    fault(
        "meta_norms_taken_as_done",
        "layer norms that were initialised on the meta device are taken as initialised",
        f"{_BERT}.{_LANGUAGE_MODEL}.__init__",
        after(_norms_done),
        recipe("from_meta", _LANGUAGE_MODEL),
        *UNFILLED,
        says="LayerNorm",
    ),
    fault(
        "meta_head_untied",
        "a head that leaves the meta device stays apart from the embedding",
        f"{_MODELING}.init_weights",
        lambda _: lambda self: self.initialize_weights(),
        recipe("from_meta", _DECODER),
        *STATE,
        says="lm_head.weight is not the tensor transformer.wte.weight",
    ),
    fault(
        "meta_statistics_unwritten",
        "a reset leaves the statistics of a batch norm as they are",
        "BatchNorm2d.reset_running_stats",
        _nothing,
        recipe("from_meta", "batch norm near one"),
        *UNFILLED,
        says="running_",
    ),
)

_FROM_CHECKPOINT = table(
    fault(
        "checkpoint_missing_unwritten",
        "what a checkpoint lacks is left as memory was",
        _MISSING,
        _nothing,
        recipe("from_checkpoint", _LANGUAGE_MODEL),
        *STATE,
        *UNFILLED,
    ),
    fault(
        "checkpoint_missing_zero",
        "weights that a checkpoint lacks are zero",
        _MISSING,
        _missing(_zeroed),
        recipe("from_checkpoint", _DECODER),
        "atoms",
        "duplicates",
        *SCALE,
    ),
    fault(
        "checkpoint_stored_redrawn",
        "weights that a checkpoint holds are drawn anew, by their law",
        _MISSING,
        _missing(_redrawn),
        recipe("from_checkpoint", _LANGUAGE_MODEL),
        *STATE,
        says="loading changes what is stored",
    ),
    fault(
        "checkpoint_head_untied",
        "loading gives the head a copy of the embedding",
        f"{_MODELING}._adjust_missing_and_unexpected_keys",
        after(_untied),
        recipe("from_checkpoint", _DECODER),
        *STATE,
        says="lm_head.weight is not the tensor transformer.wte.weight",
    ),
    fault(
        "checkpoint_types_unwritten",
        "loading leaves a buffer that is not stored as memory was",
        _BERT_RULE,
        _forgetting_types,
        recipe("from_checkpoint", _LANGUAGE_MODEL),
        *STATE,
        says="entries of bert.embeddings.token_type_ids are wrong",
    ),
    fault(
        "checkpoint_seeded",
        "what a checkpoint lacks is drawn from one seed",
        _MISSING,
        _seeded,
        recipe("from_checkpoint", _DECODER),
        "fresh",
        says="does it set the seed itself",
        in_process=False,
    ),
)

_OTHERS = table(
    fault(
        "bfloat16_norms_unwritten",
        "the weights of layer norms are left as memory was, in bfloat16 alone",
        f"{_BERT}.{_LANGUAGE_MODEL}.__init__",
        after(_empty_in_half),
        recipe("recipe", _LANGUAGE_MODEL, "bfloat16"),
        *UNFILLED,
        says="LayerNorm.weight",
    ),
    fault(
        "running_mean_nan",
        "the running mean of a batch norm is NaN",
        "BatchNorm2d.__init__",
        after(_of_nan),
        recipe("recipe", "batch norm near one"),
        *UNFILLED,
        says="running_mean",
    ),
)

FAULTS = _FROM_META | _FROM_CHECKPOINT | _OTHERS
