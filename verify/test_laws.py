"""Every initializer follows its law."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run
from verify.subjects import INITIALIZERS, Initializer


@pytest.mark.every_dtype
@pytest.mark.subjects(*(initializer.name for initializer in INITIALIZERS))
def test_law(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """The cases that Hypothesis draws, and all of them pooled, follow the law."""
    assert isinstance(cell.subject, Initializer)
    # An alias hands over to its namesake, for which the pool is filled.
    conclude(verify_cell(cell, run, pool=not cell.subject.deprecated))
