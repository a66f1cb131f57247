"""Every parameter and buffer of a new module follows its law."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run
from verify.subjects import MODULES


@pytest.mark.subjects(*(module.name for module in MODULES))
def test_default(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Tensor by tensor: constructed anew for every call."""
    # The fills are the initializers', whose pools see every dtype.
    conclude(verify_cell(cell, run, "default", pool=cell.is_wide))
