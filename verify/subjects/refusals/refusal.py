"""Calls that break a rule, and how a subject must meet them.

The documentation says what is possible (the dimensions of a tensor, a range, a mode) and names
no class of exception. So a refusal is a TypeError, a ValueError or the RuntimeError that
PyTorch's own checks raise, and says something. Anything else comes from the inside: an assertion,
a division by zero, a missing key.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import torch
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from verify import torch_api
from verify.subjects.fills import Target
from verify.subjects.refusals.rules import RULES
from verify.subjects.subject import Initializer, Subject

REFUSED: tuple[type[Exception], ...] = (TypeError, ValueError, RuntimeError)
"""By which a call may refuse."""

Call = Callable[[], object]


@dataclass(frozen=True, repr=False)
class Attempt:
    """One call that breaks a rule.

    Attributes
    ----------
    shape : tuple of int
        Of the tensor that is handed over.
    dtype : str
        Its dtype, where it is not float32.
    instead : object
        What is handed over in place of a tensor.
    arguments : mapping
        Besides those of the usual call, or in their place.
    """

    shape: tuple[int, ...] = (4, 2)
    dtype: str = "float32"
    instead: object = None
    arguments: Mapping[str, object] | None = None

    def __repr__(self) -> str:
        """As the call would be written, without its name."""
        tensor = f"{self.dtype}{list(self.shape)}" if self.instead is None else repr(self.instead)
        given = (f"{name}={value!r}" for name, value in (self.arguments or {}).items())
        return f"({', '.join((tensor, *given))})"

    def handed_over(self, device: torch.device) -> Tensor:
        """What the call gets to fill: a tensor that holds something, or what passes for one."""
        if self.instead is not None:
            return cast(Tensor, self.instead)
        counted = torch.arange(1, 1 + math.prod(self.shape)) % 3
        return counted.to(getattr(torch, self.dtype)).view(self.shape).to(device)


@dataclass(frozen=True)
class Refusal:
    """A rule, and calls that break it.

    Attributes
    ----------
    rule : str
        What makes the calls impossible: an id of `RULES`.
    subjects : tuple of str
        Whose rule it is.
    attempts : SearchStrategy of Attempt
    errors : tuple of exception classes
        By which a call may refuse.
    backends : tuple of str
        Where it can be tried; empty means everywhere.
    """

    rule: str
    subjects: tuple[str, ...]
    attempts: SearchStrategy[Attempt]
    errors: tuple[type[Exception], ...] = REFUSED
    backends: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The rule for readers."""
        return RULES[self.rule]


def call(subject: Subject, attempt: Attempt, given: Tensor, target: Target) -> Call:
    """The call of a subject that an attempt stands for.

    Parameters
    ----------
    subject : Subject
    attempt : Attempt
    given : Tensor, or what passes for one
        What the attempt hands over.
    target : Target
        Where tensors are made, and its stream.
    """
    arguments = dict(attempt.arguments or {})
    if isinstance(subject, Initializer):
        usual = subject.arguments(subject.anchors[0])
        stream = None if "generator" in arguments else target.generator
        fill = torch_api.filler(subject.name, {**usual, **arguments}, stream)
        return lambda: fill(given)
    if subject.name not in _WITHOUT_GENERATOR:
        arguments.setdefault("generator", target.generator)
    return lambda: _OPERATIONS[subject.name](given, arguments)


_Arguments = dict[str, object]
_Operation = Callable[[Tensor, _Arguments], object]


def _function(name: str) -> Callable[..., object]:
    """The function of `torch` of that name, looked up at every call."""
    found: Callable[..., object] = getattr(torch, name)
    return found


def _made(name: str) -> _Operation:
    """An operation that makes a tensor of that size, dtype and device."""

    def make(like: Tensor, arguments: _Arguments) -> object:
        where = {"dtype": like.dtype, "device": like.device}
        return _function(name)(**{"size": tuple(like.shape), **where, **arguments})

    return make


def _like(name: str) -> _Operation:
    return lambda like, arguments: _function(name)(like, **arguments)


def _in_place(name: str) -> _Operation:
    return lambda tensor, arguments: getattr(tensor, name)(**arguments)


def _randperm(like: Tensor, arguments: _Arguments) -> object:
    return _function("randperm")(dtype=like.dtype, device=like.device, **arguments)


def _last(like: Tensor, most: float, last: object) -> Tensor:
    """One value everywhere, and another one at the end."""
    values = torch.full_like(like, most)
    values.view(-1)[-1] = cast(float, last)
    return values


def _normal(like: Tensor, arguments: _Arguments) -> object:
    std = _last(like, 1.0, arguments.pop("std"))
    return _function("normal")(torch.zeros_like(like), std, **arguments)


def _bernoulli(like: Tensor, arguments: _Arguments) -> object:
    chances = _last(like, 0.5, arguments.pop("p")) if isinstance(like, Tensor) else like
    return _function("bernoulli")(chances, **arguments)


_OPERATIONS: Mapping[str, _Operation] = {
    "torch.rand": _made("rand"),
    "torch.randn": _made("randn"),
    "torch.rand_like": _like("rand_like"),
    "torch.randn_like": _like("randn_like"),
    "torch.normal": _normal,
    "torch.randint": _made("randint"),
    "random_": _in_place("random_"),
    "torch.bernoulli": _bernoulli,
    "exponential_": _in_place("exponential_"),
    "torch.randperm": _randperm,
    "torch.full": _made("full"),
}
_WITHOUT_GENERATOR = ("torch.rand_like", "torch.randn_like", "torch.full")
