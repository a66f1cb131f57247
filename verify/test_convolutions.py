"""The Dirac initializer makes a convolution pass its input through."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.engine.convolutions import verify_convolutions
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


@pytest.mark.subjects("dirac_", "dirac")
def test_identity_convolution(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Real convolutions with the drawn weights: the preserved channels pass, the rest is zero."""
    conclude(verify_convolutions(cell, run))
