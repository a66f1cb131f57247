"""Some builds of a model, each looked at once: what memory and the seeds have made of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from initlaws.audits.glances import Glance
from initlaws.builds import Builds, Unusable, places

STREAMS: Mapping[str, Callable[[], object]] = {
    "torch": lambda: torch.get_rng_state().numpy().tobytes(),
    "NumPy": lambda: _words(np.random.get_state()),
    "Python": random.getstate,
}
"""The state of each global stream."""


def _words(state: object) -> object:
    kind, words, *rest = state if isinstance(state, tuple) else (state, np.zeros(0))
    return kind, np.asarray(words).tobytes(), *rest


@dataclass(frozen=True)
class Look:
    """One build.

    Attributes
    ----------
    tensors : mapping
        What is kept of each parameter and buffer, by the first of its names.
    streams : mapping
        In which state the build leaves each global stream.
    """

    tensors: Mapping[str, Glance]
    streams: Mapping[str, object]

    @classmethod
    def at(cls, builds: Builds, number: int, *, poison: bool = False) -> Look:
        """Build a number under one of the two poisons.

        Raises
        ------
        initlaws.builds.Unusable
            As `Builds.model`; and if the names are not those of `Builds.first`.
        """
        ends: dict[str, object] = {}

        def make() -> nn.Module:
            model = builds.make()
            ends.update((name, state()) for name, state in STREAMS.items())
            return model

        there = {place.name for place in builds.places}
        model = called(builds, builds.called, make).model(number, poison=poison)
        tensors = {p.name: Glance.of(p.tensor) for p in places(model)}
        if other := sorted(tensors.keys() ^ there):
            raise Unusable(
                f"{builds.called} gives another model each time: {other[0]} is in one build and "
                "not in another."
            )
        return cls(tensors, ends)


def called(builds: Builds, name: str, make: Callable[[], nn.Module]) -> Builds:
    """Builds by another function, of which errors speak by a name."""
    make.__qualname__ = name
    return replace(builds, make=make)


@dataclass(frozen=True)
class Seen:
    """Builds of a model.

    Attributes
    ----------
    builds : Builds
    numbers : tuple of Look
        Builds 0, 1, 2, …
    again, poisoned : Look
        Build 0 once more, and under the other poison.
    """

    builds: Builds
    numbers: tuple[Look, ...]
    again: Look
    poisoned: Look

    @classmethod
    def of(cls, builds: Builds, count: int, told: Callable[[], None]) -> Seen:
        """Build a model; `told` is called after each build."""
        looks = []
        for number, poison in [*((n, False) for n in range(count)), (0, False), (0, True)]:
            looks.append(Look.at(builds, number, poison=poison))
            told()
        *numbers, again, poisoned = looks
        return cls(builds, tuple(numbers), again, poisoned)

    @property
    def unwritten(self) -> tuple[str, ...]:
        """Tensors that hold NaN, or what memory held."""
        first, again, poisoned = (
            look.tensors for look in (self.numbers[0], self.again, self.poisoned)
        )
        return tuple(
            name
            for name, glance in first.items()
            if glance.missing or (glance.digest == again[name].digest != poisoned[name].digest)
        )

    @property
    def unsteady(self) -> tuple[str, ...]:
        """Tensors that are not the same in two builds from one seed."""
        again = self.again.tensors
        return tuple(n for n, g in self.numbers[0].tensors.items() if g.digest != again[n].digest)

    @property
    def random(self) -> tuple[str, ...]:
        """Tensors that differ between seeds."""
        return tuple(
            name
            for name, glance in self.numbers[0].tensors.items()
            if any(look.tensors[name].digest != glance.digest for look in self.numbers)
        )
