"""Conversions: modules that are cast, moved, synchronised or fused."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.conversions import PROMISE
from verify.behaviour.promise import verify_behaviour
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_conversions(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Dtypes, devices, orders in memory, synchronised norms and fused layers."""
    conclude(verify_behaviour(cell, run, PROMISE))
