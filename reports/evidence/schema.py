"""What the lines of an evidence file may hold: one table of shapes, and the check against it.

An entry that a table does not name is left alone, so that a newer suite may add some. `null`
stands for an entry that is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

_MOST = 1 << 64
_LONGEST = 40  # Letters of a wrong value that are shown.


class Shape(Protocol):
    """What a value must look like."""

    def check(self, value: Any, place: str) -> None:
        """Raise ValueError, with the place and what belongs there, for any other value."""


@dataclass(frozen=True)
class Plain:
    """A value without parts."""

    words: str
    holds: Callable[[Any], bool]

    def check(self, value: Any, place: str) -> None:
        """Refuse what does not hold."""
        if not self.holds(value):
            raise ValueError(f"its entry {place} is {_shown(value)}, not {self.words}")


@dataclass(frozen=True)
class Record:
    """An object with entries of known names."""

    needed: Mapping[str, Shape]
    others: Mapping[str, Shape] = field(default_factory=dict)

    def check(self, value: Any, place: str = "") -> None:
        """Refuse what is no object, lacks an entry, or has a wrong one."""
        _OBJECT.check(value, place)
        prefix = f"{place}." if place else ""
        for name, shape in self.needed.items():
            if value.get(name) is None:
                raise ValueError(f"its entry {prefix + name!r} is missing")
            shape.check(value[name], prefix + name)
        for name, shape in self.others.items():
            if value.get(name) is not None:
                shape.check(value[name], prefix + name)


@dataclass(frozen=True)
class Listed:
    """An array of values of one shape."""

    each: Shape

    def check(self, value: Any, place: str) -> None:
        """Refuse what is no array, or holds a wrong value."""
        _ARRAY.check(value, place)
        for index, each in enumerate(value):
            self.each.check(each, f"{place}[{index}]")


@dataclass(frozen=True)
class Named:
    """An object whose names are free, and whose values have one shape."""

    each: Shape

    def check(self, value: Any, place: str) -> None:
        """Refuse what is no object, or holds a wrong value."""
        _OBJECT.check(value, place)
        for name, each in value.items():
            self.each.check(each, f"{place}[{_shown(name)}]")


def _is_number(value: Any) -> bool:
    """Whether a value is a number that fits into a float; NaN and the infinities do."""
    return isinstance(value, float) or (_is_whole(abs(value)) if type(value) is int else False)


def _is_whole(value: Any) -> bool:
    """Whether a value is a whole number from 0 to 2^64 - 1; true and false are none."""
    return type(value) is int and 0 <= value < _MOST


_OBJECT = Plain("an object", lambda value: isinstance(value, Mapping))
_ARRAY = Plain("an array", lambda value: isinstance(value, list))
_TEXT = Plain("a text", lambda value: isinstance(value, str))
_NAME = Plain("a text with a letter in it", lambda x: isinstance(x, str) and bool(x.strip()))
_FLAG = Plain("true or false", lambda value: isinstance(value, bool))
_WHOLE = Plain("a whole number from 0 to 2^64 - 1", _is_whole)
_NUMBER = Plain("a number", _is_number)
_SEED = Plain("a run seed", lambda value: _NAME.holds(value) or _is_whole(value))
_LEVEL = Plain("a level between 0 and 1", lambda x: _is_number(x) and 0 < x < 1)
# What is no number has a p-value that is none, and has failed.
_P_VALUE = Plain(
    "a probability from 0 to 1", lambda x: _is_number(x) and (0 <= x <= 1 or math.isnan(x))
)


_EFFECT = Record(
    {"name": _TEXT, "estimate": _NUMBER, "low": _NUMBER, "high": _NUMBER}, {"unit": _TEXT}
)
_FINDING = Record(
    {"check": _NAME, "passed": _FLAG},
    {
        "p_value": _P_VALUE, "confirmation": _P_VALUE, "n": _WHOLE, "scope": _TEXT, "case": _TEXT,
        "message": _TEXT, "tensor": _TEXT, "effect": _EFFECT, "exact": _FLAG,
        "detectable": Record({"name": _TEXT, "size": _NUMBER}, {"unit": _TEXT}),
    },
)  # fmt: skip
_COUNTS = {"n": _WHOLE, "cases": _WHOLE, "calls": _WHOLE, "decisions": _WHOLE}
_STATISTICS = Named(Record({"kind": _NAME}))
_NIGHT = Record(
    {"verdict": _NAME, "reason": _TEXT, "replay": _TEXT, "digest": _NAME, **_COUNTS,
     "findings": Listed(_FINDING)},
)  # fmt: skip
IDENTITY = Record({"promise": _TEXT, "subject": _TEXT, "backend": _TEXT, "dtype": _TEXT})

SHAPES: Mapping[str, Record] = {
    "run": Record(
        {"run_seed": _SEED},
        {
            "profile": _TEXT, "alpha": _LEVEL, "shard": _TEXT, "environment": Named(_TEXT),
            "planned": Listed(_NAME), "identities": Named(IDENTITY),
            "nights": Named(Record({}, {"profile": _TEXT, "shard": _TEXT})),
            "defects": Named(Record({}, {"versions": _TEXT, "symptom": _TEXT, "link": _TEXT})),
        },
    ),
    "cell": Record(
        {"nodeid": _NAME, "promise": _TEXT, "subject": _TEXT, "verdict": _NAME},
        {
            "backend": _TEXT, "dtype": _TEXT, "reason": _TEXT, "source": _TEXT, "replay": _TEXT,
            "law": Record({}, {"words": _TEXT, "formula": _TEXT, "history": _TEXT}),
            **_COUNTS, "alpha": _LEVEL, "findings": Listed(_FINDING),
            "statistics": _STATISTICS, "tensors": Named(_STATISTICS),
            "residues": Listed(Named(Named(_OBJECT))), "nights": Named(_NIGHT),
            "excluded": Listed(_TEXT), "streams": Named(_TEXT),
        },
    ),
}  # fmt: skip
"""By the kind of a line: what it must hold, and what it may."""


def _shown(value: Any) -> str:
    """Return a value as it stands in the file, cut if it is long."""
    try:
        text = json.dumps(value)
    except ValueError:  # A number of thousands of digits.
        text = "a very long number"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
