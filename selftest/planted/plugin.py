"""Pytest plugin that plants the fault or the lawful alternative named by ``PLANTED``.

Load it with ``-p selftest.planted.plugin``. It acts when it is imported, which pytest does
before it reads any conftest.py, in the controller as in each xdist worker: a module of the
suite that binds an initializer by name binds the replacement.
"""

from __future__ import annotations

import operator
import os
import pkgutil
from collections.abc import Callable
from typing import Any

import pytest
from torch import nn

from selftest.lawful.alternatives import ALTERNATIVES, CONTROLS
from selftest.planted.fault import Planted, table
from selftest.planted.faults import FAULTS

VARIABLE = "PLANTED"
# In which targets are named from the root on.
PACKAGES = ("safetensors", "torch", "transformers", "verify")
ROWS: dict[str, Planted] = table(*FAULTS.values(), *ALTERNATIVES.values(), *CONTROLS.values())


def named(name: str) -> Planted:
    """Return the row of a name.

    Raises
    ------
    pytest.UsageError
        If there is no such row.
    """
    if name not in ROWS:
        known = ", ".join(sorted(ROWS))
        raise pytest.UsageError(f"{VARIABLE}: there is no row {name!r}; choose from {known}")
    return ROWS[name]


def plant(row: Planted, replace: Callable[[Any, str, Any], object] = setattr) -> Planted:
    """Replace the targets of one row, and return it.

    Parameters
    ----------
    replace
        Sets an attribute; a test may take one that is undone.
    """
    places = [_place(target) for target in row.targets]
    originals = [None if row.adds else getattr(holder, name) for holder, name in places]
    replacements = map(row.replacement, row.targets, originals)
    for (holder, name), replacement in zip(places, replacements, strict=True):
        replace(holder, name, replacement)
    return row


def _place(target: str) -> tuple[Any, str]:
    """Return what holds a target, a module or a class, and the target's name there."""
    path, _, name = target.rpartition(".")
    if path.partition(".")[0] in PACKAGES:
        return pkgutil.resolve_name(path), name
    return (operator.attrgetter(path)(nn) if path else nn.init), name


_planted = plant(named(os.environ[VARIABLE])) if os.environ.get(VARIABLE) else None


def pytest_report_header() -> str | None:
    """Name what is planted in the header, lest its red run be taken for PyTorch's."""
    return f"planted: {_planted.name}: {_planted.description}" if _planted else None


def pytest_sessionstart() -> None:
    """Change settings after the suite has made its own."""
    if _planted:
        _planted.start()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what shows that the change took effect."""
    if _planted and (effect := _planted.effect()):
        terminalreporter.write_line(effect)
