"""Normalisation layers that track statistics: how they start, learn, are reset and converted."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.batch_norm import PROMISE
from verify.behaviour.promise import verify_behaviour
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_batch_norm(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """From the start over training and evaluation to resets and conversion."""
    conclude(verify_behaviour(cell, run, PROMISE))
