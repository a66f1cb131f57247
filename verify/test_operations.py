"""The random operations follow their laws."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run
from verify.subjects import OPERATIONS, Operation


@pytest.mark.every_dtype
@pytest.mark.subjects(*(operation.name for operation in OPERATIONS))
def test_operation(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """The cases that Hypothesis draws, and all of them pooled, follow the law."""
    assert isinstance(cell.subject, Operation)
    conclude(verify_cell(cell, run, "operation", pool=cell.subject.pools))
