"""Build somebody's model again and again: each time from a seed of its own, in poisoned memory."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.plan import containment, watchdog
from verify.plan.run import derive
from verify.quoting import said
from verify.subjects import python_streams
from verify.subjects.recipes.poison import poisoned

Make = Callable[[], nn.Module]
"""Builds and initialises a model, without arguments."""

Progress = Callable[[int, int], None]
"""Told how many builds are done, and of how many."""


class Unusable(Exception):
    """What was given cannot be used: one sentence says what, and how to mend it."""


@dataclass(frozen=True)
class Place:
    """A parameter or buffer of a model, under all of its names.

    Attributes
    ----------
    name : str
        The first of its names.
    tensor : Tensor
    module : nn.Module
        The module that owns it under that name.
    names : tuple of str
        All of its names; more than one where it is tied.
    is_buffer : bool
    """

    name: str
    tensor: Tensor
    module: nn.Module
    names: tuple[str, ...]
    is_buffer: bool

    @property
    def attribute(self) -> str:
        """The name within its module."""
        return self.name.rpartition(".")[2]

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(self.tensor.shape)

    @property
    def dtype(self) -> str:
        """Its dtype, as PyTorch spells it."""
        return str(self.tensor.dtype).removeprefix("torch.")


def places(model: nn.Module) -> tuple[Place, ...]:
    """Every parameter and buffer of a model once, in the order of the model."""
    named = {
        False: model.named_parameters(remove_duplicate=False),
        True: model.named_buffers(remove_duplicate=False),
    }
    found = []
    for is_buffer, pairs in named.items():
        names: dict[Tensor, list[str]] = defaultdict(list)  # Tensors are hashed by identity.
        for name, tensor in pairs:
            names[tensor].append(name)
        for tensor, (first, *others) in names.items():
            owner = model.get_submodule(first.rpartition(".")[0])
            found.append(Place(first, tensor, owner, (first, *others), is_buffer))
    return tuple(found)


@dataclass(frozen=True)
class Builds:
    """A model's builds, numbered; one number gives the same model again.

    Attributes
    ----------
    make : callable
        The user's function.
    seed : int
        All builds follow from it: torch, NumPy and Python draw from a stream for each number.
    device : str
        Under which `torch.device` the model is built.
    time_limit : float
        Seconds of processor time that one build may take.
    threads : int
        With how many threads PyTorch builds; as many as it has where none are given.
    """

    make: Make
    seed: int = 0
    device: str = "cpu"
    time_limit: float = watchdog.DEFAULT
    threads: int = field(default_factory=torch.get_num_threads)

    @cached_property
    def first(self) -> nn.Module:
        """The model of number 0: its names, shapes and modules are those of all."""
        return self.model(0)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The parameters and buffers of `first`.

        Raises
        ------
        Unusable
            If there is none, or one that has no shape or no values yet.
        """
        found = places(self.first)
        if lazy := next((p.name for p in found if torch_api.uninitialised(p.tensor)), ""):
            raise Unusable(
                f"{self.called} gives a lazy model: {lazy} has no shape before the first input; "
                "feed it an input in the build."
            )
        if not found:
            raise Unusable(f"{self.called} gives a model without parameters and buffers.")
        if away := next((place.name for place in found if place.tensor.is_meta), ""):
            raise Unusable(
                f"{self.called} leaves {away} on the meta device, where it holds no values: "
                "materialise and initialise the model in the build."
            )
        return found

    @property
    def called(self) -> str:
        """The name of the function."""
        return str(getattr(self.make, "__qualname__", type(self.make).__name__))

    def model(self, number: int, *, poison: bool = False) -> nn.Module:
        """Build number `number`; global streams, modes and defaults stay as they were.

        Parameters
        ----------
        number : int
        poison : bool
            Which of two poisons the memory holds before it is written.

        Raises
        ------
        Unusable
            If the function raises, waits, ends the process, or returns no module.
        """
        with self._contained(number), poisoned(torch.device(self.device), other=poison):
            model = self.make()
        if not isinstance(model, nn.Module):
            raise Unusable(f"{self.called} gives {type(model).__name__}, no torch.nn.Module.")
        return model

    @contextmanager
    def _contained(self, number: int) -> Iterator[None]:
        with (
            with_threads(self.threads),
            seeded(derive("build", self.seed, number), self.device),
            containment.contained(),
        ):
            try:
                with (
                    watchdog.limit(self.time_limit),
                    watchdog.staying(everywhere=True),
                    torch.device(self.device),
                ):
                    yield
            except KeyboardInterrupt:
                raise
            except watchdog.TimedOut as late:
                raise Unusable(
                    f"{self.called} timed out, {late}: mend that, or give it longer (time_limit=)."
                ) from None
            except BaseException as error:
                raise Unusable(f"{self.called} raises {said(error)}.") from error

    def values(self, number: int) -> Mapping[str, Tensor]:
        """What every parameter and buffer of a build holds, by the first name.

        Raises
        ------
        Unusable
            As `model`; and if names, shapes or dtypes are not those of `first`.
        """
        # Whole numbers that nobody writes are those of one poison, then of the other.
        model = self.model(number, poison=number % 2 == 1)
        found = {p.name: p.tensor.detach() for p in places(model)}
        there = {p.name: (p.shape, p.dtype) for p in self.places}
        here = {n: (tuple(t.shape), str(t.dtype)[6:]) for n, t in found.items()}
        if other := sorted({n for n, _ in {*there.items()} ^ {*here.items()}}):
            raise Unusable(
                f"{self.called} gives another model each time: {other[0]} is "
                f"{_said(there.get(other[0]))} in one build and {_said(here.get(other[0]))} in "
                "another."
            )
        return found


def _said(what: tuple[tuple[int, ...], str] | None) -> str:
    return f"of shape {what[0]} and dtype {what[1]}" if what else "missing"


@contextmanager
def with_threads(count: int) -> Iterator[None]:
    """Let PyTorch work with so many threads, and then with as many as before.

    What is looked at is reduced in pieces that stay in a core's cache. Threads that wait for each
    other after every piece take several times as long as one, on a machine that others use too.

    Parameters
    ----------
    count : int
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def seeded(seed: int, device: str = "cpu") -> Iterator[None]:
    """Start the streams of torch, NumPy and Python from a seed, and leave them as they were.

    Parameters
    ----------
    seed : int
    device : str
        Whose stream is kept beside that of the host.
    """
    kind = torch.device(device).type
    with (
        torch.random.fork_rng([] if kind == "cpu" else [torch.device(device)], device_type=kind)
        if kind != "cpu"
        else torch.random.fork_rng([]),
        python_streams.kept(),
        _kept(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        python_streams.seed(seed)
        yield


@contextmanager
def _kept() -> Iterator[None]:
    """Leave the default dtype and the recording of gradients as they are."""
    dtype, records = torch.get_default_dtype(), torch.is_grad_enabled()
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(records)
