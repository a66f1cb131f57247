"""Parametrised weights: what they start as, and what writes to them reach."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.parametrizations import PROMISE
from verify.behaviour.promise import verify_behaviour
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_parametrization(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """From the start to assignments, initializers and resets."""
    conclude(verify_behaviour(cell, run, PROMISE))
