"""Copies and pickles: they hold all that the original holds, and share nothing with it."""

from __future__ import annotations

from verify.behaviour.copies import contents, modules
from verify.behaviour.draws import usual
from verify.behaviour.parameters.networks import has_parameters
from verify.behaviour.promise import Promise, Question, Trial
from verify.subjects import Module

_STACK = "TransformerEncoder"
"""A module of many modules: the questions that these answer by themselves are not asked of it."""


def _of_modules(trial: Trial) -> bool:
    return usual(trial) and isinstance(trial.cell.subject, Module)


def _learns(trial: Trial) -> bool:
    return _of_modules(trial) and not _is_stack(trial) and has_parameters(trial)


def _is_stack(trial: Trial) -> bool:
    return usual(trial) and trial.cell.subject.name == _STACK


PROMISE = Promise(
    name="copies",
    check="copying",
    questions={
        "otherwise-by-deepcopy": Question(
            "what a deepcopy holds otherwise", contents.otherwise_by_deepcopy, _of_modules
        ),
        "otherwise-by-pickle": Question(
            "what a pickle holds otherwise", contents.otherwise_by_pickle, _of_modules
        ),
        "otherwise-by-file": Question(
            "what a file of a module holds otherwise", contents.otherwise_by_file, _of_modules
        ),
        "shared": Question(
            "what copies of modules share with their original", modules.shared, _of_modules
        ),
        "computed-from-another": Question(
            "what is computed from another's parameters", modules.computed_from_another, _learns
        ),
        "trained-along": Question(
            "what training one of two copies moves", modules.trained_along, _learns
        ),
        "untied": Question("ties that copies lose", modules.untied, _learns),
        "unshared-by-copy": Question(
            "what copy.copy does not share", contents.unshared_by_copy, _of_modules
        ),
        "drawn": Question("what copies draw from", contents.drawn, _learns),
        "lost-attributes": Question(
            "attributes of parameters that a deepcopy loses", contents.lost_attributes, _learns
        ),
        "lost-gradients": Question(
            "gradients of parameters that a deepcopy loses", contents.lost_gradients, _learns
        ),
        "parted-views": Question(
            "parameters over one memory that a deepcopy parts", contents.parted_views, _learns
        ),
        "shared-by-layers": Question(
            "what layers of a stack share", modules.shared_by_layers, _is_stack
        ),
    },
    words="a deepcopy, a pickle and a file hold every bit, mode, hook and tie of their original "
    "and share nothing with it, while copy.copy shares what it holds",
    formula="deepcopy(w) = w, deepcopy(w) is not w",
    source="Python documentation, copy and pickle; PyTorch documentation, torch.nn.Module, "
    "torch.clone, torch.Tensor.detach, torch.Generator, “Serialization semantics”",
    subjects=("Linear", "BatchNorm1d", "Embedding", "LSTM", _STACK),
    dtypes=("float32",),
)
