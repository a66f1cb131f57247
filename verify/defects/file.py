"""The file of known defects: read, checked field by field, refused in one sentence."""

from __future__ import annotations

import errno
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NoReturn, TypeVar, cast

from packaging.specifiers import SpecifierSet

from verify.checks.words import WORDS
from verify.quoting import said, shown

T = TypeVar("T")
Entry = dict[str, object]
"""The fields of an entry, read and checked: what a `KnownDefect` is made of."""

_Version = tuple[int, int]

DEFAULT = Path(__file__).resolve().parents[1] / "known_defects.toml"
"""The suite's own file."""

_DEFAULT_NAME = "default"
_HEAD = "extends"
_TABLE = "defect"
_SEEDS = 1 << 32


class BadFile(ValueError):
    """A file of known defects that cannot be used; its text is meant for the user."""


@dataclass(frozen=True)
class _Field:
    """How the value of a field is read, what it must be, and whether it must be there."""

    read: Callable[[object], object]
    wanted: str
    required: bool = False


def _kind(of: type[T]) -> Callable[[object], T]:
    def read(value: object) -> T:
        if type(value) is not of:
            raise TypeError
        return value

    return read


def _text_value(value: object) -> str:
    text = _kind(str)(value)
    if not text.strip():
        raise ValueError
    return text


def _names(value: object) -> tuple[str, ...]:
    names = tuple(map(_text_value, _kind(list)(value)))
    if not names:
        raise ValueError
    return names


def _version(value: object) -> _Version:
    match = re.fullmatch(r"(\d{1,6})\.(\d{1,6})(\.\w+)*", _kind(str)(value), re.ASCII)
    if not match:
        raise ValueError
    return int(match[1]), int(match[2])


def _packages(value: object) -> dict[str, SpecifierSet]:
    """Versions of packages as pip writes them; an unknown one is a ValueError."""
    found = _kind(dict)(value).items()
    packages = {_text_value(name): SpecifierSet(_text_value(told)) for name, told in found}
    if not packages:
        raise ValueError
    return packages


def _day(value: object) -> date:
    day = date.fromisoformat(_kind(str)(value))
    if day.isoformat() != value:
        raise ValueError
    return day


def _check(value: object) -> str:
    if value not in WORDS:
        raise ValueError
    return str(value)


def _checks(value: object) -> tuple[str, ...]:
    return tuple(map(_check, _names(value)))


def _region(value: object) -> dict[str, tuple[float, float]]:
    return {name: _range(*_kind(list)(ends)) for name, ends in _kind(dict)(value).items()}


def _range(least: object, most: object) -> tuple[float, float]:
    low, high = map(_number, (least, most))
    if not low <= high:
        raise ValueError
    return low, high


def _number(value: object) -> float:
    if type(value) not in (int, float):
        raise TypeError
    return cast(float, value)


def _seed(value: object) -> int:
    seed = _kind(int)(value)
    if not 0 <= seed < _SEEDS:
        raise ValueError
    return seed


_FIELDS: Mapping[str, _Field] = {
    "id": _Field(_text_value, "a name of its own", required=True),
    "subjects": _Field(_names, 'a list of names, like ["uniform_"]'),
    "backends": _Field(_names, 'a list of names, like ["cpu"]'),
    "dtypes": _Field(_names, 'a list of names, like ["float32"], or nothing'),
    "promises": _Field(_names, 'a list of names, like ["law"], or nothing'),
    "since": _Field(_version, 'a version, like "2.12"'),
    "until": _Field(_version, 'a version, like "2.12"'),
    "packages": _Field(_packages, 'a table of versions, like { transformers = ">=5.0,<5.3" }'),
    "expires": _Field(_day, 'a day, like "2031-12-31"'),
    "symptom": _Field(_text_value, "a text that says what happens", required=True),
    "link": _Field(_kind(str), "an address"),
    "check": _Field(_check, f"one of {', '.join(sorted(WORDS))}", required=True),
    "region": _Field(_region, "a table of ranges, like { numel = [0, 0] }"),
    "witness": _Field(_kind(dict), "the fields of a case, like { shape = [0] }"),
    "after": _Field(_kind(dict), "the fields of a case, like { shape = [3] }"),
    "seed": _Field(_seed, "a whole number below 2^32"),
    "deviation": _Field(_kind(bool), "true or false"),
    "explains": _Field(_checks, 'a list of further checks, like ["far_tails"]'),
    "calls": _Field(_names, 'a list of the questions\' ids, like ["size-not-inferred"]'),
    "in_some_cases": _Field(_kind(bool), "true or false"),
}

_CASES = {
    "region": True, "witness": True, "after": False, "seed": False, "deviation": False,
    "explains": False,
}  # fmt: skip
"""Fields of a defect of drawn cases, and whether it must have them; `calls` stands for all."""

