"""Signals and gradients pass through layers as the papers behind the initializers say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.behaviour.moments import verify_moments
from verify.engine.depth import verify_depth
from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run
from verify.subjects import EXPERIMENTS, PROPAGATIONS

_POOL = {"float32": 3 / 32, "float64": 1 / 64}
"""The share of a module's pool: a response costs a hundred weights, each verified elsewhere. What
is asked here are fans and gains, which are the same in both."""


@pytest.mark.subjects(*(subject.name for subject in PROPAGATIONS))
def test_propagation(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Layer by layer, the responses have the variance that the fan and the gain give them."""
    conclude(verify_cell(cell, run, "propagation", pool=_POOL[cell.dtype_name]))


@pytest.mark.subjects(*(experiment.name for experiment in EXPERIMENTS))
def test_depth(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """A hundred layers: what vanishes, what overflows and what lives, each at its own rate."""
    conclude(verify_depth(cell, run))


@pytest.mark.parametrize("host", ["moments"], ids=["host-float64-moments"])
def test_moments(host: str, conclude: Callable[[Outcome], None]) -> None:
    """What PyTorch's nonlinearities and gains do to second moments, by quadrature."""
    conclude(verify_moments(host))
