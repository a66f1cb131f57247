"""An initializer under subclasses, modes, tensors without data, and ``torch.func.vmap``."""

from __future__ import annotations

from collections.abc import Callable

from verify.behaviour.promise import verify_behaviour
from verify.behaviour.transforms import PROMISE
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run


def test_transforms(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Subclasses, modes, meta and fake tensors, and vmap, exactly."""
    conclude(verify_behaviour(cell, run, PROMISE))
