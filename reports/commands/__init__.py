"""The commands of ``python -m reports``: each module declares its arguments and runs."""

from __future__ import annotations

from types import ModuleType

from reports.commands import build

COMMANDS: dict[str, ModuleType] = {"build": build}
"""Each has a docstring, ``declare(parser)`` and ``run(options)``, which returns the exit code."""
