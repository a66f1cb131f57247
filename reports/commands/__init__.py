"""The commands of ``python -m reports``: each module declares its arguments and runs."""

from __future__ import annotations

from types import ModuleType

from reports.commands import badge, build, compare, history, merge, qualify, replay, summary

COMMANDS: dict[str, ModuleType] = {
    "badge": badge,
    "build": build,
    "compare": compare,
    "history": history,
    "merge": merge,
    "qualify": qualify,
    "replay": replay,
    "summary": summary,
}
"""Each has a docstring, ``declare(parser)`` and ``run(options)``, which returns the exit code."""
