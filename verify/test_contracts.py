"""The contract of an in-place initializer: the same tensor, one stream, no trace in autograd."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.contracts import PROMISE
from verify.behaviour.promise import verify_behaviour
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_contract(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Identity, autograd, streams and empty tensors, exactly."""
    conclude(verify_behaviour(cell, run, PROMISE))
