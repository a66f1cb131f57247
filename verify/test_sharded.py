"""Tensors that several processes hold together follow the laws of those that one holds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.behaviour.distributed import on_ranks
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
