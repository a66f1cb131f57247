"""Streams: one seed gives one sequence, which goes on, can be restored, and meets no other.

The bits of two draws are compared. Where they must differ, the chance that they do not is far
below one in 10¹², and stated.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.behaviour.promise import verify_behaviour
from verify.behaviour.streams import PROMISE
from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_streams(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Every subject that draws, in every dtype, bit by bit."""
    conclude(verify_behaviour(cell, run, PROMISE))


@pytest.mark.subjects(
    "normal_", "uniform_", "trunc_normal_", "torch.rand", "torch.randn", "torch.randint"
)
@pytest.mark.dtypes("float32", "float64", "int64")
def test_neighbouring_seeds(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Calls from seeds base, base + 1, … are as independent as calls from one stream."""
    conclude(verify_cell(cell, run, "neighbouring seeds", pool=0.0))
