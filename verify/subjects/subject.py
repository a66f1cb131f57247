"""What a row of a subject table holds."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol

import torch
from hypothesis.strategies import SearchStrategy
from torch import Tensor, nn
from typing_extensions import TypeVar, Unpack

from strategies import Arguments
from verify import torch_api
from verify.laws import Constant, Law
from verify.subjects import compiled, sharded
from verify.subjects.case import A, C, ModuleCase, T
from verify.subjects.compiled import CONSTRUCTIONS, RESET, WAYS, Pair, Way
from verify.subjects.fills import Factory, Fill, FillMethod, Target, nan, neighbouring
from verify.subjects.layouts import LAYOUTS, Lay
from verify.subjects.tensor_law import TensorLaw


def _one(_case: object) -> float:
    return 1.0


@dataclass(frozen=True)
class Stratum(Generic[C]):
    """Cases that get a sample of their own, so that a fault of theirs alone is seen.

    Attributes
    ----------
    name : str
        What they have in common, for readers: ``"below 16 entries"``.
    cases : tuple of Case
    """

    name: str
    cases: tuple[C, ...]


@dataclass(frozen=True, kw_only=True)
class Subject(Generic[C]):
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
    strata : tuple of Stratum
        Sizes and arguments that a fault may hide in.
    effort : callable
        Cost of a value relative to a plain draw; expensive cases get smaller samples.
    call_cost : float
        Cost of a call besides its values, relative to that of a plain fill.
    history : str
        Since which version the law holds, where an earlier release had another.
    dtypes : tuple of str
        Names of the dtypes that it fills, where these are not the backend's floating ones.
    vast : bool
        Whether a call takes gigabytes: such subjects wait for a profile that has room for them.
    """

    family: ClassVar[str]
    complex_dtypes: ClassVar[tuple[str, ...]] = ()

    name: str
    cases: Callable[[int], SearchStrategy[C]]
    words: str
    formula: str
    source: str
    anchors: tuple[C, ...]
    strata: tuple[Stratum[C], ...] = ()
    effort: Callable[[C], float] = _one
    call_cost: float = 1.0
    history: str = ""
    dtypes: tuple[str, ...] = ()
    vast: bool = False

    def tensors(self, case: C) -> tuple[TensorLaw, ...]:
        """Every tensor that a case fills and whose law is verified; of some subjects none."""
        return ()

    @property
    def fill_methods(self) -> Mapping[str, FillMethod[C]]:
        """The ways in which the subject fills them, by the promise that each must keep."""
        return {}

    def numel(self, case: C) -> int:
        """Entries that one call fills."""
        return sum(math.prod(tensor.lawful_shape) for tensor in self.tensors(case))

    @functools.cached_property
    def weight(self) -> float:
        """The effort of the dearest anchor."""
        return max(map(self.effort, self.anchors))


@dataclass(frozen=True, kw_only=True)
class Initializer(Subject[T]):
    """A function of `torch.nn.init`.

    Attributes
    ----------
    arguments : callable
        Keyword arguments of the call for a case.
    law : callable
        The law of the filled tensor for a case.
    deprecated : bool
        Whether the name is an alias that must warn.
    dims : tuple of int
        How many dimensions a tensor may have, of one to five.
    """

    family = "initializer"
    complex_dtypes = ("complex32", "complex64", "complex128")

    arguments: Callable[[T], Mapping[str, object]]
    law: Callable[[T], Law]
    deprecated: bool = False
    dims: tuple[int, ...] = (1, 2, 3, 4, 5)

    def tensors(self, case: T) -> tuple[TensorLaw, ...]:
        """The one tensor, nameless; one without entries may have no fan, and obeys any law."""
        try:
            law = self.law(case)
        except ZeroDivisionError:
            law = Constant(0.0)
        return (TensorLaw("", case.shape, law),)

    @property
    def fill_methods(self) -> Mapping[str, FillMethod[T]]:
        """The call, on every layout, compiled in every way; each call from a seed of its own."""
        laid = {name: functools.partial(self._fill_laid, lay) for name, lay in LAYOUTS.items()}
        by_way = {name: functools.partial(self._compiled, way) for name, way in WAYS.items()}
        seeds = {"neighbouring seeds": neighbouring(self._fill)}
        return {"law": self._fill, **laid, **by_way, **seeds, "sharded": self._fill_sharded}

    def _fill(self, case: T, target: Target) -> Fill:
        """Fill a tensor full of NaN: what the initializer leaves untouched stays NaN."""
        fill = torch_api.filler(self.name, self.arguments(case), target.generator)

        def filled() -> Mapping[str, Tensor]:
            tensor = torch.full(case.shape, nan(target.dtype), **target.factory)
            fill(tensor)
            return {"": tensor}

        return filled

    def pair(self, way: Way, case: T, target: Target) -> Pair:
        """Two tensors by one compiled function; it draws from the global stream."""
        fill = torch_api.filler(self.name, self.arguments(case), None)
        return compiled.pair_in_place(way, self.name, case, target, fill)

    def _compiled(self, way: Way, case: T, target: Target) -> Fill:
        return compiled.by_turns(self.pair(way, case, target), compiled.nameless)

    def _fill_sharded(self, case: T, target: Target) -> Fill:
        """The same on a tensor that several processes hold together."""
        return sharded.fill(self.name, self.arguments(case), case.shape, target)

    def _fill_laid(self, lay: Lay, case: T, target: Target) -> Fill:
        """The same in another layout; nothing around the tensor may change."""
        fill = torch_api.filler(self.name, self.arguments(case), target.generator)

        def filled() -> Mapping[str, Tensor]:
            laid = lay(case.shape, target.dtype, target.device)
            laid.tensor.fill_(nan(target.dtype))
            fill(laid.tensor)
            laid.check()
            return {"": laid.tensor.clone(memory_format=torch.contiguous_format)}

        return filled


