"""Which law each parameter and buffer of a model must follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from initlaws.builds import Place
from verify.laws import Law, Uniform
from verify.quoting import shown
from verify.subjects.recipes.claims import Blocks, Lawful, Rows, Same, tensor_laws
from verify.subjects.recipes.known import Exactly, Known
from verify.subjects.recipes.possible import is_law
from verify.subjects.tensor_law import TensorLaw


@dataclass(frozen=True)
class Default:
    """PyTorch's own default of the module that owns the tensor, by PyTorch's documentation."""


@dataclass(frozen=True)
class Instead:
    """A claim that replaces those of earlier patterns.

    Attributes
    ----------
    claim : Claim
    """

    claim: Any


@dataclass(frozen=True)
class Parts:
    """A tensor whose parts along an axis follow laws of their own.

    Attributes
    ----------
    laws : tuple
        A law for each part, or a function of its shape that gives one.
    axis : int
    sizes : tuple of int
        Of the parts along the axis; equal ones by default.
    """

    laws: tuple[Lawful, ...]
    axis: int = 0
    sizes: tuple[int, ...] = ()

    def split(self, tensor: Tensor) -> tuple[Tensor, ...]:
        """The parts of a tensor.

        Raises
        ------
        ValueError
            If it has no such parts.
        """
        along = tensor.shape[self.axis] if -tensor.dim() <= self.axis < tensor.dim() else 0
        sizes = self.sizes or (along // max(1, len(self.laws)),) * len(self.laws)
        if not self.laws or len(sizes) != len(self.laws) or not along or sum(sizes) != along:
            raise ValueError(
                f"it has no {len(self.laws)} {'such' if self.sizes else 'equal'} parts along axis "
                f"{self.axis}"
            )
        return torch.split(tensor, list(sizes), self.axis)


@dataclass(frozen=True)
class Transformed:
    """A tensor that is a function of values whose law is known: exponentials, logarithms.

    Attributes
    ----------
    law : Law, or callable from shape to law
        Of the values before.
    inverse : callable
        Gives them back, from a tensor in float64.
    """

    law: Lawful
    inverse: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Computed:
    """A tensor that other tensors of the model give: a norm, a product, a copy.

    Attributes
    ----------
    function : callable
        Gives its values from theirs, which it is handed in float64 where they are real.
    names : tuple of str
        Full names of the others.
    rounding : float
        How far each value may be off, in units of the dtype's machine epsilon.
    """

    function: Callable[..., Tensor]
    names: tuple[str, ...]
    rounding: float = 16.0

    def of(self, values: Mapping[str, Tensor]) -> Exactly:
        """What it says in one build.

        Parameters
        ----------
        values : mapping
            The tensors of that build, by every name.
        """
        others = [values[name] for name in self.names]
        wide = [each.double() if each.is_floating_point() else each for each in others]

        def exact(shape: tuple[int, ...]) -> Tensor:
            found = self.function(*wide)
            if not isinstance(found, Tensor) or found.shape != shape:
                given = tuple(found.shape) if isinstance(found, Tensor) else shown(found)
                raise ValueError(f"the function gives {given}, no tensor of shape {shape}")
            return found

        return Exactly(exact, self.rounding)


@dataclass(frozen=True)
class Cast:
    """A claim about values that were drawn in a wider dtype, and then cast: ``model.bfloat16()``.

    Rounding may bring a uniform value to its excluded bound.

    Attributes
    ----------
    claim : Claim
    """

    claim: Any


@dataclass(frozen=True)
class _Closed(Uniform):
    """The uniform law with its upper bound."""

    @property
    def is_half_open(self) -> bool:
        return False


def cast(claim: Resolved) -> Resolved:
    """What a claim becomes when the values that it speaks of are cast."""
    if isinstance(claim, Uniform):
        return _closed(claim)
    if isinstance(claim, Rows | Blocks) and isinstance(claim.law, Uniform):
        return replace(claim, law=_closed(claim.law))
    return claim


def _closed(law: Uniform) -> Uniform:
    return _Closed(law.low, law.high, law.of_variance)


Resolved = Law | Rows | Blocks | Parts | Transformed | Known | Computed
"""What a claim says of one tensor in the end."""

Claim = Resolved | Same | Default | Cast | Instead | Callable[..., Any]
"""A claim, or what gives one from the shape, or from the shape, the module and the name."""

Key = str | type[nn.Module]
"""A pattern of full names (``*`` and ``?`` as in a shell), or a type of modules."""

Laws = Mapping[Key, Any] | Sequence[tuple[Key, Any]]
"""What each pattern says of its tensors, and each type of modules of those that it owns itself.

A type may say a mapping, from the name within the module. Patterns of names speak first.
"""


@dataclass(frozen=True)
class Claimed:
    """A tensor, and what is said of it.

    Attributes
    ----------
    place : Place
    key : str
        The pattern that says so, in words: tensors under one are pooled.
    claim : Resolved
    """

    place: Place
    key: str
    claim: Resolved

    @cached_property
    def laws(self) -> tuple[TensorLaw, ...]:
        """The law of the tensor, or those of its parts; none if its values are known."""
        name, shape = self.place.name, self.place.shape
        if isinstance(self.claim, Known | Computed):
            return ()
        if isinstance(self.claim, Parts):
            parts = self.parts(torch.empty(shape, device="meta"))
            laws = zip(parts.items(), self.claim.laws, strict=True)
            return tuple(TensorLaw(n, tuple(p.shape), _of(law, p), n) for (n, p), law in laws)
        if isinstance(self.claim, Transformed):
            return (TensorLaw(name, shape, _of(self.claim.law, self.place.tensor), self.key),)
        return tuple(tensor_laws(name, shape, self.claim, self.key))

    def parts(self, tensor: Tensor) -> dict[str, Tensor]:
        """What its laws speak of, by their names: the tensor, its parts, or what it was made of."""
        name = self.place.name
        if isinstance(self.claim, Transformed):
            return {name: self.claim.inverse(tensor.double()).to(tensor.dtype)}
        if isinstance(self.claim, Blocks):
            split = tensor.chunk(self.claim.count)
        elif isinstance(self.claim, Parts):
            split = self.claim.split(tensor)
        else:
            return {name: tensor}
        return {f"{name}[part {i}]": part.contiguous() for i, part in enumerate(split)}


def _of(law: Lawful, tensor: Tensor) -> Law:
    found = law(tuple(tensor.shape)) if callable(law) else law
    if not is_law(found):
        raise TypeError(f"{shown(found)} is no law")
    return found
