"""Folders of runs, side by side in a directory: which there are, and in which order."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from reports.evidence import store

_DIGITS = re.compile(r"(\d+)")


def folders(directory: Path) -> list[Path]:
    """Return the folders in a directory, by name."""
    return sorted(filter(Path.is_dir, directory.iterdir()))


def evidence_of(folder: Path) -> Path:
    """Return the evidence of a run; what is left of it where it has been thinned."""
    whole, thinned = folder / store.EVIDENCE, folder / store.THINNED
    return thinned if thinned.exists() and not whole.exists() else whole


def start_of(folder: Path, problems: list[str]) -> str:
    """Return when a run began, in UTC; nothing where that is not known."""
    path = folder / store.TIMINGS
    try:
        with store.opened(path) as file:
            begun = datetime.fromisoformat(json.load(file)["start"])
        return begun.astimezone(UTC).isoformat(timespec="seconds")
    except FileNotFoundError:
        return ""
    except (OSError, *store.MALFORMED):
        problems.append(f"{path} cannot be used: the run stands where its name puts it.")
        return ""


def order(start: str, name: str) -> tuple[str, Sequence[tuple[int, str]]]:
    """Return what sorts runs by their start, then by name as a reader would: 2 before 10."""
    return start, [(int(x), "") if x.isdecimal() else (0, x) for x in _DIGITS.split(name)]
