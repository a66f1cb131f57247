"""Copies of lazy modules, whose tensors have no size yet."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from verify import torch_api
from verify.behaviour.copies.ways import WAYS
from verify.behaviour.promise import Trial

_FEATURES = 5
_ARGUMENTS: Mapping[str, Mapping[str, int]] = {
    "LazyLinear": {"out_features": 3},
    "LazyBatchNorm1d": {},
}
"""What the modules are built from: one whose parameters wait for a size, one whose buffers do."""

SUBJECTS = tuple(_ARGUMENTS)


def _waiting(module: nn.Module) -> list[str]:
    """Names of the tensors that have no size."""
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return [name for name, tensor in tensors.items() if torch_api.uninitialised(tensor)]


def _otherwise(trial: Trial, way: Callable[[Any], Any]) -> list[str]:
    """A copy waits as its original, and takes its sizes from its own first input."""
    name = trial.row.name
    module = torch_api.module(name)(**_ARGUMENTS[name], **trial.target().factory)
    waiting, twin = _waiting(module), way(module)
    if _waiting(twin) != waiting:
        return ["what has no size"]
    first = trial.normals(2, _FEATURES, of="first input")
    twin(first)
    found = [] if _waiting(module) == waiting else ["the original takes the copy's sizes"]
    return found if module(first).shape == twin(first).shape else [*found, "sizes"]


def otherwise_by_deepcopy(trial: Trial) -> list[str]:
    """By ``copy.deepcopy``."""
    return _otherwise(trial, copy.deepcopy)


def otherwise_by_pickle(trial: Trial) -> list[str]:
    """By pickle, and by ``torch.save`` and ``torch.load``."""
    wrong = {name: _otherwise(trial, WAYS[name]) for name in ("pickle", "file")}
    return [f"{what} by {name}" for name, found in wrong.items() for what in found]
