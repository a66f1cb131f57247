"""Generators keep their seeds, and choose one when asked."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.generators import PROMISE
from verify.behaviour.promise import verify_behaviour
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_generators(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """The generators of the backend, by what one operation draws from them."""
    conclude(verify_behaviour(cell, run, PROMISE))
