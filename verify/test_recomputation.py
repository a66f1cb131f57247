"""What is computed again in a backward pass is what the forward pass computed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.behaviour.promise import verify_behaviour
from verify.behaviour.recomputation import PROMISE
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


@pytest.mark.smoke("dropout")
def test_recomputation(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Checkpoints of both forms, nested and compiled, and what a compiler computes again."""
    conclude(verify_behaviour(cell, run, PROMISE))
