"""Masked values: lawful ones pass, each planted fault is named."""

from dataclasses import replace

import numpy as np
import pytest

from selftest.checks.support import alarms, assert_valid, decide, findings, stream, tensor
from verify.checks.masked import reduce
from verify.laws import Masked, Uniform

LAW = Masked(Uniform(-10.0, 10.0), 5.0)
SIZE = (4, 32_768)


def masked(values, threshold=5.0):
    return np.where(np.abs(values) < threshold, 0.0, values)


def drawn(rng, size=SIZE, bound=10.0):
    return rng.uniform(-bound, bound, size)


def reduced(values, law=LAW, dtype="float64", sort=True, shape=None):
    shape = shape or values.shape[1:]
    return reduce(tensor(values, dtype), shape, law, stream("host"), sort=sort)


class TestLawful:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("threshold", [0.1, 5.0, 9.5])
    def test_no_alarm(self, threshold, dtype):
        values = masked(drawn(stream("lawful", threshold, dtype)), threshold)
        found = reduced(values, Masked(Uniform(-10.0, 10.0), threshold), dtype)
        assert alarms(found) == {}
        assert {"zero_share", "support", "distribution", "kolmogorov_smirnov"} <= set(found)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_no_alarm_on_one_side(self, dtype):
        values = masked(stream("one side", dtype).uniform(-1, 9, SIZE), 2.0)
        assert alarms(reduced(values, Masked(Uniform(-1.0, 9.0), 2.0), dtype)) == {}

    def test_the_share_of_a_coarse_lattice(self):
        """What rounds up to the threshold is kept: one value in 600 of bfloat16."""
        values = tensor(drawn(stream("coarse"), (64, 1 << 17)), "bfloat16").double().numpy()
        values[values == 10] = -10  # No excluded bound is returned.
        found = reduced(masked(values), dtype="bfloat16", sort=False)
        assert not {"zero_share", "support"} & set(alarms(found))
        assert not decide(replace(found["zero_share"], bias=0.0), "zero_share")["zero_share"].passed

    def test_nothing_drawn_nothing_found(self):
        assert reduced(np.empty((3, 0))) == {}

    def test_p_values_of_the_null_are_valid(self):
        rng, p_values = stream("null"), {}
        for _ in range(200):
            for f in findings(reduced(masked(drawn(rng, (4, 500))))):
                if f.p_value is not None:
                    p_values.setdefault(f.check, []).append(f.p_value)
        assert {"zero_share", "legendre", "kolmogorov_smirnov"} <= set(p_values)
        for values in p_values.values():
            assert_valid(values)


def refilled(rng):
    """Of a hundred zeros five are kept values instead."""
    values, kept = masked(drawn(rng)), rng.uniform(5, 10, SIZE)
    return np.where((values == 0) & (rng.random(SIZE) < 0.05), kept, values)


FAULTS = {  # Sample, and the checks that must name the fault.
    "a lower threshold": (lambda rng: masked(drawn(rng), 4.9), {"support"}),
    "a higher threshold": (
        lambda rng: masked(drawn(rng), 5.3), {"zero_share", "legendre"}),
    "one small value": (
        lambda rng: np.concatenate([masked(drawn(rng)), np.full((1, SIZE[1]), 0.001)]),
        {"support"}),
    "too few zeros": (refilled, {"zero_share"}),
    "too many zeros": (
        lambda rng: np.where(rng.random(SIZE) < 0.05, 0.0, masked(drawn(rng))),
        {"zero_share"}),
    "no zeros": (drawn, {"support", "zero_share"}),
    "nothing but zeros": (lambda rng: np.zeros(SIZE), {"zero_share", "legendre"}),
    "kept values of one sign": (
        lambda rng: np.abs(masked(drawn(rng))), {"legendre", "extremes"}),
    "a narrower range": (
        lambda rng: masked(drawn(rng, bound=9.9)), {"extremes", "legendre"}),
    "a wider range": (lambda rng: masked(drawn(rng, bound=10.1)), {"support"}),
    "normal values": (
        lambda rng: masked(rng.normal(0, 7.41, SIZE)), {"support", "legendre"}),
    "rows that repeat": (
        lambda rng: np.repeat(masked(drawn(rng, (2, SIZE[1]))), 2, axis=0), {"correlation"}),
    "NaN": (
        lambda rng: np.where(rng.random(SIZE) < 1e-3, np.nan, masked(drawn(rng))), {"finite"}),
}  # fmt: skip


class TestExactly:
    def test_zeros_and_small_values_are_counted(self):
        values = masked(drawn(stream("count"), (2, 1000)))
        values[0, :3] = (4.999, -1e-9, 12.0)
        found = reduced(values, shape=(10, 100))
        zeros = int((values == 0).sum())
        assert found["support"].mismatches == 3
        assert found["zero_share"].totals[0] == zeros - 1000
        assert found["zero_share"].counts[0] == 2000
