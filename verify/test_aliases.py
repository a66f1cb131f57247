"""Deprecated aliases warn that they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.behaviour.aliases import ALIASES, verify_alias
from verify.outcome.outcome import Outcome
from verify.subjects import Initializer


@pytest.mark.parametrize("alias", ALIASES, ids=[f"host-any-{alias.name}" for alias in ALIASES])
def test_future_warning(alias: Initializer, conclude: Callable[[Outcome], None]) -> None:
    """A FutureWarning for each call."""
    conclude(verify_alias(alias))
