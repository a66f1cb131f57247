"""Pytest plugin that plants the fault named by ``PLANTED_FAULT``.

Load it with ``-p selftest.planted.plugin``. It acts when it is imported, which pytest does
before it reads any conftest.py, in the controller as in each xdist worker: a module of the
suite that binds an initializer by name binds the faulty one.
"""

from __future__ import annotations

import os

import pytest
from torch.nn import init

from selftest.planted.faults import FAULTS

VARIABLE = "PLANTED_FAULT"


def plant(name: str) -> None:
    """Replace the targets of one fault in ``torch.nn.init``.

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
    replacements = {target: fault.plant(getattr(init, target)) for target in fault.targets}
    for target, replacement in replacements.items():
        setattr(init, target, replacement)


def pytest_report_header() -> str | None:
    """Name the planted fault in the header, lest its red run be taken for PyTorch's."""
    name = os.environ.get(VARIABLE)
    return f"planted fault: {name}: {FAULTS[name].description}" if name else None


if _name := os.environ.get(VARIABLE):
    plant(_name)
