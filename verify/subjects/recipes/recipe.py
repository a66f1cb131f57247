"""What a row of the table of recipes holds."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from verify.laws import LATTICES, Lattice
from verify.quoting import said
from verify.subjects import python_streams
from verify.subjects.case import C, Case
from verify.subjects.fills import Fill, FillMethod, Target
from verify.subjects.recipes import besides
from verify.subjects.recipes import claims as claimed
from verify.subjects.recipes.claims import Claims
from verify.subjects.recipes.poison import poisoned
from verify.subjects.subject import Subject
from verify.subjects.tensor_law import TensorLaw
from verify.subjects.unlawful import Unlawful

HOST = Target(torch.device("cpu"), torch.float32)
"""Where a model is looked at for its names and shapes."""

_BUILT = "recipe"
"""The promise of a model as it is built."""

_ASIDE = 0x5EED
"""Seeds the model that is built aside."""

_BEGINNING = 64
"""Entries of a tensor by which builds are told apart."""

_BITS = 100.0
"""Two independent draws that leave so much to chance never agree in every bit."""


_Model = TypeVar("_Model")


class Repeating(Unlawful):
    """A build whose values do not depend on the seed."""

    check = "fresh"


@dataclass(frozen=True, kw_only=True)
class Recipe(Subject[C]):
    """A model and how the field initializes it.

    Attributes
    ----------
    make : callable
        The model, built and initialised, for a case and a target; draws from the global streams of
        torch, Python and NumPy.
    claims : callable
        The law of each of its parameters and buffers for a case.
    ways : tuple of name and callable
        Other ways to such models, by the promise that each must keep: called as `make` is, it
        gives what comes to one in every call.
    package : str
        The package that it comes from, if that is not PyTorch; without it nothing is tested.
    classes : tuple of str
        What is built from that package: a package may load each of them when it is first used.
    """

    family = "recipe"

    make: Callable[[C, Target], nn.Module]
    claims: Callable[[C], Claims]
    ways: tuple[tuple[str, Callable[[C, Target], Callable[[], nn.Module]]], ...] = ()
    package: str = ""
    classes: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ("float32",)

    def tensors(self, case: C) -> tuple[TensorLaw, ...]:
        """Every claimed tensor; names and shapes are the model's own."""
        return _aside(self, _BUILT, case, HOST.device, HOST.dtype).tensors

    @property
    def fill_methods(self) -> Mapping[str, FillMethod[C]]:
        """The model as it is built, and as it is come to otherwise."""
        return {name: functools.partial(self._filled, name) for name in (_BUILT, *dict(self.ways))}

    def start(self, way: str, case: C, target: Target) -> Callable[[], nn.Module]:
        """What comes to a model by a way in every call."""
        begin = dict(self.ways).get(way)
        return begin(case, target) if begin else functools.partial(self.make, case, target)

    @property
    def untested(self) -> str:
        """Why nothing of the recipe can be tested here; or nothing."""
        return _missing(self.package, self.classes) if self.package else ""

    def _filled(self, way: str, case: C, target: Target) -> Fill:
        other, claims = _aside(self, way, case, target.device, target.dtype), self.claims(case)
        make = self.start(way, case, target)

        def filled() -> Mapping[str, Tensor]:
            with poisoned(target.device):
                model = make()
            if wrong := misplaced(model, target) or claimed.problems(model, claims):
                raise Unlawful(wrong)
            if wrong := besides.otherwise(model, claims, other.fixed):
                raise Unlawful(wrong)
            state = claimed.state(model, claims)
            other.check(state)
            return state

        return filled


