"""Tensors that several processes hold together follow the laws of those that one holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from verify.behaviour.distributed import on_ranks
from verify.behaviour.resharded import verify_resharding
from verify.behaviour.sharded_training import verify_training
from verify.behaviour.shards import verify_shards
from verify.engine.sharded import verify_sharded
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run

_INITIALIZERS = (
    "uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "kaiming_normal_", "orthogonal_",
    "zeros_", "eye_", "dirac_",
)  # fmt: skip
_MODULES = ("Linear", "Embedding", "LSTM", "MultiheadAttention", "BatchNorm1d")
"""One of each kind that divides what it fills in another way: every call costs four ranks."""


def _sparing(run: Run) -> Run:
    """The same run, which looks at less of initializers: their laws are asked eagerly."""
    profile = run.profile
    return replace(run, profile=replace(profile, initializer=profile.initializer.lean()))


@pytest.mark.subjects(*_INITIALIZERS, *_MODULES)
@pytest.mark.smoke("uniform_", "orthogonal_", "Linear")
@pytest.mark.dtypes("float32")
def test_sharded(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Initializers on DTensors; modules under `fully_shard`, from the meta device."""
    asked = Outcome.for_cell("sharded", cell.names, cell.subject)
    conclude(on_ranks(asked, lambda: verify_sharded(cell, _sparing(run))))


@pytest.mark.parametrize("host", ["DTensor"], ids=["host-float64-DTensor"])
def test_shards(host: str, conclude: Callable[[Outcome], None]) -> None:
    """What is distributed, made and drawn, in every placement."""
    conclude(verify_shards(host))


@pytest.mark.parametrize("host", ["tied layers"], ids=["host-float64-tied layers"])
def test_training(host: str, conclude: Callable[[Outcome], None]) -> None:
    """Gradients of tied and untied layers, and their norm, by each kind of parallelism."""
    conclude(verify_training(host))


@pytest.mark.parametrize("host", ["checkpoints"], ids=["host-any-checkpoints"])
def test_resharding(host: str, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """What is stored and loaded in another number of ranks, and what is redistributed."""
    conclude(verify_resharding(host, run))
