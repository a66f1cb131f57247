"""Copies and pickles: they hold all that the original holds, and share nothing with it."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.copies import PROMISE
from verify.behaviour.promise import verify_behaviour
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_copies(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Modules, tensors and generators by deepcopy, by pickle, by file and by clone."""
    conclude(verify_behaviour(cell, run, PROMISE))
