"""What recipes of the transformers package have in common."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from verify.laws import Constant, Law
from verify.subjects.case import C
from verify.subjects.fills import Target
from verify.subjects.recipes.claims import Claim
from verify.subjects.recipes.parts import TRANSFORMERS, default_dtype
from verify.subjects.recipes.ways import Make, Way, from_checkpoint, from_meta, restored

Parts = dict[str, Claim]
"""What is said of the tensors of a part of a model, by their names."""

WITHOUT_TOKENS: Mapping[str, Any] = {"bos_token_id": None, "eos_token_id": None}
"""The usual special tokens are beyond a small vocabulary, and the package would say so."""


def built(
    model: str, configuration: str, fields: Mapping[str, Any], target: Target, **options: object
) -> nn.Module:
    """A model from its configuration alone (documentation of transformers, "Configuration").

    Parameters
    ----------
    model, configuration : str
        The names of their classes.
    fields : mapping
        The fields of the configuration.
    target : Target
    **options
        What the model's class is given besides.
    """
    package = importlib.import_module(TRANSFORMERS)
    chosen = getattr(package, configuration)(**fields)
    with torch.device(target.device), default_dtype(target.dtype):
        made: nn.Module = getattr(package, model)(chosen, **options)
    return made


def ways_to(make: Make[C], model: str) -> tuple[Way[C], ...]:
    """The ways in which this package comes to a model besides building it."""
    return from_meta(make, restored), from_checkpoint(make, model)


def linear(name: str, weight: Law) -> Parts:
    """A layer whose biases are 0."""
    return {f"{name}.weight": weight, f"{name}.bias": Constant(0.0)}


def norm(name: str) -> Parts:
    """A layer norm that changes nothing yet."""
    return {f"{name}.weight": Constant(1.0), f"{name}.bias": Constant(0.0)}
