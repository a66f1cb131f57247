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


def grid(dtype, more, middle):
    """Uniforms of so many bits more than the significand has, rounded to nearest."""
    digits = (24 if dtype == torch.float32 else 53) + more
    draws = np.random.default_rng(3).integers(0, 1 << digits, SHAPE)
    # Doubled, a middle is a whole number of at most 62 bits, rounded once.
    doubled = (2 * draws + round(2 * middle)).astype(np.float32 if digits < 40 else np.float64)
    return torch.from_numpy(doubled / doubled.dtype.type(2 << digits)) % 1


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
        for stuck in range(1, width):
            values = drawn("uniform_", dtype).view(bits) | 1 << stuck
            found = finding(values.view(dtype), Uniform(0.0, 1.0))
            assert not found.passed and f"of bit {stuck}" in found.message

    def test_a_uniform_without_its_lowest_bit(self, dtype):
        bits = torch.int32 if dtype == torch.float32 else torch.int64
        cut = (drawn("uniform_", dtype).view(bits) & -2).view(dtype)
        found = finding(cut, Uniform(0.0, 1.0))
        assert not found.passed and "of bit 0" in found.message

    @pytest.mark.parametrize("middle", [0.0, 0.5])
    def test_a_uniform_of_one_bit_fewer(self, dtype, middle):
        """On a grid, and in the middle of its intervals."""
        found = finding(grid(dtype, -1, middle), Uniform(0.0, 1.0))
        assert not found.passed and "of bit 0" in found.message

    @pytest.mark.parametrize("more", [0, 1, 2, 3, 7])
    @pytest.mark.parametrize("middle", [0.0, 0.5])
    def test_draws_that_are_finer_round_to_even(self, dtype, middle, more):
        """Lawful: cuRAND's doubles are middles of 53 bits, all of them halfway above ½."""
        assert finding(grid(dtype, more, middle), Uniform(0.0, 1.0)).passed
