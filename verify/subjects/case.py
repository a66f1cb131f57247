"""Drawn configurations: what a strategy draws for a subject, and what its law depends on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic

from typing_extensions import TypeVar  # Comes with PyTorch; Python has defaults since 3.13.

from strategies import Arguments


@dataclass(frozen=True)
class Case:
    """One drawn configuration of a subject; rows extend it with their parameters."""

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Names of the dtypes of what is handed over, where they are not that of the cell."""
        return ()

    def features(self) -> Mapping[str, float]:
        """Numbers by which the region of a known defect is described."""
        return {}


@dataclass(frozen=True)
class TensorCase(Case):
    """A call that fills one tensor."""

    shape: tuple[int, ...]

    def features(self) -> Mapping[str, float]:
        """The number of entries, and of axes."""
        return {"numel": math.prod(self.shape), "dims": len(self.shape)}


A = TypeVar("A", bound=Arguments, default=Any)
"""The arguments of a module; where modules of all kinds stand side by side, any."""


@dataclass(frozen=True, repr=False)
class ModuleCase(Case, Generic[A]):
    """The construction of a module."""

    arguments: A

    def __repr__(self) -> str:
        """The constructor's arguments say it all."""
        return repr(self.arguments)

    def features(self) -> Mapping[str, float]:
        """Every argument that is a number; one that is left out lies in no region."""
        values = {f.name: getattr(self.arguments, f.name) for f in fields(self.arguments)}
        numbers = {name: math.nan if value is None else value for name, value in values.items()}
        return {name: value for name, value in numbers.items() if isinstance(value, int | float)}


C = TypeVar("C", bound=Case, default=Any)
"""The cases of a subject; where subjects of all kinds stand side by side, any."""

T = TypeVar("T", bound=TensorCase, default=Any)
"""The cases of a subject that fills one tensor."""
