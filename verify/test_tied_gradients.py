"""The gradient of a tied parameter is the sum of what its uses would get if they were untied."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.behaviour.promise import verify_behaviour
from verify.behaviour.tied_gradients import PROMISE, verify_worked_example
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_tied_gradient(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Networks that Hypothesis draws, however they are differentiated."""
    conclude(verify_behaviour(cell, run, PROMISE))


@pytest.mark.parametrize("host", ["worked example"], ids=["host-float64-worked_example"])
def test_worked_example(host: str, conclude: Callable[[Outcome], None]) -> None:
    """By hand: 1.8 and 1.7 untied, 1.5 tied."""
    conclude(verify_worked_example(host))
