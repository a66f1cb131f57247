"""What the rows of the module tables share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Unpack

from hypothesis.strategies import SearchStrategy
from torch import nn

from verify import torch_api
from verify.laws import Constant, Uniform, fan_in_and_fan_out
from verify.subjects.case import A, ModuleCase
from verify.subjects.fills import Factory
from verify.subjects.subject import Maker, Module, Stratum
from verify.subjects.tensor_law import TensorLaw

_TENSOR = 1 << 11
"""What a tensor costs besides its values: about as much as drawing so many."""


def documentation(name: str) -> str:
    """The page that states the law of a module."""
    return f"PyTorch documentation, torch.nn.{name}"


def row(
    name: str,
    cases: Callable[[int], SearchStrategy[A]],
    state: Callable[[A], Iterable[TensorLaw]],
    anchors: tuple[A, ...],
    *,
    words: str,
    formula: str,
    source: str = "",
    make: Maker[A] | None = None,
    tensor: int = _TENSOR,
    history: str = "",
    resets: bool = True,
    strata: Mapping[str, tuple[A, ...]] = MappingProxyType({}),
) -> Module[A]:
    """A row for the module `name`, constructed from its arguments as they are.

    Parameters
    ----------
    name : str
        The class in `torch.nn`.
    cases : callable
        Strategy of arguments with at most so many entries.
    state : callable
        The law of each tensor for given arguments.
    anchors : tuple of Arguments
        Arguments that are always explored. One of them should make small tensors (biases)
        cheap to draw in great number.
    words, formula, source : str
        The laws for readers; by default the source is the module's documentation.
    make : callable, optional
        Constructs the module from arguments and the keywords ``device`` and ``dtype``.
    tensor : int
        What each tensor costs besides its values, in values drawn.
    history, resets
        See `Module`.
    strata : mapping
        Arguments that a fault may hide in, by what they have in common.
    """

    def construct(arguments: A, **factory: Unpack[Factory]) -> nn.Module:
        return torch_api.module(name)(**arguments.keywords(), **factory)

    def effort(case: ModuleCase[A]) -> float:
        sizes = [math.prod(law.shape) for law in state(case.arguments)]
        return 1 + tensor * len(sizes) / max(1, sum(sizes))

    return Module(
        name=name,
        cases=lambda size: cases(size).map(ModuleCase),
        state=state,
        make=make or construct,
        words=words,
        formula=formula,
        source=source or documentation(name),
        anchors=tuple(map(ModuleCase, anchors)),
        strata=tuple(Stratum(name, tuple(map(ModuleCase, some))) for name, some in strata.items()),
        effort=effort,
        history=history,
        resets=resets,
    )


def within(prefix: str, tensors: Iterable[TensorLaw]) -> Iterator[TensorLaw]:
    """The tensors of a submodule, pooled under the names that they have there."""
    for tensor in tensors:
        copied = tensor.copy_of and prefix + tensor.copy_of
        yield replace(tensor, name=prefix + tensor.name, kind=tensor.pool, copy_of=copied)


def affine(inputs: int, outputs: int, bias: bool) -> Iterator[TensorLaw]:
    """Weight ``(outputs, inputs)`` and bias ``(outputs,)``, both U(±1/√inputs)."""
    law = Uniform.for_variance(bound=1 / math.sqrt(inputs))
    yield TensorLaw("weight", (outputs, inputs), law)
    if bias:
        yield TensorLaw("bias", (outputs,), law)


def norm(shape: tuple[int, ...], weight: bool, bias: bool) -> Iterator[TensorLaw]:
    """Weight one, bias zero."""
    if weight:
        yield TensorLaw("weight", shape, Constant(1.0))
    if weight and bias:
        yield TensorLaw("bias", shape, Constant(0.0))


def glorot_bound(shape: tuple[int, ...]) -> float:
    """``√(6 / (fan_in + fan_out))``: Glorot & Bengio 2010, eq. 16."""
    return math.sqrt(6 / sum(fan_in_and_fan_out(shape)))
