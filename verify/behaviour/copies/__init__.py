"""Copies and pickles: they hold all that the original holds, and share nothing with it."""

from __future__ import annotations

from verify.behaviour.copies import containers, contents, generators, lazy, modules, tensors
from verify.behaviour.draws import usual
from verify.behaviour.parameters.networks import has_parameters
from verify.behaviour.promise import Promise, Question, Trial
from verify.subjects import Module

_STACK = "TransformerEncoder"
"""A module of many modules: the questions that these answer by themselves are not asked of it."""

_OF_TENSORS = "torch.rand"
"""Where tensors and generators are asked of, which hang on no module."""


def _of_modules(trial: Trial) -> bool:
    subject = trial.cell.subject
    return usual(trial) and isinstance(subject, Module) and subject.name not in lazy.SUBJECTS


def _is_lazy(trial: Trial) -> bool:
    return usual(trial) and trial.cell.subject.name in lazy.SUBJECTS


def _of_tensors(trial: Trial) -> bool:
    return usual(trial) and trial.cell.subject.name == _OF_TENSORS


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
        "attributes-lost-by-pickle": Question(
            "attributes of parameters that a pickle loses", contents.lost_by_pickle, _learns
        ),
        "lost-gradients": Question(
            "gradients of parameters that a deepcopy loses", contents.lost_gradients, _learns
        ),
        "parted-views": Question(
            "parameters over one memory that a deepcopy parts", contents.parted_views, _learns
        ),
        "lost-classes": Question(
            "classes of parameters that copies lose", contents.lost_classes, _learns
        ),
        "unrestored": Question(
            "what a copied state does not bring back", contents.unrestored, _of_modules
        ),
        "lazy-otherwise-by-deepcopy": Question(
            "what a deepcopy of a lazy module does otherwise", lazy.otherwise_by_deepcopy, _is_lazy
        ),
        "lazy-otherwise-by-pickle": Question(
            "what a pickle of a lazy module does otherwise", lazy.otherwise_by_pickle, _is_lazy
        ),
        "parametrized-otherwise": Question(
            "what a deepcopy of a parametrised module does otherwise",
            modules.parametrized_otherwise,
            lambda trial: usual(trial) and trial.cell.subject.name == "Linear",
        ),
        "layers-otherwise": Question(
            "what layers of a stack do otherwise", modules.layers_otherwise, _is_stack
        ),
        "changed-entries": Question(
            "entries that copies change", tensors.changed_entries, _of_tensors
        ),
        "lost-of-tensors": Question(
            "what copies of tensors lose", tensors.lost_of_tensors, _of_tensors
        ),
        "parted-tensors": Question("views that copies part", tensors.parted, _of_tensors),
        "stored-besides": Question(
            "what a file of a clone holds besides", tensors.stored_besides, _of_tensors
        ),
        "taken-inside-a-graph": Question(
            "what deepcopy takes inside a graph", tensors.taken_inside_graph, _of_tensors
        ),
        "containers-otherwise": Question(
            "what copies of containers do otherwise", containers.otherwise, _of_tensors
        ),
        "cloned-otherwise": Question(
            "what clone does otherwise", tensors.cloned_otherwise, _of_tensors
        ),
        "detached-otherwise": Question(
            "what detach does otherwise", tensors.detached_otherwise, _of_tensors
        ),
        "other-parameter": Question(
            "what a parameter makes of its tensor", tensors.other_parameter, _of_tensors
        ),
        "other-buffer": Question(
            "what a buffer makes of its tensor", tensors.other_buffer, _of_tensors
        ),
        "generators-copied-otherwise": Question(
            "copies of generators that do otherwise", generators.copied_otherwise, _of_tensors
        ),
        "generators-pickled-otherwise": Question(
            "pickles of generators that do otherwise", generators.pickled_otherwise, _of_tensors
        ),
        "states-not-copied": Question(
            "states of generators that are no copies", generators.states_not_copied, _of_tensors
        ),
    },
    words="a deepcopy, a pickle and a file hold every bit, mode, hook and tie of their original "
    "and share nothing with it, while copy.copy shares what it holds",
    formula="deepcopy(w) = w, deepcopy(w) is not w",
    source="Python documentation, copy and pickle; PyTorch documentation, torch.nn.Module, "
    "torch.clone, torch.Tensor.detach, torch.Generator, “Serialization semantics”",
    subjects=(
        "Linear",
        "BatchNorm1d",
        "Conv2d",
        "Embedding",
        "LSTM",
        "MultiheadAttention",
        _STACK,
        *lazy.SUBJECTS,
        _OF_TENSORS,
    ),
    dtypes=("float32",),
)
