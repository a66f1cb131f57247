"""Products of independent draws: the variance law that initializers are derived from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run
from verify.subjects import INDEPENDENT_PAIRS


@pytest.mark.subjects(*(pair.name for pair in INDEPENDENT_PAIRS))
def test_independence(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """``E(XY) = E(X)E(Y)`` and ``D(XY) = D(X)D(Y)``, of each case and of all of them pooled."""
    conclude(verify_cell(cell, run, "independence"))
