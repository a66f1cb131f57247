"""What is in scope, by the parameters of each callable, and which planted fault speaks of which.

A callable is in scope by being a subject of the suite, or by being listed in `FILE`.
"""

from __future__ import annotations

import inspect
import pkgutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import torch

from selftest.planted.fault import Fault
from selftest.planted.plugin import PACKAGES
from verify import torch_api
from verify.subjects import INITIALIZERS, MODULES, OPERATIONS

FILE = Path(__file__).parent / "parameters.toml"
_OWN = ("self", "cls")


@dataclass(frozen=True)
class Outside:
    """Parameters that nothing in the suite speaks of.

    Attributes
    ----------
    of
        Patterns of the names of callables.
    parameters
        Patterns of their names.
    because
        Why.
    """

    of: tuple[str, ...]
    parameters: tuple[str, ...]
    because: str

    def holds(self, name: str, parameter: str) -> bool:
        """Return whether it speaks of a parameter of a callable."""
        return _matches(name, self.of) and _matches(parameter, self.parameters)


@dataclass(frozen=True)
class Row:
    """Callables of one implementation, and a planted fault for each of their parameters.

    Attributes
    ----------
    of
        Names of the callables.
    by
        Names of planted faults by the names of parameters.
    """

    of: tuple[str, ...]
    by: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """The written part of the enumeration.

    Attributes
    ----------
    outside, rows
        See there.
    documented
        Names of parameters, by callable, where it has no signature that tells them.
    through
        Callables, as patterns, that do what a target does: by the target.
    """

    outside: tuple[Outside, ...]
    rows: tuple[Row, ...]
    documented: Mapping[str, list[str]]
    through: Mapping[str, list[str]]

    def names(self) -> list[str]:
        """Return every callable that is in scope."""
        listed = (name for row in self.rows for name in row.of)
        return list(dict.fromkeys([*subjects(), *self.documented, *listed]))

    def parameters(self, name: str) -> list[str]:
        """Return the names of the parameters of a callable."""
        if name in self.documented:
            return list(self.documented[name])
        signature = inspect.signature(pkgutil.resolve_name(name))
        return [parameter for parameter in signature.parameters if parameter not in _OWN]

    def planted(self, name: str) -> dict[str, str]:
        """Return the planted fault of each parameter of a callable that has one."""
        return {p: fault for row in self.rows if name in row.of for p, fault in row.by.items()}

    def is_outside(self, name: str, parameter: str) -> bool:
        """Return whether a parameter is listed as one of which nothing speaks."""
        return any(row.holds(name, parameter) for row in self.outside)

    def missing(self) -> list[str]:
        """Return the parameters that have neither a planted fault nor a reason."""
        return [
            f"{name}({parameter})"
            for name in self.names()
            for parameter in self.parameters(name)
            if parameter not in self.planted(name) and not self.is_outside(name, parameter)
        ]

    def reaches(self, fault: Fault, name: str) -> bool:
        """Return whether a fault changes a callable, as far as its targets say."""
        return any(
            _matches(name, tuple(self.through.get(target, ()))) or _is_of(full(target), name)
            for target in fault.targets
        )


def table() -> Table:
    """Read the written part."""
    read = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return Table(
        tuple(
            Outside(tuple(row["of"]), tuple(row["parameters"]), row["because"])
            for row in read["outside"]
        ),
        tuple(Row(tuple(row["of"]), row["by"]) for row in read["planted"]),
        read["documented"],
        read["through"],
    )


def subjects() -> Iterator[str]:
    """Return the callable of each subject, by its full name."""
    yield from (f"torch.nn.init.{row.name}" for row in INITIALIZERS)
    yield from (_class(row.name) for row in MODULES)
    yield from dict.fromkeys(_operation(row.name) for row in OPERATIONS)


def full(target: str) -> str:
    """Return the full name of a target."""
    if target.partition(".")[0] in PACKAGES:
        return target
    return f"torch.nn.{target}" if "." in target else f"torch.nn.init.{target}"


def _class(name: str) -> str:
    found = torch_api.module(name)
    return f"torch.nn.{name}" if hasattr(torch.nn, name) else f"{found.__module__}.{name}"


def _operation(row: str) -> str:
    """The callable of an operation, whose rows are named after it and say the form behind."""
    name = row.split()[0].removesuffix("_wide").removesuffix("_long")
    places = ("", "torch.nn.init.", "torch.Tensor.", "torch.nn.functional.", "torch.distributions.")
    return next(place + name for place in places if _exists(place + name))


def _exists(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (AttributeError, ValueError, ImportError):
        return False
    return True


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _is_of(target: str, name: str) -> bool:
    """Whether a target is a callable or a method of it, inherited ones too."""
    if target == name:
        return True
    holder, _, method = target.rpartition(".")
    place, called = _resolved(holder), _resolved(name)
    if isinstance(called, type):
        return isinstance(place, type) and issubclass(called, place)
    owner, _, own = name.rpartition(".")
    by = _resolved(owner)
    kin = isinstance(place, type) and isinstance(by, type)
    return own == method and (place is by or (kin and issubclass(place, by)))


def _resolved(name: str) -> Any:
    return pkgutil.resolve_name(name)
