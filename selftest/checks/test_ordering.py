"""Ordered samples."""

from __future__ import annotations

import pytest
import torch

from verify.checks.ordering import ascending


@pytest.mark.parametrize(
    "dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64, torch.int16, torch.int64]
)
def test_rows_ascend_and_keep_their_values(dtype: torch.dtype) -> None:
    values = (1000 * torch.randn((3, 257), generator=torch.Generator().manual_seed(1))).to(dtype)
    ordered = ascending(values)
    assert ordered.dtype == dtype
    assert torch.equal(ordered, torch.sort(values).values)