_INSTEAD = "; or, of a promise made of questions, name their ids in 'calls'"


def read(path: Path) -> tuple[Entry, ...]:
    """The fields of every entry of a file, and of those that it extends, those first.

    Raises
    ------
    BadFile
        With one sentence that names the file, the entry and the field, and how to mend it.
    """
    return _read(path, ())


def _read(path: Path, below: tuple[Path, ...]) -> tuple[Entry, ...]:
    document = _parsed(path)
    if path.resolve() in below:
        _refuse(path, "it extends itself: take away one `extends`")
    if unknown := sorted(document.keys() - {_HEAD, _TABLE}):
        _refuse(path, f"the key {unknown[0]!r} is unknown: a file has {_HEAD!r} and [[{_TABLE}]]")
    tables = document.get(_TABLE, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        _refuse(path, f"{_TABLE!r} is no list of tables: begin each entry with [[{_TABLE}]]")
    base = _extended(path, document.get(_HEAD), (*below, path.resolve()))
    own = [_entry(path, number, table) for number, table in enumerate(tables, start=1)]
    return _distinct(path, (*base, *own))


def _parsed(path: Path) -> dict[str, object]:
    try:
        text = _text(path)
    except UnicodeDecodeError:
        _refuse(path, "it is no text in UTF-8: store it as such")
    except (OSError, ValueError) as problem:  # The latter for what no path can be.
        why = getattr(problem, "strerror", None) or said(problem)
        _refuse(path, f"it cannot be read ({why}): name a file that is there")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as problem:  # A day or a number may be no TOML's fault.
        _refuse(path, f"it is not TOML ({said(problem).partition(': ')[2]}): mend it there")


def _text(path: Path) -> str:
    """What a file holds; a device has no end."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no file")
    return path.read_text(encoding="utf-8")


def _extended(path: Path, name: object, below: tuple[Path, ...]) -> tuple[Entry, ...]:
    """The entries of the file that another one extends."""
    if name is None:
        return ()
    if not isinstance(name, str) or not name:
        _refuse(path, f'{_HEAD!r} is {name!r}: write "{_DEFAULT_NAME}" or the path of a file')
    return _read(DEFAULT if name == _DEFAULT_NAME else path.parent / name, below)


def _distinct(path: Path, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    seen = set[object]()
    for entry in entries:
        if entry["id"] in seen:
            _refuse(path, "the field 'id' is that of another entry: choose a new one", entry["id"])
        seen.add(entry["id"])
    return tuple(entries)


def _entry(path: Path, number: int, table: Mapping[str, object]) -> Entry:
    name = table.get("id", number)
    entry = {key: _value(path, name, key, value) for key, value in table.items()}
    wanted = {key for key, field in _FIELDS.items() if field.required}
    if "calls" in entry:
        if idle := sorted(_CASES.keys() & entry.keys()):
            _refuse(path, f"the field {idle[0]!r} is of no use beside 'calls': drop either", name)
    else:
        wanted |= {"subjects", *(key for key, required in _CASES.items() if required)}
    if missing := [key for key in _FIELDS if key in wanted and key not in entry]:
        wish = _FIELDS[missing[0]].wanted + (_INSTEAD if missing[0] in _CASES else "")
        _refuse(path, f"the field {missing[0]!r} is missing: write {wish}", name)
    if "in_some_cases" in entry and "calls" not in entry:
        _refuse(path, "the field 'in_some_cases' is of no use without 'calls': drop it", name)
    if entry.get("in_some_cases") and "expires" not in entry:
        why = "no run can tell that what shows in some cases is mended"
        _refuse(path, f"the field 'expires' is missing, for {why}: write a day", name)
    if "explains" in entry and not entry.get("deviation"):
        _refuse(path, "the field 'explains' is of no use without 'deviation': drop it", name)
    since = cast(_Version, entry.get("since", (0, 0)))
    if "until" in entry and cast(_Version, entry["until"]) <= since:
        _refuse(path, "the field 'until' is not after 'since': no version has the defect", name)
    return entry


def _value(path: Path, name: object, key: str, value: object) -> object:
    if key not in _FIELDS:
        _refuse(path, f"the field {key!r} is unknown: choose among {', '.join(_FIELDS)}", name)
    try:
        return _FIELDS[key].read(value)
    except (TypeError, ValueError):
        wish = _FIELDS[key].wanted
        _refuse(path, f"the field {key!r} is {shown(value)}: write {wish}", name)


def _refuse(path: Path, problem: str, name: object = None) -> NoReturn:
    entry = "" if name is None else f"known defect {name!r}: "
    raise BadFile(f"known defects in {str(path)!r} cannot be used: {entry}{problem}.") from None
