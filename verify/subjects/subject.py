"""What a row of a subject table holds."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import torch
from hypothesis.strategies import SearchStrategy
from torch import Tensor, nn

from strategies import Arguments
from verify import torch_api
from verify.laws import Constant, Law
from verify.subjects.layouts import LAYOUTS, Lay


@dataclass(frozen=True)
class Case:
    """One drawn configuration of a subject; rows extend it with their parameters."""

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


@dataclass(frozen=True, repr=False)
class ModuleCase(Case):
    """The construction of a module."""

    arguments: Arguments

    def __repr__(self) -> str:
        """The constructor's arguments say it all."""
        return repr(self.arguments)

    def features(self) -> Mapping[str, float]:
        """Every argument that is a number."""
        values = {f.name: getattr(self.arguments, f.name) for f in fields(self.arguments)}
        return {name: value for name, value in values.items() if isinstance(value, int | float)}


@dataclass(frozen=True)
class TensorLaw:
    """One tensor that a subject fills, and the law it must follow.

    Attributes
    ----------
    name : str
        Its name in the module's ``state_dict``; empty for the tensor of an initializer.
    shape : tuple of int
        The shape that the documentation promises.
    law : Law
    kind : str
        Tensors of one kind are pooled together; by default each by itself.
    row : int or None
        The one row that the law speaks of.
    but_row : int or None
        The one row that the law does not speak of.
    blocks : int
        Equal parts of the first axis that are drawn for different ends: gates, projections.
    copy_of : str
        The tensor of which a new module's tensor is a documented copy: it adds no evidence.
    """

    name: str
    shape: tuple[int, ...]
    law: Law
    kind: str = ""
    row: int | None = None
    but_row: int | None = None
    blocks: int = 1
    copy_of: str = ""

    @property
    def label(self) -> str:
        """The name, and the row if the law speaks of one."""
        return self.name if self.row is None else f"{self.name}[{self.row}]"

    @property
    def pool(self) -> str:
        """Under which name the tensor is pooled."""
        return self.kind or self.name

    @property
    def lawful_shape(self) -> tuple[int, ...]:
        """The shape of the part that the law speaks of, with an axis for the blocks."""
        if self.row is not None:
            return self.shape[1:]
        if self.but_row is not None:
            return (self.shape[0] - 1, *self.shape[1:])
        if self.blocks > 1:
            return (self.blocks, self.shape[0] // self.blocks, *self.shape[1:])
        return self.shape

    def lawful(self, values: Tensor) -> Tensor:
        """The part that the law speaks of, out of values of shape ``(calls, numel)``."""
        calls = values.shape[0]
        if self.row is not None:
            return values.view(calls, *self.shape)[:, self.row].reshape(calls, -1)
        if self.but_row is not None:
            rows = values.view(calls, *self.shape)
            kept = (rows[:, : self.but_row], rows[:, self.but_row + 1 :])
            return torch.cat(kept, dim=1).reshape(calls, -1)
        return values


@dataclass(frozen=True)
class Target:
    """Where a subject fills tensors: device and dtype, and its stream."""

    device: torch.device
    dtype: torch.dtype
    generator: torch.Generator | None = None


Fill = Callable[[], Mapping[str, Tensor]]
"""Every call fills tensors anew, by name."""

FillMethod = Callable[[Any, Target], Fill]
"""A way in which a subject comes to fill tensors."""


def _neighbouring(fill_method: FillMethod) -> FillMethod:
    """The same fill method, each call on streams of its own, with neighbouring seeds."""

    def start(case: Any, target: Target) -> Fill:
        fill, stream = fill_method(case, target), target.generator or torch.default_generator
        seeds = itertools.count(stream.initial_seed())

        def filled() -> Mapping[str, Tensor]:
            seed = next(seeds)
            torch.manual_seed(~seed)  # Some calls draw from the global streams too.
            stream.manual_seed(seed)
            return fill()

        return filled

    return start


def _nan(dtype: torch.dtype) -> complex:
    """What poisons every part of a value."""
    return complex(torch.nan, torch.nan) if dtype.is_complex else torch.nan


def _one(_case: Any) -> float:
    return 1.0


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Something that fills tensors, the cases that can be drawn, and the law of each tensor.

    Attributes
    ----------
    name : str
        The name in ``torch.nn.init`` or ``torch.nn``.
    cases : callable
        Strategy of cases with at most so many entries.
    words, formula, source : str
        The law for readers, and where it comes from.
    anchors : tuple of Case
        Cases that are always explored: the defaults that most users call.
    effort : callable
        Cost of a value relative to a plain draw; expensive cases get smaller samples.
    history : str
        Since which version the law holds, where an earlier release had another.
    dtypes : tuple of str
        Names of the dtypes that it fills, where these are not the backend's floating ones.
    """

    family: ClassVar[str]
    complex_dtypes: ClassVar[tuple[str, ...]] = ()

    name: str
    cases: Callable[[int], SearchStrategy[Any]]
    words: str
    formula: str
    source: str
    anchors: tuple[Any, ...]
    effort: Callable[[Any], float] = _one
    history: str = ""
    dtypes: tuple[str, ...] = ()

    def tensors(self, case: Any) -> tuple[TensorLaw, ...]:
        """Every tensor that a case fills."""
        raise NotImplementedError

    @property
    def fill_methods(self) -> Mapping[str, FillMethod]:
        """The ways in which the subject fills tensors, by the promise that each must keep."""
        raise NotImplementedError

    def numel(self, case: Any) -> int:
        """Entries that one call fills."""
        return sum(math.prod(tensor.lawful_shape) for tensor in self.tensors(case))


@dataclass(frozen=True, kw_only=True)
class Initializer(Subject):
    """A function of `torch.nn.init`.

    Attributes
    ----------
    arguments : callable
        Keyword arguments of the call for a case.
    law : callable
        The law of the filled tensor for a case.
    deprecated : bool
        Whether the name is an alias that must warn.
    """

    family = "initializer"
    complex_dtypes = ("complex32", "complex64", "complex128")

    arguments: Callable[[Any], Mapping[str, Any]]
    law: Callable[[Any], Law]
    deprecated: bool = False

    def tensors(self, case: Any) -> tuple[TensorLaw, ...]:
        """The one tensor, nameless; one without entries may have no fan, and obeys any law."""
        try:
            law = self.law(case)
        except ZeroDivisionError:
            law = Constant(0.0)
        return (TensorLaw("", case.shape, law),)

    @property
    def fill_methods(self) -> Mapping[str, FillMethod]:
        """The call, on plain tensors and on every layout; each call from a seed of its own."""
        laid = {name: functools.partial(self._fill_laid, lay) for name, lay in LAYOUTS.items()}
        return {"law": self._fill, **laid, "neighbouring seeds": _neighbouring(self._fill)}

    def _fill(self, case: Any, target: Target) -> Fill:
        """Fill a tensor full of NaN: what the initializer leaves untouched stays NaN."""
        fill = torch_api.filler(self.name, self.arguments(case), target.generator)

        def filled() -> Mapping[str, Tensor]:
            nan = _nan(target.dtype)
            tensor = torch.full(case.shape, nan, dtype=target.dtype, device=target.device)
            fill(tensor)
            return {"": tensor}

        return filled

    def _fill_laid(self, lay: Lay, case: Any, target: Target) -> Fill:
        """The same in another layout; nothing around the tensor may change."""
        fill = torch_api.filler(self.name, self.arguments(case), target.generator)

        def filled() -> Mapping[str, Tensor]:
            laid = lay(case.shape, target.dtype, target.device)
            laid.tensor.fill_(_nan(target.dtype))
            fill(laid.tensor)
            laid.check()
            return {"": laid.tensor.clone(memory_format=torch.contiguous_format)}

        return filled


@dataclass(frozen=True, kw_only=True)
class Operation(Subject):
    """A random operation that returns a new tensor.

    Attributes
    ----------
    call : callable
        The tensor for a case, on a target.
    law : callable
        Its law.
    pools : bool
        Whether calls are cheap enough to fill a pool.
    """

    family = "operation"

    call: Callable[[Any, Target], Tensor]
    law: Callable[[Any], Law]
    pools: bool = True

    def tensors(self, case: Any) -> tuple[TensorLaw, ...]:
        """The one tensor, nameless."""
        return (TensorLaw("", case.shape, self.law(case)),)

    @property
    def fill_methods(self) -> Mapping[str, FillMethod]:
        """The call; each call from a seed of its own."""
        return {"operation": self._call, "neighbouring seeds": _neighbouring(self._call)}

    def _call(self, case: Any, target: Target) -> Fill:
        return lambda: {"": self.call(case, target)}


@dataclass(frozen=True, kw_only=True)
class Module(Subject):
    """A module of `torch.nn`: what each of its parameters and buffers starts as.

    Attributes
    ----------
    state : callable
        The law of each tensor, as a function of the constructor's arguments.
    make : callable
        Constructs the module from the arguments and the keywords ``device`` and ``dtype``.
    resets : bool
        Whether a reset must restore every tensor.
    """

    family = "module"

    state: Callable[[Any], Iterable[TensorLaw]]
    make: Callable[..., nn.Module]
    resets: bool = True

    def tensors(self, case: ModuleCase) -> tuple[TensorLaw, ...]:
        """Every parameter and buffer."""
        return tuple(self.state(case.arguments))

    @property
    def fill_methods(self) -> Mapping[str, FillMethod]:
        """Construction; and what must restore every tensor."""
        return {
            "default": self._construct,
            "reset": self._reset,
            "materialisation": self._materialise,
        }

    def build(self, case: ModuleCase, target: Target) -> nn.Module:
        """A new module."""
        return self.make(case.arguments, device=target.device, dtype=target.dtype)

    def _construct(self, case: ModuleCase, target: Target) -> Fill:
        return lambda: torch_api.state(self.build(case, target))

    def _reset(self, case: ModuleCase, target: Target) -> Fill:
        """Poison one module's every tensor, and reset it."""
        module = self.build(case, target)

        def restored() -> Mapping[str, Tensor]:
            torch_api.poison(module)
            torch_api.reset(module)
            return {name: tensor.clone() for name, tensor in torch_api.state(module).items()}

        return restored

    def _materialise(self, case: ModuleCase, target: Target) -> Fill:
        """From the meta device to memory that holds anything, and reset."""

        def materialised() -> Mapping[str, Tensor]:
            module = self.build(case, target).to("meta").to_empty(device=target.device)
            torch_api.poison(module)  # Empty memory holds anything; NaN is found for certain.
            torch_api.reset(module)
            return torch_api.state(module)

        return materialised
