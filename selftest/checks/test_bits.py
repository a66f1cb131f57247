"""The lowest bits of the mantissa: fair, or kept by a coarser grid."""

import numpy as np
import pytest
import torch

from verify.checks.independent import reduce
from verify.laws import Normal, Uniform

SHAPE = (64, 128)


def finding(values, law):
    found = reduce(values.view(1, -1), SHAPE, law, np.random.default_rng(1), sort=True)
    (decided,) = found["bits"].findings("bits") if "bits" in found else (None,)
    return decided


def drawn(kind, dtype, seed=5):
    generator = torch.Generator().manual_seed(seed)
    return getattr(torch.empty(SHAPE, dtype=dtype), kind)(generator=generator)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
class TestBits:
    def test_fair(self, dtype):
        assert finding(drawn("uniform_", dtype), Uniform(0.0, 1.0)).passed
        assert finding(drawn("normal_", dtype), Normal(0.0, 1.0)).passed

    def test_a_scale_that_is_exact(self, dtype):
        assert finding(drawn("uniform_", dtype) * 8, Uniform(0.0, 8.0)).passed
        assert finding(drawn("normal_", dtype) / 4, Normal(0.0, 0.25)).passed

    def test_no_claim_elsewhere(self, dtype):
        assert finding(drawn("uniform_", dtype) * 3, Uniform(0.0, 3.0)) is None
        assert finding(drawn("uniform_", dtype) * 2 - 1, Uniform(-1.0, 1.0)) is None
        assert finding(drawn("normal_", dtype) * 0.02, Normal(0.0, 0.02)) is None

    def test_a_normal_without_its_lowest_bit(self, dtype):
        values = drawn("normal_", dtype)
        bits = torch.int32 if dtype == torch.float32 else torch.int64
        cut = (values.view(bits) & -2).view(dtype)
        found = finding(cut, Normal(0.0, 1.0))
        assert not found.passed and "of bit 0" in found.message

    def test_a_uniform_with_any_one_bit_stuck(self, dtype):
        bits, width = (torch.int32, 23) if dtype == torch.float32 else (torch.int64, 52)
        for stuck in range(width):
            values = drawn("uniform_", dtype).view(bits) | 1 << stuck
            found = finding(values.view(dtype), Uniform(0.0, 1.0))
            assert not found.passed and f"of bit {stuck}" in found.message
