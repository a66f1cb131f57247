"""`calculate_gain` returns the documented gains, and rejects what it must."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.behaviour.gains import verify_gains
from verify.outcome.outcome import Outcome


@pytest.mark.parametrize("host", ["calculate_gain"], ids=["host-float64-calculate_gain"])
def test_gain(host: str, conclude: Callable[[Outcome], None]) -> None:
    """Every nonlinearity and parameter of the documentation's table, but for rounding."""
    conclude(verify_gains(host))
