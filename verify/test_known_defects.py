"""Every known defect still shows on its witness: a fixed release turns this red."""

from __future__ import annotations

from collections.abc import Callable

from verify.entries import judge
from verify.known_defects import KnownDefect
from verify.outcome import Outcome
from verify.run import Cell, Run
from verify.witness import witness


def test_known_defect(
    witnessed: tuple[Cell, KnownDefect], run: Run, conclude: Callable[[Outcome], None]
) -> None:
    """The witness fails the check that the defect is known for, and no later than now."""
    conclude(witness(*witnessed, run))


def test_entry(entry: KnownDefect, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """An entry speaks of what exists, and has not expired."""
    conclude(judge(entry, run))
