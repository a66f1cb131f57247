"""A reset restores every parameter and buffer of a module to its law."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run
from verify.subjects import MODULES

resettable = pytest.mark.subjects(*(module.name for module in MODULES if module.resets))
# Which tensors a reset reaches does not depend on the dtype; their laws in each are the default's.
wide = pytest.mark.dtypes("float32", "float64")


@resettable
@wide
def test_reset(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Every tensor is filled with NaN, every counter with nonsense, then all is reset."""
    conclude(verify_cell(cell, run, "reset", pool=cell.is_usual / 4))


@resettable
@wide
def test_materialisation(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """The same for a module that was moved to the meta device and back to empty memory."""
    conclude(verify_cell(cell, run, "materialisation", pool=0.0))
