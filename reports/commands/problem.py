"""What a command cannot work with."""

from __future__ import annotations

from pathlib import Path

from reports.evidence import store


class Problem(Exception):
    """One clause for the user, without a full stop: what is wrong, and how to mend it."""


def unreadable(path: Path, error: OSError, mend: str) -> Problem:
    """What the system refused to read, why, and what to do."""
    return Problem(f"{path} cannot be read ({store.system_says(error)}): {mend}")


def unwritable(path: Path, error: OSError, mend: str) -> Problem:
    """What the system refused to write, why, and what to do besides mending that."""
    return Problem(f"{path} cannot be written ({store.system_says(error)}): mend that, or {mend}")
