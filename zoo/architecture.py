"""What an architecture of the zoo is: a function that builds it small, in a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from torch import nn

from initlaws.builds import Builds

Sizes = Mapping[str, object]
"""Arguments that make a model small."""

Documented = Callable[[str, Builds], Mapping[str, object] | None]
"""What documents say of a model."""


@dataclass(frozen=True)
class Architecture:
    """An architecture of a package of models.

    Attributes
    ----------
    package : str
        The package that it is of.
    name : str
        What it is called there.
    build : callable
        Builds it, without arguments and without a network; can be pickled.
    checkpoints : bool
        Whether `from_pretrained` of its class draws what a checkpoint lacks.
    documented : callable, optional
        Gives the laws that its documents say, from its name and its builds; None where they say
        nothing.
    """

    package: str
    name: str
    build: Callable[[], nn.Module]
    checkpoints: bool = False
    documented: Documented | None = None


def rows(
    package: str,
    make: Callable[[str, Sizes], nn.Module],
    plain: Iterable[str],
    sized: Mapping[str, Sizes],
    *,
    checkpoints: bool = False,
    documented: Documented | None = None,
) -> tuple[Architecture, ...]:
    """The architectures of a package.

    Parameters
    ----------
    package : str
    make : callable
        Builds one from its name and sizes.
    plain : iterable of str
        The names of those that need no sizes.
    sized : mapping
        The sizes of the others, by name.
    checkpoints, documented
        As in `Architecture`.
    """
    every = {**{name: {} for name in plain}, **sized}
    return tuple(
        Architecture(package, name, partial(make, name, sizes), checkpoints, documented)
        for name, sizes in every.items()
    )