@dataclass(frozen=True, kw_only=True)
class Operation(Subject[T]):
    """A random operation that returns a new tensor.

    Attributes
    ----------
    call : callable
        The tensor for a case, on a target.
    law : callable
        Its law.
    pools : float
        The share of a pool that is filled: none where calls are too dear for one.
    form_of : str
        The operation of which it is another form; questions about streams are asked of that one.
    """

    family = "operation"

    call: Callable[[T, Target], Tensor]
    law: Callable[[T], Law]
    pools: float = 1.0
    form_of: str = ""

    def tensors(self, case: T) -> tuple[TensorLaw, ...]:
        """The one tensor, nameless."""
        return (TensorLaw("", case.shape, self.law(case)),)

    @property
    def fill_methods(self) -> Mapping[str, FillMethod[T]]:
        """The call, compiled in every way too; each call from a seed of its own."""
        by_way = {name: functools.partial(self._compiled, way) for name, way in WAYS.items()}
        seeds = {"neighbouring seeds": neighbouring(self._call)}
        return {"operation": self._call, **by_way, **seeds}

    def _call(self, case: T, target: Target) -> Fill:
        return lambda: {"": self.call(case, target)}

    def pair(self, way: Way, case: T, target: Target) -> Pair:
        """Two tensors by one compiled function; it draws from the global stream."""
        return compiled.pair_anew(way, self.name, case, target, self.call)

    def _compiled(self, way: Way, case: T, target: Target) -> Fill:
        return compiled.by_turns(self.pair(way, case, target), compiled.nameless)


_A_contra = TypeVar("_A_contra", bound=Arguments, contravariant=True)


class Maker(Protocol[_A_contra]):
    """Constructs a module from its arguments, and from device and dtype where they are given."""

    def __call__(self, arguments: _A_contra, /, **factory: Unpack[Factory]) -> nn.Module:
        """A new module."""


@dataclass(frozen=True, kw_only=True)
class Module(Subject[ModuleCase[A]], Generic[A]):
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

    state: Callable[[A], Iterable[TensorLaw]]
    make: Maker[A]
    resets: bool = True

    @functools.lru_cache(maxsize=256)  # noqa: B019  Rows live as long as the process.
    def tensors(self, case: ModuleCase[A]) -> tuple[TensorLaw, ...]:
        """Every parameter and buffer."""
        return tuple(self.state(case.arguments))

    @property
    def fill_methods(self) -> Mapping[str, FillMethod[ModuleCase[A]]]:
        """Construction; and what must restore every tensor."""
        return {
            "default": self._construct,
            "reset": self._reset,
            "materialisation": self._materialise,
            **{name: functools.partial(self._make, way) for name, way in CONSTRUCTIONS.items()},
            RESET: self._reset_compiled,
            "sharded": self._materialise_sharded,
        }

    def build(self, case: ModuleCase[A], target: Target) -> nn.Module:
        """A new module."""
        return self.make(case.arguments, **target.factory)

    def _construct(self, case: ModuleCase[A], target: Target) -> Fill:
        return lambda: torch_api.state(self.build(case, target))

    def _make(self, way: Way, case: ModuleCase[A], target: Target) -> Fill:
        """Construct two at once by one compiled function."""

        def both() -> tuple[nn.Module, nn.Module]:
            return self.build(case, target), self.build(case, target)

        key = (way, self.name, case, target.dtype, target.device)
        pair = compiled.captured(key, target.device, way, both)
        return compiled.by_turns(pair, torch_api.state)

    def _reset(self, case: ModuleCase[A], target: Target) -> Fill:
        """Poison one module's every tensor, and reset it."""
        return self._restored(self.build(case, target), torch_api.reset)

    def _reset_compiled(self, case: ModuleCase[A], target: Target) -> Fill:
        """The same by one compiled function."""
        module = self.build(case, target)
        return self._restored(module, compiled.resetting(module, target.device, torch_api.reset))

    def _restored(self, module: nn.Module, reset: Callable[[nn.Module], object]) -> Fill:
        def restored() -> Mapping[str, Tensor]:
            torch_api.poison(module)
            reset(module)
            return {name: tensor.clone() for name, tensor in torch_api.state(module).items()}

        return restored

    def _materialise(self, case: ModuleCase[A], target: Target) -> Fill:
        """From the meta device to memory that holds anything, and reset."""

        def materialised() -> Mapping[str, Tensor]:
            module = self.build(case, target).to("meta").to_empty(device=target.device)
            torch_api.poison(module)  # Empty memory holds anything; NaN is found for certain.
            torch_api.reset(module)
            return torch_api.state(module)

        return materialised

    def _materialise_sharded(self, case: ModuleCase[A], target: Target) -> Fill:
        """From the meta device to the memory of several processes, and reset."""
        on_meta = self.make(case.arguments, device=torch.device("meta"), dtype=target.dtype)
        shapes = {name: tuple(each.shape) for name, each in torch_api.state(on_meta).items()}
        return sharded.materialise(on_meta, shapes, target)
