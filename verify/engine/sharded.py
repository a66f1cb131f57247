"""Sharded fills: a cell explored over ranks, and what they refuse."""

from __future__ import annotations

from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run
from verify.subjects import sharded


def verify_sharded(cell: Cell, run: Run) -> Outcome:
    """Explore a cell in every placement; say which of them PyTorch refuses.

    Nothing is pooled: every placement is filled by the draws whose laws are asked eagerly.
    """
    sharded.forget()
    outcome = verify_cell(cell, run, "sharded", pool=0.0)
    return outcome.remarked("not divided by", sharded.refused())
