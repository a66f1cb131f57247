"""Which fill methods a run looked at: how values reach tensors, one group of promises each."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from reports.evidence import promises
from reports.evidence.records import CellRecord
from reports.evidence.words import listing
from verify.outcome.promises import FILLS


def looked_at(cells: Iterable[CellRecord]) -> tuple[str, ...]:
    """Return the fill methods of which something was verified or found wrong.

    A cell that was not tested, for want of a compiler or a package, counts for nothing; nor does
    one without a result.
    """
    seen = {promises.fill(c.promise) for c in cells if c.verdict.is_verified or c.verdict.is_wrong}
    return tuple(name for name in FILLS if name in seen)


def unseen(seen: Collection[str]) -> str:
    """Return that the other fill methods were not looked at; nothing where all were."""
    others = [name for name in FILLS if name not in seen]
    return f"{named(others)} were not looked at" if others else ""


def named(fills: Collection[str]) -> str:
    """Return ``compiled and sharded fills``."""
    return f"{listing(fills, len(FILLS))} fills"
