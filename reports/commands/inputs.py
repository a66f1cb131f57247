"""What a command works with: evidence that it was given, and the machine it runs on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reports.commands.problem import Problem, unreadable
from reports.evidence import store
from reports.evidence.records import Report
from reports.processors import runs

MEANT = f"a folder that holds {store.EVIDENCE}, or such a file"


def machine() -> runs.Machine:
    """Return what would be verified here; a `Problem` where nothing can be."""
    try:
        return runs.machine()
    except runs.Unusable as problem:
        raise Problem(str(problem)) from None


def require_other(path: Path, inputs: Iterable[Path]) -> None:
    """Refuse to write over what was read, and over what is no file, with a `Problem`."""
    if path.exists() and not path.is_file():
        raise Problem(f"{path} cannot be written (it is no file): name a file to write to")
    if path.exists() and any(path.samefile(given) for given in inputs if given.exists()):
        raise Problem(f"{path} is what is read here, and would be lost: write to another file")


def evidence_of(path: Path) -> Report:
    """Return what a file holds, with what was planned and never seen; a `Problem` if nothing."""
    try:
        evidence = store.complete(store.read(path))
    except OSError as error:
        raise unreadable(path, error, f"name {MEANT}") from None
    if not evidence.cells:
        first = f" ({evidence.problems[0].rstrip('.')})" if evidence.problems else ""
        raise Problem(f"{path} holds no usable evidence{first}: name {MEANT}")
    return evidence
