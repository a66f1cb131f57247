"""Pytest plugin that plants the fault named by ``PLANTED_FAULT``.

Load it with ``-p selftest.planted.plugin``. It acts when it is imported, which pytest does
before it reads any conftest.py, in the controller as in each xdist worker: a module of the
suite that binds an initializer by name binds the faulty one.
"""

from __future__ import annotations

import operator
import os
import pkgutil
from typing import Any

import pytest
from torch import nn

from selftest.planted.faults import FAULTS

VARIABLE = "PLANTED_FAULT"
PACKAGES = ("torch", "transformers", "verify")  # In which targets are named from the root on.


def plant(name: str) -> None:
    """Replace the targets of one fault.

    Parameters
    ----------
    name
        A key of `FAULTS`.

    Raises
    ------
    pytest.UsageError
        If there is no such fault.
    """
    if name not in FAULTS:
        known = ", ".join(sorted(FAULTS))
        raise pytest.UsageError(f"{VARIABLE}: there is no fault {name!r}; choose from {known}")
    fault = FAULTS[name]
    places = [_place(target) for target in fault.targets]
    originals = [None if fault.adds else getattr(holder, name) for holder, name in places]
    replacements = map(fault.plant, originals)
    for (holder, name), replacement in zip(places, replacements, strict=True):
        setattr(holder, name, replacement)


def _place(target: str) -> tuple[Any, str]:
    """Return what holds a target, a module or a class, and the target's name there."""
    path, _, name = target.rpartition(".")
    if path.partition(".")[0] in PACKAGES:
        return pkgutil.resolve_name(path), name
    return (operator.attrgetter(path)(nn) if path else nn.init), name


def pytest_report_header() -> str | None:
    """Name the planted fault in the header, lest its red run be taken for PyTorch's."""
    name = os.environ.get(VARIABLE)
    return f"planted fault: {name}: {FAULTS[name].description}" if name else None


if _name := os.environ.get(VARIABLE):
    plant(_name)
