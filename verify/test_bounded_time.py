"""A truncated normal is drawn in bounded time, inside its window, however far out that lies."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.bounded_time import verify_bounded_time
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_bounded_time(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Fixed windows, and drawn ones of every kind that is not known to be refused."""
    conclude(verify_bounded_time(cell, run))
