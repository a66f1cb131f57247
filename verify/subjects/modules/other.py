"""Slopes that are learned, and weights that the user hands over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Unpack

import torch
from torch import nn

from strategies.modules.class_weight import ClassWeightArguments, class_weights
from strategies.modules.prelu import PReLUArguments, prelus
from verify import torch_api
from verify.laws import Constant
from verify.subjects.fills import Factory
from verify.subjects.modules._row import row
from verify.subjects.subject import Module
from verify.subjects.tensor_law import TensorLaw

_WEIGHTED = (
    ("BCELoss", ("weight",)),
    ("BCEWithLogitsLoss", ("weight", "pos_weight")),
    ("CrossEntropyLoss", ("weight",)),
    ("MultiLabelSoftMarginLoss", ("weight",)),
    ("MultiMarginLoss", ("weight",)),
    ("NLLLoss", ("weight",)),
)


def _given(buffers: tuple[str, ...]) -> Callable[[ClassWeightArguments], Iterator[TensorLaw]]:
    return lambda a: (
        TensorLaw(buffer, (a.classes,), Constant(value))
        for buffer, value in _values(a, buffers).items()
    )


def _values(a: ClassWeightArguments, buffers: tuple[str, ...]) -> dict[str, float]:
    """The weights of each buffer, no two alike."""
    return {buffer: a.value / (1 + place) for place, buffer in enumerate(buffers)}


def _weighted(name: str, buffers: tuple[str, ...]) -> Module[ClassWeightArguments]:
    """A loss with every weight that it takes."""

    def make(a: ClassWeightArguments, **factory: Unpack[Factory]) -> nn.Module:
        weights = {
            buffer: torch.full((a.classes,), value, **factory)
            for buffer, value in _values(a, buffers).items()
        }
        return torch_api.module(name)(**weights)

    return row(
        name,
        lambda size: class_weights(max_numel=size // len(buffers)),
        _given(buffers),
        (ClassWeightArguments(10, 0.5),),
        words="the weights that the user hands over, unchanged",
        formula=f"{', '.join(buffers)} = as given",
        make=make,
        resets=False,
    )


OTHER: tuple[Module, ...] = (
    row(
        "PReLU",
        lambda size: prelus(max_numel=size),
        lambda a: [TensorLaw("weight", (a.num_parameters,), Constant(a.init))],
        (PReLUArguments(), PReLUArguments(64, 0.1)),
        words="the slope init for every channel",
        formula="weight = init, by default 0.25",
    ),
    *(_weighted(name, buffers) for name, buffers in _WEIGHTED),
)
"""What fits nowhere else."""
