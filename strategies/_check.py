"""Argument checks: each takes the arguments by name and raises one clear sentence."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection
from typing import TypeVar

from hypothesis.errors import InvalidArgument

K = TypeVar("K", bound=str)


def integers(minimum: int, **arguments: object) -> None:
    """Check that each argument is an integer of at least `minimum`."""
    for name, value in arguments.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidArgument(f"{name} must be an integer, got {value!r}")
        if value < minimum:
            raise InvalidArgument(f"{name} must be at least {minimum}, got {value}")


def at_most(maximum: int, **arguments: int) -> None:
    """Check that each argument is no larger than `maximum`."""
    for name, value in arguments.items():
        if value > maximum:
            raise InvalidArgument(f"{name} must be at most {maximum}, got {value}")


def numbers(**arguments: object) -> None:
    """Check that each argument is a finite real number."""
    for name, value in arguments.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidArgument(f"{name} must be a number, got {value!r}")
        if not math.isfinite(value):
            raise InvalidArgument(f"{name} must be finite, got {value!r}")


def between(low: float, high: float, **arguments: float) -> None:
    """Check that each argument is a number from ``low .. high``."""
    numbers(**arguments)
    for name, value in arguments.items():
        if not low <= value <= high:
            raise InvalidArgument(f"{name} must be between {low} and {high}, got {value!r}")


def scales(**arguments: float) -> None:
    """Check that each argument is a positive number whose products stay finite."""
    between(1e-150, 1e150, **arguments)


def booleans(**arguments: object) -> None:
    """Check that each argument is True or False."""
    for name, value in arguments.items():
        if not isinstance(value, bool):
            raise InvalidArgument(f"{name} must be True or False, got {value!r}")


def ordered(**arguments: float) -> None:
    """Check that the arguments do not decrease in the order given."""
    pairs = list(arguments.items())
    for (low_name, low), (high_name, high) in itertools.pairwise(pairs):
        if low > high:
            raise InvalidArgument(
                f"{low_name}={low!r} must not be larger than {high_name}={high!r}"
            )


def room(sizes: dict[str, int], max_numel: int) -> None:
    """Check that the smallest tensor that the sizes allow fits into `max_numel`."""
    smallest = math.prod(sizes.values())
    if smallest > max_numel:
        what = " with ".join(sizes)
        raise InvalidArgument(f"{what} needs {smallest} elements, more than max_numel={max_numel}")


def subset(allowed: Collection[K], **arguments: Collection[K]) -> None:
    """Check that each argument is a non-empty collection of allowed words."""
    choices = ", ".join(map(repr, allowed))
    for name, words in arguments.items():
        if isinstance(words, str) or not isinstance(words, Collection):
            raise InvalidArgument(f"{name} must be a collection of names, got {words!r}")
        if not words:
            raise InvalidArgument(f"{name} must not be empty; choose from {choices}")
        for word in words:
            if word not in allowed:
                raise InvalidArgument(f"{name} contains {word!r}; choose from {choices}")
