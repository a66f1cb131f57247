"""Units that start alike stay alike, however long they learn; random weights make them differ."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.promise import verify_behaviour
from verify.behaviour.symmetry import PROMISE
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_symmetry(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Constant weights do not break the symmetry of hidden units; random ones do."""
    conclude(verify_behaviour(cell, run, PROMISE))
