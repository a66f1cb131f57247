"""Tensors that are made without being drawn: as asked for, and no stream moves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.behaviour.empty import FACTORIES, verify_empty
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


@pytest.mark.subjects("torch.full")  # Any one subject of each backend.
@pytest.mark.dtypes("float32")
@pytest.mark.parametrize("factory", FACTORIES)
def test_empty(factory: str, cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Shapes, strides and dtypes of every kind, drawn afresh for each question."""
    conclude(verify_empty(factory, cell, run))
