"""What a lawful alternative is, and the wrappers that most of them are made with.

A lawful alternative keeps every promise of the documentation: the law, half-open ranges, one
stream for one generator, same seed and same bits, layout, autograd, errors. It differs in what is
promised nowhere: the algorithm, the number and order of the words it takes from the generator,
the order of summation, the kernel.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from selftest.planted.fault import Edit, Fault, Function, Plant, Planted, editing


class Declined(Exception):
    """Raised by a replacement that leaves a call to the original."""


def or_original(
    replaced: Function, original: Function, count: Callable[[], object] = lambda: None
) -> Function:
    """Call the original where the replacement declines, and count the other calls."""

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            result = replaced(*args, **kwargs)
        except Declined:
            return original(*args, **kwargs)
        count()
        return result

    return call


@dataclass(frozen=True)
class Control(Fault):
    """A fault made as an alternative is, with one constant wrong."""

    def replacement(self, target: str, original: Function) -> Function:
        """Return the replacement, which may decline."""
        return or_original(self.plant(original), original)


@dataclass(frozen=True)
class Alternative(Planted):
    """One alternative, and where it must pass.

    Attributes
    ----------
    nodes
        The pytest node ids that must pass, relative to the repository's root.
    source
        The paper or the documentation by which it is lawful.
    shows
        What shows at the end of the run that a setting was in force.
    says
        What the run's output must hold, besides that every target was called.
    calls
        How often each target was called and did not leave the call to the original.
    """

    nodes: tuple[str, ...]
    source: str
    shows: Callable[[], object] | None = None
    says: str = ""
    calls: Counter[str] = field(default_factory=Counter, compare=False)

    def replacement(self, target: str, original: Function) -> Function:
        """Return the replacement, which counts the calls that it does not decline."""
        count = functools.partial(self.calls.update, (target,))
        return or_original(self.plant(original), original, count)

    def effect(self) -> str:
        """Return how often each target was called, and what a setting shows."""
        called = [f"{target} was called {count} times" for target, count in self.calls.items()]
        shown = [f"in force: {self.shows()}"] if self.shows else []
        return f"took effect: {'; '.join(called + shown)}"

    def missing(self, output: str) -> list[str]:
        """Return what a run's output lacks of what shows that the alternative took effect."""
        wanted = [f"{target} was called " for target in self.targets]
        return [text for text in (*wanted, self.says) if text not in output]


def unchanged(original: Function) -> Function:
    """Plant nothing: for rows that change the environment or a setting."""
    return original


def setting(name: str, description: str, *nodes: str, source: str, **more: Any) -> Alternative:
    """Shorthand for the row of an environment or a setting."""
    return Alternative(name, description, (), unchanged, nodes=nodes, source=source, **more)


_ORIGINAL = torch.Tensor.random_  # Before anything is planted.


@dataclass(frozen=True)
class Stream:
    """The words of one generator; None stands for the global stream."""

    generator: torch.Generator | None

    def integers(self, n: int, bits: int) -> Tensor:
        """Draw whole numbers of so many bits, at most 62, in int64."""
        empty = torch.empty(n, dtype=torch.int64)
        return _ORIGINAL(empty, 0, 1 << bits, generator=self.generator)

    def doubles(self, n: int) -> Tensor:
        """Draw from the 2⁵³ multiples of 2⁻⁵³ in [0, 1)."""
        return self.integers(n, 53).double() * 2.0**-53

    def inner(self, n: int) -> Tensor:
        """Draw from the middles of 2⁵² intervals: never 0, never 1."""
        return (self.integers(n, 52).double() + 0.5) * 2.0**-52

    def key(self) -> list[int]:
        """Draw the seed of another generator: four words of 32 bits."""
        return [int(word) for word in self.integers(4, 32)]


Draw = Callable[[int, Stream], Tensor]
"""Draws standard values in float64: their number, and where from."""


def is_plain(tensor: Tensor) -> bool:
    """Whether the tensor holds real or complex values on the host, and no transform is active."""
    return (
        tensor.device.type == "cpu"
        and (tensor.is_floating_point() or tensor.is_complex())
        and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)
        and not isinstance(tensor, torch._subclasses.FakeTensor)
    )


def parts_of(tensor: Tensor) -> Tensor:
    """Return the tensor, or the real and imaginary parts of a complex one along a last axis."""
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def swap(
    name: str, description: str, target: str, plant: Plant, source: str, *nodes: str, **more: Any
) -> Alternative:
    """Make an alternative of one function."""
    return Alternative(name, description, (target,), plant, nodes=nodes, source=source, **more)


def method(names: tuple[str, ...], defaults: tuple[float, ...], write: Function) -> Plant:
    """Replace an in-place method that draws.

    The original runs first: its errors, its step in autograd and its version stay, and the
    generator moves on by more words than are used. Then every value is written anew.

    Parameters
    ----------
    names
        The method's parameters.
    defaults
        And their defaults.
    write
        Called with the tensor, the parameters and a `Stream`, under no_grad.
    """

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def replaced(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            if not is_plain(tensor):
                raise Declined
            result: Tensor = original(tensor, *args, **kwargs)
            given = dict(zip(names, defaults, strict=True)) | dict(zip(names, args, strict=False))
            given |= {name: value for name, value in kwargs.items() if name in names}
            if tensor.numel():
                with torch.no_grad():
                    write(tensor.detach(), *given.values(), Stream(kwargs.get("generator")))
            return result

        return replaced

    return plant


def normally(draw: Draw) -> Plant:
    """Replace ``Tensor.normal_``: a scaled standard draw in float64, rounded to the dtype.

    The two parts of a complex value share its variance.
    """

    def write(tensor: Tensor, mean: float, std: float, stream: Stream) -> None:
        parts = parts_of(tensor)
        values = draw(parts.numel(), stream).view(parts.shape)
        if tensor.is_complex():
            parts.copy_(values * (std * math.sqrt(0.5)))
            tensor.add_(mean)
        else:
            parts.copy_(mean + std * values)

    return method(("mean", "std"), (0.0, 1.0), write)


def uniformly(write: Callable[[Tensor, float, float, Stream], None]) -> Plant:
    """Replace ``Tensor.uniform_``; of a complex tensor, for both of its parts."""
    return method(
        ("from", "to"),
        (0.0, 1.0),
        lambda tensor, low, high, stream: write(parts_of(tensor), low, high, stream),
    )


def editing_plain(edit: Edit) -> Plant:
    """Like `editing`, for plain tensors alone: others are left to the original.

    Parameters
    ----------
    edit
        Called with a detached tensor, so that strides may be anything, and the call.
    """

    edited = editing(lambda tensor, call: edit(tensor.detach(), call))

    def plant(original: Function) -> Function:
        replaced = edited(original)

        @functools.wraps(original)
        def plainly(*args: Any, **kwargs: Any) -> Any:
            if not is_plain(args[0] if args else kwargs["tensor"]):
                raise Declined
            return replaced(*args, **kwargs)

        return plainly

    return plant
