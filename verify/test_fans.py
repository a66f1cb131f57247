"""The fan computation follows the papers, and refuses what has no fan."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.behaviour.fans import verify_fans
from verify.outcome.outcome import Outcome
from verify.plan.run import Run


@pytest.mark.parametrize("host", ["fan_in_and_fan_out"], ids=["host-int64-fan_in_and_fan_out"])
def test_fans(host: str, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Weights of two to six dimensions, sizes from zero to millions."""
    conclude(verify_fans(host, run))
