"""Lazy modules hold nothing before the first input, and are their counterparts after it."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.lazy import PROMISE
from verify.behaviour.promise import verify_behaviour
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_lazy(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Before the first input, with it, after it, and by way of a state dict."""
    conclude(verify_behaviour(cell, run, PROMISE))
