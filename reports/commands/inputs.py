"""The evidence that a command was given."""

from __future__ import annotations

from pathlib import Path

from reports import store
from reports.commands.problem import Problem
from reports.records import Evidence

MEANT = f"a folder that holds {store.EVIDENCE}, or such a file"


def file_of(path: Path) -> Path:
    """Return the evidence file that a path names, or the one in the folder that it names."""
    return path / store.EVIDENCE if path.is_dir() else path


def evidence_of(path: Path) -> Evidence:
    """Return what a file holds, with what was planned and never seen; a `Problem` if nothing."""
    try:
        evidence = store.complete(store.read(path))
    except OSError as error:
        raise Problem(f"{path} cannot be read ({error.strerror}): name {MEANT}") from None
    if not evidence.cells:
        raise Problem(f"{path} holds no usable evidence: name {MEANT}")
    return evidence
