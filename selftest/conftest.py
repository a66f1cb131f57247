"""What several self-tests need of a machine that may be slow, or busy with something else."""

from __future__ import annotations

import pytest


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls with a short time limit wait for a processor as long as they must.

    Ten times their limit on the clock ends the process, which here is that of the tests.
    """
    from verify.plan import watchdog

    monkeypatch.setattr(watchdog, "_GRACE", 10_000.0)
