"""What is tied is one tensor under several names, and stays so wherever the network goes."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.promise import verify_behaviour
from verify.behaviour.ties import PROMISE
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_tie(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Networks that Hypothesis draws, copied, moved and stored."""
    conclude(verify_behaviour(cell, run, PROMISE))