def _missing(package: str, classes: tuple[str, ...]) -> str:
    """Why a package is not there, or why it is broken; or nothing.

    It may depend on others that do not fit the PyTorch under test, and raise whatever they raise.
    """
    name = package
    try:
        if importlib.util.find_spec(package) is None:
            return f"not tested: {package} is not installed (pip install {package})"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # What a package warns of while it is imported.
            imported = importlib.import_module(package)
            for name in classes:
                getattr(imported, name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        what = "it" if name == package else f"{name} of it"
        return (
            f"not tested: broken companion: {package} is installed, but importing {what} raises "
            f"{said(error)}: install versions that fit the PyTorch under test"
        )
    return ""


def misplaced(model: nn.Module, target: Target) -> str:
    """The first tensor that is on another device or of another dtype than asked; or nothing.

    Buffers may be of any dtype, and on the host too, but have values.
    """
    for name, tensor in model.named_parameters():
        if tensor.device.type != target.device.type:
            return f"{name} is on the device {tensor.device.type}, not on {target.device.type}"
        if tensor.is_floating_point() and tensor.dtype != target.dtype:
            return f"{name} is of the dtype {tensor.dtype}, not of {target.dtype}"
    meta = (name for name, tensor in model.named_buffers() if tensor.is_meta)
    return next((f"the buffer {name} is left on the meta device" for name in meta), "")


@dataclass(frozen=True)
class _Aside:
    """What is kept of a model that was built aside, under a seed of its own.

    Attributes
    ----------
    tensors : tuple of TensorLaw
    beginnings : mapping
        How each tensor begins that no two builds share.
    fixed : mapping
        The tensors without a law that every build shares.
    """

    tensors: tuple[TensorLaw, ...]
    beginnings: Mapping[TensorLaw, Tensor]
    fixed: Mapping[str, Tensor]

    def check(self, state: Mapping[str, Tensor]) -> None:
        """Refuse a model of other shapes, and one that begins as under the other seed."""
        here = {name: tuple(values.shape) for name, values in state.items()}
        there = {tensor.name: tensor.shape for tensor in self.tensors}
        if other := sorted(dict(here.items() ^ there.items())):
            name = other[0]
            raise Unlawful(
                f"{name} has the shape {here.get(name)} in one build, {there.get(name)} in another"
            )
        now = _beginnings(state, self.beginnings)
        same = [law for law, values in now.items() if torch.equal(values, self.beginnings[law])]
        if same:
            whole = len(same) == len(self.beginnings)
            raise Repeating(f"does it set the seed itself{'' if whole else _before(same)}?")


def _before(repeated: list[TensorLaw]) -> str:
    return f", before {repeated[0].name}"


@functools.lru_cache(maxsize=512)
def _aside(
    recipe: Recipe, way: str, case: Case, device: torch.device, dtype: torch.dtype
) -> _Aside:
    claims = recipe.claims(case)
    model = built_aside(lambda: recipe.start(way, case, Target(device, dtype))(), device)
    tensors = tuple(claimed.laws(model, claims))
    lattice = LATTICES[str(dtype).removeprefix("torch.")]
    distinct = [tensor for tensor in tensors if _bits(tensor, lattice) > _BITS]
    beginnings = _beginnings(claimed.state(model, claims), distinct)
    return _Aside(tensors, beginnings, besides.fixed(model, claims))


def built_aside(build: Callable[[], _Model], device: torch.device) -> _Model:
    """A model built under a seed and a poison of its own, which moves no stream."""
    devices = [] if device.type == "cpu" else [device]
    with (
        torch.random.fork_rng(devices, device_type=devices[0].type if devices else "cuda"),
        python_streams.kept(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        torch.manual_seed(_ASIDE)
        python_streams.seed("a model built aside")
        torch.rand(1, device=device)  # No sample starts here, even if it has this very seed.
        with poisoned(device, other=True):
            return build()


def _beginnings(
    state: Mapping[str, Tensor], tensors: Iterable[TensorLaw]
) -> dict[TensorLaw, Tensor]:
    return {
        tensor: tensor.lawful(state[tensor.name].view(1, -1))[0, :_BEGINNING].clone()
        for tensor in tensors
    }


def _bits(tensor: TensorLaw, lattice: Lattice) -> float:
    """A lower bound for what the beginning of a tensor leaves to chance, in bits."""
    entries = min(_BEGINNING, math.prod(tensor.lawful_shape))
    return tensor.law.entropy((entries,), lattice)
