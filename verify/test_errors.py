"""What is impossible is refused, in words, and nothing is filled or drawn on the way."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.errors import verify_errors
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_errors(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Every rule of a subject, broken in many ways; and tensors without entries break none."""
    conclude(verify_errors(cell, run))
