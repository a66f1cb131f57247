"""Whole numbers against laws on them, up to ranges of 64 bits."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from verify.checks.discrete import above, reduce
from verify.laws import DiscreteUniform

LEAST, MOST = -(1 << 63), (1 << 63) - 1
ENDS = st.sampled_from([LEAST, LEAST + 1, -1, 0, 1, MOST - 1, MOST])
WHOLE = ENDS | st.integers(LEAST, MOST)


@given(WHOLE, WHOLE)
def test_distances_of_64_bits(one, other):
    low, x = sorted((one, other))
    assert above(torch.tensor([x]), low).item() == pytest.approx(x - low, rel=2.0**-51)


@pytest.mark.parametrize(
    ("low", "high"), [(LEAST, MOST), (-2, MOST), (LEAST, 1), (-(1 << 62), (1 << 62) + 5)]
)
@pytest.mark.parametrize("seed", [1, 2])
def test_wide_ranges(low, high, seed):
    """Drawn by NumPy, another implementation."""
    drawn = np.random.default_rng(seed).integers(low, high, (64, 256))
    law = DiscreteUniform(low, high)
    found = reduce(torch.from_numpy(drawn), (256,), law, np.random.default_rng(0))
    for name, statistic in found.items():
        assert all(decision.passed for decision in statistic.decisions(name, 1e-12)), name


def test_half_of_a_wide_range():
    drawn = np.random.default_rng(3).integers(0, MOST, (64, 256))
    found = reduce(
        torch.from_numpy(drawn), (256,), DiscreteUniform(LEAST, MOST), np.random.default_rng(0)
    )
    decisions = [d for name, s in found.items() for d in s.decisions(name, 1e-12)]
    assert not all(decision.passed for decision in decisions)
