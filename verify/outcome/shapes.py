"""What a JSON value must look like: a table of shapes, the check against it, its JSON Schema.

An entry that a table does not name is left alone, so that a newer suite may add some. `null`
stands for an entry that is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard, cast

_MOST = 1 << 64
_LONGEST = 40  # Letters of a wrong value that are shown.

Json = Mapping[str, Any]
"""A JSON object as it is read or written."""


class Shape(Protocol):
    """What a value must look like."""

    def check(self, value: object, place: str) -> None:
        """Raise ValueError, with the place and what belongs there, for any other value."""

    def json_schema(self) -> Json:
        """The same as a JSON Schema, draft 2020-12."""


@dataclass(frozen=True)
class Plain:
    """A value without parts."""

    words: str
    holds: Callable[[object], bool]
    schema: Json

    def check(self, value: object, place: str) -> None:
        """Refuse what does not hold."""
        if not self.holds(value):
            raise ValueError(f"its entry {place} is {_abbreviated(value)}, not {self.words}")

    def json_schema(self) -> Json:
        """The same as a JSON Schema."""
        return dict(self.schema)


@dataclass(frozen=True)
class Entry:
    """An entry of an object: its shape, what it means, and whether it must be there."""

    shape: Shape
    meaning: str
    needed: bool = False

    def json_schema(self) -> Json:
        """The same as a JSON Schema."""
        schema = {"description": self.meaning, **self.shape.json_schema()}
        if self.needed:
            return schema
        if "anyOf" in schema:
            return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
        return {**schema, "type": [schema["type"], "null"]}


@dataclass(frozen=True)
class Record:
    """An object with entries of known names."""

    entries: Mapping[str, Entry]

    def check(self, value: object, place: str = "") -> None:
        """Refuse what is no object, lacks an entry, or has a wrong one."""
        given = _object(value, place)
        prefix = f"{place}." if place else ""
        for name, entry in self.entries.items():
            if given.get(name) is not None:
                entry.shape.check(given[name], prefix + name)
            elif entry.needed:
                raise ValueError(f"its entry {prefix + name!r} is missing")

    def json_schema(self) -> Json:
        """The same as a JSON Schema."""
        properties = {name: entry.json_schema() for name, entry in self.entries.items()}
        needed = [name for name, entry in self.entries.items() if entry.needed]
        return {"type": "object", "properties": properties, "required": needed}

    def rows(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        """Every entry and what it means, those of its objects too; `*` is any name."""
        for name, entry in self.entries.items():
            yield prefix + name, entry.meaning
            inner, path = entry.shape, f"{prefix}{name}."
            while isinstance(inner, Named):
                inner, path = inner.each, f"{path}*."
            if isinstance(inner, Record):
                yield from inner.rows(path)


@dataclass(frozen=True)
class Listed:
    """An array of values of one shape."""

    each: Shape

    def check(self, value: object, place: str) -> None:
        """Refuse what is no array, or holds a wrong value."""
        _ARRAY.check(value, place)
        for index, each in enumerate(cast("list[object]", value)):
            self.each.check(each, f"{place}[{index}]")

    def json_schema(self) -> Json:
        """The same as a JSON Schema."""
        return {"type": "array", "items": self.each.json_schema()}


@dataclass(frozen=True)
class OneOrMore:
    """A value; where runs that were added up differ in it, an array of all that they say."""

    each: Shape

    def check(self, value: object, place: str) -> None:
        """Refuse what is neither such a value nor an array of them."""
        (Listed(self.each) if isinstance(value, list) else self.each).check(value, place)

    def json_schema(self) -> Json:
        """The same as a JSON Schema."""
        return {"anyOf": [self.each.json_schema(), Listed(self.each).json_schema()]}


@dataclass(frozen=True)
class Named:
    """An object whose names are free, and whose values have one shape."""

    each: Shape

    def check(self, value: object, place: str) -> None:
        """Refuse what is no object, or holds a wrong value."""
        for name, each in _object(value, place).items():
            self.each.check(each, f"{place}[{_abbreviated(name)}]")

    def json_schema(self) -> Json:
        """The same as a JSON Schema."""
        return {"type": "object", "additionalProperties": self.each.json_schema()}


def each_of(entry: str | Sequence[str]) -> list[str]:
    """Return all that an entry of shape `OneOrMore` says, where each is a text."""
    return [entry] if isinstance(entry, str) else [*entry]


def one_or_more(said: Iterable[str]) -> str | list[str]:
    """Return the text that all say; where they differ, each once in order."""
    found = sorted({*said})
    return found[0] if len(found) == 1 else found


def _object(value: object, place: str) -> Mapping[str, object]:
    OBJECT.check(value, place)
    return cast("Mapping[str, object]", value)


def _is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number that fits into a float; NaN and the infinities do."""
    return isinstance(value, float) or (_is_whole(abs(value)) if type(value) is int else False)


def _is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number from 0 to 2^64 - 1; true and false are none."""
    return type(value) is int and 0 <= value < _MOST


def _abbreviated(value: object) -> str:
    """Return a value as it stands in the file, cut if it is long."""
    try:
        text = json.dumps(value)
    except ValueError:  # A number of thousands of digits.
        text = "a very long number"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


OBJECT = Plain("an object", lambda value: isinstance(value, Mapping), {"type": "object"})
_ARRAY = Plain("an array", lambda value: isinstance(value, list), {"type": "array"})
TEXT = Plain("a text", lambda value: isinstance(value, str), {"type": "string"})
NAME = Plain(
    "a text with a letter in it",
    lambda value: isinstance(value, str) and bool(value.strip()),
    {"type": "string", "pattern": r"\S"},
)
FLAG = Plain("true or false", lambda value: isinstance(value, bool), {"type": "boolean"})
WHOLE = Plain(
    "a whole number from 0 to 2^64 - 1",
    _is_whole,
    {"type": "integer", "minimum": 0, "maximum": _MOST - 1},
)
NUMBER = Plain("a number", _is_number, {"type": "number"})
SEED = Plain(
    "a run seed",
    lambda value: NAME.holds(value) or _is_whole(value),
    {"anyOf": [NAME.schema, WHOLE.schema]},
)
LEVEL = Plain(
    "a level between 0 and 1",
    lambda value: _is_number(value) and 0 < value < 1,
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
)
# What is no number has a p-value that is none, and has failed.
PROBABILITY = Plain(
    "a probability from 0 to 1",
    lambda value: _is_number(value) and (0 <= value <= 1 or math.isnan(value)),
    {"type": "number", "minimum": 0, "maximum": 1},
)
