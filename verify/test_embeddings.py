"""Rows of embeddings: padding learns nothing, given values stay, long rows shrink when used."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.embeddings import PROMISE
from verify.behaviour.promise import verify_behaviour
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_embedding(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Gradients, given values and norms, row by row."""
    conclude(verify_behaviour(cell, run, PROMISE))
