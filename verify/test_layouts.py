"""Every initializer follows its law however the tensor lies in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run
from verify.subjects import INITIALIZERS
from verify.subjects.layouts import LAYOUTS


@pytest.mark.subjects(*(subject.name for subject in INITIALIZERS if not subject.deprecated))
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout(layout: str, cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Values by the law, each in its place, and not one written around the tensor."""
    conclude(verify_cell(cell, run, layout, pool=0.0))
