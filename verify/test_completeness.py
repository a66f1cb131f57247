"""Every module class and every initializer of the version under test is accounted for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.audit.completeness import NAMESPACES, verify_completeness
from verify.outcome.outcome import Outcome


@pytest.mark.parametrize("namespace", NAMESPACES, ids=[f"host-any-{n}" for n in NAMESPACES])
def test_completeness(namespace: str, conclude: Callable[[Outcome], None]) -> None:
    """Each has a row, or neither parameters nor buffers, or a reason."""
    conclude(verify_completeness(namespace))
