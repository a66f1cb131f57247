"""Patterns of names that match exactly the tensors of a group."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial

from initlaws.builds import Place

_SPECIAL = re.compile(r"([*?[])")

Names = tuple[str, ...]


def grouped(
    places: Sequence[Place], every: Sequence[Place], agree: Callable[[Sequence[Place]], bool]
) -> Iterator[tuple[str, tuple[Place, ...]]]:
    """Groups of tensors that one pattern may speak of.

    Tensors whose names differ in numbers alone are one group if they agree; if not, numbers are
    kept from the right until they do.

    Parameters
    ----------
    places : sequence of Place
        Those that patterns are needed for.
    every : sequence of Place
        Those of the whole model.
    agree : callable
        Whether one claim may be said of several tensors.

    Yields
    ------
    tuple
        A pattern, and exactly the tensors that it matches by any of their names.
    """
    groups: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        groups[starred(place.name, 0)].append(place)
    for group in groups.values():
        yield from _refined(group, every, agree, 0)


def _refined(
    group: Sequence[Place],
    every: Sequence[Place],
    agree: Callable[[Sequence[Place]], bool],
    kept: int,
) -> Iterator[tuple[str, tuple[Place, ...]]]:
    """A group whose last `kept` numbers are alike, or the groups that it must be cut into."""
    if len(group) == 1:
        yield literal(group[0].name), tuple(group)
        return
    if agree(group):
        for form in (_any, _digits):
            patterns = _parted(group, partial(starred, kept=kept, form=form))
            if all(_matches(pattern, part, every) for pattern, part in patterns.items()):
                yield from ((pattern, tuple(part)) for pattern, part in patterns.items())
                return
    for part in _parted(group, partial(starred, kept=kept + 1)).values():
        yield from _refined(part, every, agree, kept + 1)


def _parted(group: Sequence[Place], key: Callable[[str], str]) -> dict[str, list[Place]]:
    parts: dict[str, list[Place]] = defaultdict(list)
    for place in group:
        parts[key(place.name)].append(place)
    return parts


def _any(_: str) -> str:
    """Whatever stands there: dots too."""
    return "*"


def _digits(number: str) -> str:
    """Numbers of as many digits, where a star would match other names."""
    return "[0-9]" * len(number)


def _matches(pattern: str, group: Sequence[Place], every: Sequence[Place]) -> bool:
    """Whether a pattern matches exactly some tensors."""
    return _matched(pattern, every) == {place.name for place in group}


def _matched(pattern: str, every: Sequence[Place]) -> set[str]:
    return {p.name for p in every if any(fnmatchcase(name, pattern) for name in p.names)}


def starred(name: str, kept: int, form: Callable[[str], str] = _any) -> str:
    """A name whose numbers are stars, or in another form, but for the last few."""
    components = name.split(".")
    numbers = [i for i, component in enumerate(components) if component.isdecimal()]
    stars = set(numbers[: max(0, len(numbers) - kept)])
    return ".".join(form(c) if i in stars else literal(c) for i, c in enumerate(components))


def literal(text: str) -> str:
    """A pattern that matches a text alone."""
    return _SPECIAL.sub(r"[\1]", text)


def layers(place: Place, every: Sequence[Place]) -> int:
    """How many numbers stand in the model where the first one of a name does; 0 without one."""
    found = re.match(r"((?:.*?\.)??)\d+(?:\.|$)", place.name)
    if not found:
        return 0
    pattern = re.compile(re.escape(found[1]) + r"(\d+)(?:\.|$)")
    numbers = {m[1] for p in every for name in p.names if (m := pattern.match(name))}
    return len(numbers)
