"""Every known defect still shows on its witness: a fixed release turns this red."""

from __future__ import annotations

from collections.abc import Callable

from verify.audit.defect_entries import judge
from verify.defects.known_defects import KnownDefect
from verify.engine.witness import witness
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_known_defect(
    witnessed: tuple[Cell, KnownDefect], run: Run, conclude: Callable[[Outcome], None]
) -> None:
    """The witness fails the check that the defect is known for, and no later than now."""
    conclude(witness(*witnessed, run))


def test_entry(entry: KnownDefect, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """An entry speaks of what exists, and has not expired."""
    conclude(judge(entry, run))
