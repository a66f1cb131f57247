"""A module is built where and as it is asked to be, whichever way it is asked."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.construction import PROMISE
from verify.behaviour.promise import verify_behaviour
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_construction(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """By keywords, by context, without initialisation, as a copy, and on the meta device."""
    conclude(verify_behaviour(cell, run, PROMISE))
