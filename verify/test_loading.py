"""States and files: how they are named, what hooks are told, and what loading leaves alone."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.loading import PROMISE
from verify.behaviour.promise import verify_behaviour
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_loading(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Names, hooks, extra states, halves and files."""
    conclude(verify_behaviour(cell, run, PROMISE))
