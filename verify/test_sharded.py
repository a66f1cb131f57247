"""Tensors that several processes hold together follow the laws of those that one holds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.behaviour.distributed import on_ranks
from verify.behaviour.sharded_training import verify_training
from verify.behaviour.shards import verify_shards
from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run
from verify.subjects import INITIALIZERS

_MODULES = (
    "Linear", "Bilinear", "Conv2d", "Embedding", "LSTM", "MultiheadAttention", "LayerNorm",
    "BatchNorm1d", "TransformerEncoderLayer",
)  # fmt: skip
"""One module of each kind that shards its parameters in another way."""


@pytest.mark.subjects(
    *(subject.name for subject in INITIALIZERS if not subject.deprecated), *_MODULES
)
@pytest.mark.dtypes("float32")
def test_sharded(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Initializers on DTensors; modules under `fully_shard`, from the meta device."""
    asked = Outcome.for_cell("sharded", cell.names, cell.subject)
    conclude(on_ranks(asked, lambda: verify_cell(cell, run, "sharded", pool=0.0)))


@pytest.mark.parametrize("host", ["DTensor"], ids=["host-float64-DTensor"])
def test_shards(host: str, conclude: Callable[[Outcome], None]) -> None:
    """What is distributed, made and drawn, in every placement."""
    conclude(verify_shards(host))


@pytest.mark.parametrize("host", ["tied layers"], ids=["host-float64-tied layers"])
def test_training(host: str, conclude: Callable[[Outcome], None]) -> None:
    """Gradients of tied and untied layers, and their norm, by each kind of parallelism."""
    conclude(verify_training(host))
