"""Parameters are reached, trained, clipped and stored as documented, and change by nothing else."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.parameters import PROMISE
from verify.behaviour.promise import verify_behaviour
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_parameters(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Access, learning, clipping and round trips, bit by bit."""
    conclude(verify_behaviour(cell, run, PROMISE))
