"""The commands of ``python -m reports``: each module declares its arguments and runs."""

from __future__ import annotations

from types import ModuleType

from reports.commands import (
    adopt,
    badge,
    build,
    calibrate,
    compare,
    history,
    merge,
    processors,
    qualify,
    replay,
    summary,
    thin,
)

COMMANDS: dict[str, ModuleType] = {
    "adopt": adopt,
    "badge": badge,
    "build": build,
    "calibrate": calibrate,
    "compare": compare,
    "history": history,
    "merge": merge,
    "processors": processors,
    "qualify": qualify,
    "replay": replay,
    "summary": summary,
    "thin": thin,
}
"""Each has a docstring, ``declare(parser)`` and ``run(options)``, which returns the exit code."""
