"""Faults of recipes: of models of the transformers package, and of rules for layers and names."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from selftest.planted.fault import Call, Function, Plant, editing, table
from selftest.planted.module import NARROW, WIDE, after, fault

SCALE = ("scale", *NARROW)
EXACT = ("exact",)
ORTHOGONAL = ("orthogonality",)
STATE = ("state",)
# The smoke profile sees no less than 1.5 %.
MORE_VALUES = ("--profile", "standard")

_BERT = "transformers.models.bert.modeling_bert"
_BERT_RULE = f"{_BERT}.BertPreTrainedModel._init_weights"
_GPT2_RULE = "transformers.models.gpt2.modeling_gpt2.GPT2PreTrainedModel._init_weights"
_OURS = "verify.subjects.recipes"


def recipe(name: str) -> str:
    """Return the node id of the test that holds a recipe against its laws."""
    return f"verify/test_recipes.py::test_recipe[cpu-float32-{name}]"


def symmetry(dtype: str) -> str:
    """Return the node id of the test of symmetry."""
    return f"verify/test_symmetry.py::test_symmetry[cpu-{dtype}-Xavier and a constant]"


CLASSIFIER = recipe("BertForSequenceClassification")
LANGUAGE_MODEL = recipe("BertForMaskedLM")
DECODER = recipe("GPT2LMHeadModel")


def _ruled(edit: Callable[[Any, Any], object]) -> Plant:
    """Change each module after the package's rule, with the model that the rule belongs to."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def rule(self: Any, module: nn.Module) -> None:
            original(self, module)
            with torch.no_grad():
                edit(module, self)

        return rule

    return plant


def _of(kind: type[nn.Module], edit: Callable[[Any], object]) -> Plant:
    """Change the modules of one kind."""
    return _ruled(lambda module, _: edit(module) if isinstance(module, kind) else None)


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


def _unscaled(module: Any, model: Any) -> None:
    if hasattr(module, "c_proj"):
        module.c_proj.weight.mul_(math.sqrt(2 * model.config.n_layer))


def _one_path(module: Any, _: Any) -> None:
    if hasattr(module, "c_proj"):
        module.c_proj.weight.mul_(math.sqrt(2))


def _square_by_square(original: Function) -> Function:
    """Each square of a tall matrix is orthogonal by itself."""

    @functools.wraps(original)
    def orthogonal(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        for square in tensor.detach().chunk(max(1, tensor.shape[0] // tensor.shape[1])):
            original(square, *args, **kwargs)
        return tensor

    return orthogonal


def _all_at_once(original: Function) -> Function:
    """A part of a matrix is filled as a part of one orthogonal matrix."""

    @functools.wraps(original)
    def orthogonal(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        original(tensor if tensor._base is None else tensor._base, *args, **kwargs)
        return tensor

    return orthogonal


def _without_hidden_bias(original: Function) -> Function:
    @functools.wraps(original)
    def names(model: nn.Module) -> list[str]:
        return [name for name in original(model) if name != "bias_hh_l0"]

    return names


def _only_children(original: Function) -> Function:
    """Modules of modules are left out."""

    @functools.wraps(original)
    def apply(self: nn.Module, rule: Callable[[nn.Module], None]) -> nn.Module:
        for module in (*self.children(), self):
            rule(module)
        return self

    return apply


def _only_zero(original: Function) -> Function:
    """A constant other than zero leaves the tensor as it was, if it is a bias."""

    @functools.wraps(original)
    def constant(tensor: Tensor, val: float) -> Tensor:
        forgotten = val and tensor.dim() == 1
        return tensor if forgotten else original(tensor, val)

    return constant


def _centred(tensor: Tensor, call: Call) -> None:
    tensor.sub_(call.values["mean"])


def _keeping(threshold: float, chance: float = 0.0) -> Plant:
    """Another threshold; and some of the small values stay."""

    def plant(_original: Function) -> Function:
        def kept(weight: Tensor) -> Tensor:
            return (weight.abs() >= threshold) | (torch.rand_like(weight) < chance)

        return kept

    return plant


def _refilled(_original: Function) -> Function:
    """One zero in twenty becomes a large value again."""

    def kept(weight: Tensor) -> Tensor:
        small = weight.abs() < 5
        lucky = small & (torch.rand_like(weight) < 0.05)
        weight.copy_(torch.where(lucky, weight + 5 * weight.sign(), weight))
        return lucky | ~small

    return kept


def _first_entry(tensor: Tensor, _: Call) -> None:
    tensor.view(-1)[0] += 1


_OF_BERT = table(
    fault(
        "bert_scale_2_percent",
        "weights of linear layers are 2 % wider",
        _BERT_RULE,
        _of(nn.Linear, lambda linear: linear.weight.mul_(1.02)),
        CLASSIFIER,
        "scale",
    ),
    fault(
        "bert_scale_1_percent",
        "weights of linear layers are 1 % narrower",
        _BERT_RULE,
        _of(nn.Linear, lambda linear: linear.weight.mul_(0.99)),
        recipe("BertModel"),
        "scale",
        arguments=MORE_VALUES,
    ),
    fault(
        "bert_padding_row_random",
        "the padding row of the word embedding is drawn like the others",
        _BERT_RULE,
        _of(nn.Embedding, _padding_normal),
        CLASSIFIER,
        *EXACT,
        says="word_embeddings",
    ),
    fault(
        "bert_first_row_zero",
        "the first row of the word embedding is zero, whichever the padding row is",
        _BERT_RULE,
        _of(nn.Embedding, _first_row_zero),
        recipe("BertModel"),
        "atoms",
        says="word_embeddings",
    ),
    fault(
        "bert_norm_bias",
        "the bias of a layer norm is 0.01",
        _BERT_RULE,
        _of(nn.LayerNorm, lambda norm: norm.bias.fill_(0.01)),
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
)

_OF_GPT2 = table(
    fault(
        "gpt2_projections_unscaled",
        "projections onto the residual stream are as wide as all other weights",
        _GPT2_RULE,
        _ruled(_unscaled),
        DECODER,
        *SCALE,
        says="c_proj",
    ),
    fault(
        "gpt2_one_residual_layer",
        "each block counts as one residual layer",
        _GPT2_RULE,
        _ruled(_one_path),
        DECODER,
        *SCALE,
        says="c_proj",
    ),
)

_OF_NETWORKS = table(
    fault(
        "orthogonal_gate_by_gate",
        "each gate of the stacked hidden weights is orthogonal by itself",
        "orthogonal_",
        _square_by_square,
        recipe("orthogonal recurrent weights"),
        *ORTHOGONAL,
        says="weight_hh",
    ),
    fault(
        "orthogonal_gates_stacked",
        "the gates together are orthogonal, and none by itself",
        "orthogonal_",
        _all_at_once,
        recipe("orthogonal recurrent gates"),
        *ORTHOGONAL,
        says="weight_hh",
    ),
    fault(
        "names_miss_one",
        "the list of names misses a bias of the first layer",
        f"{_OURS}.recurrent._names",
        _without_hidden_bias,
        recipe("normal by names"),
        *SCALE,
        says="bias_hh",
    ),
    fault(
        "recipe_bias_forgotten",
        "a bias that should be 0.01 is left at its default",
        "constant_",
        _only_zero,
        recipe("normal by inputs"),
        *EXACT,
        says="bias",
    ),
    fault(
        "apply_misses_nested",
        "apply comes to the children of a module alone",
        "Module.apply",
        _only_children,
        recipe("narrow normal"),
        *SCALE,
        *EXACT,
        "support",
    ),
    fault(
        "apply_misses_nested_bias",
        "apply comes to the children of a module alone, and the default weights are lawful",
        "Module.apply",
        _only_children,
        recipe("uniform by inputs"),
        *EXACT,
        says="bias",
    ),
    fault(
        "mask_threshold",
        "values are kept from 4.9 on",
        f"{_OURS}.dense._kept",
        _keeping(4.9),
        recipe("masked uniform"),
        "support",
    ),
    fault(
        "mask_leaks",
        "one small value in ten thousand is kept",
        f"{_OURS}.dense._kept",
        _keeping(5.0, 1e-4),
        recipe("masked uniform"),
        "support",
    ),
    fault(
        "mask_too_few_zeros",
        "of a hundred zeros five are large values",
        f"{_OURS}.dense._kept",
        _refilled,
        recipe("masked uniform"),
        "zero_share",
    ),
    fault(
        "norm_mean_zero",
        "the weights of batch norms are drawn around 0",
        "normal_",
        editing(_centred),
        recipe("batch norm near one"),
        *WIDE,
        "mean",
        says="norm",
    ),
    fault(
        "constant_tears_apart",
        "one entry of a constant weight is another value",
        "constant_",
        editing(_first_entry),
        symmetry("float64"),
        "symmetry",
        says="let differ",
    ),
)

FAULTS = _OF_BERT | _OF_GPT2 | _OF_NETWORKS
