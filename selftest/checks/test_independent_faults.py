"""Samples with planted faults: each fault is named, with an effect of the size it has."""

import math

import numpy as np
import pytest
from scipy import signal

from selftest.checks.samples import BERT, NORMAL, SYMMETRIC, TRUNCATED, UNIT, drawn, reduced
from selftest.checks.support import alarms, finding, stream
from verify.checks.uniforms import LAGS
from verify.checks.words import EDGE
from verify.laws import TruncatedNormal


def stuck(values, share, at, rng):
    """A share of the values replaced by one."""
    return np.where(rng.random(values.shape) < share, at, values)


def replaced(values, place, by):
    values = values.copy()
    values[place] = by
    return values


def autoregressive(shape, rho, rng):
    noise = rng.standard_normal(math.prod(shape)) * math.sqrt(1 - rho**2)
    return signal.lfilter([1.0], [1.0, -rho], noise).reshape(shape)


def redrawn_within(limit, size, rng):
    """A normal whose tails are cut at ± limit."""
    return drawn(TruncatedNormal(0.0, 1.0, -limit, limit), size, rng)


def stratified(shape, parts, rng):
    """As many values in each equal part, in any order."""
    size = math.prod(shape)
    values = (np.arange(size) % parts + rng.random(size)) / parts
    return rng.permutation(values).reshape(shape)


ONE, FEW, MANY = (1, 1 << 16), (64, 1 << 10), (4096, 16)
LARGE = (1, 1 << 20)

FAULTS = {  # Law, sample, and the checks that must name the fault.
    "normal: scale 5 % off": (
        NORMAL, lambda rng: 1.05 * rng.standard_normal(ONE), {"scale", "legendre"}),
    "normal: scale 2 % off, many tiny": (
        BERT, lambda rng: 0.0204 * rng.standard_normal((1 << 14, 16)), {"scale"}),
    "normal: scale too small": (
        NORMAL, lambda rng: 0.95 * rng.standard_normal(ONE), {"scale", "legendre"}),
    "normal: scale 2.5 times": (
        NORMAL, lambda rng: 2.5 * rng.standard_normal((20, 100)), {"scale", "kolmogorov_smirnov"}),
    "normal: shifted": (
        NORMAL, lambda rng: 0.05 + rng.standard_normal(ONE), {"mean", "legendre"}),
    "normal: a uniform of its variance": (
        NORMAL, lambda rng: rng.uniform(-(3**0.5), 3**0.5, ONE),
        {"kolmogorov_smirnov", "legendre"}),
    "normal: t of 5 degrees": (
        NORMAL, lambda rng: rng.standard_t(5, ONE) * 0.6**0.5, {"legendre", "tails", "extremes"}),
    "normal: skewed": (
        NORMAL, lambda rng: (rng.chisquare(50, ONE) - 50) / 10, {"kolmogorov_smirnov", "legendre"}),
    "normal: clamped": (
        NORMAL, lambda rng: rng.standard_normal(ONE).clip(-3, 3), {"duplicates", "extremes"}),
    "normal: tails cut": (
        NORMAL, lambda rng: redrawn_within(3.5, LARGE, rng), {"tails", "extremes"}),
    "normal: one outlier": (
        NORMAL, lambda rng: replaced(rng.standard_normal(ONE), (0, 77), 12.0), {"extremes"}),
    "normal: one low outlier": (
        NORMAL, lambda rng: replaced(rng.standard_normal(ONE), (0, 77), -12.0), {"extremes"}),
    "normal: NaN": (
        NORMAL, lambda rng: replaced(rng.standard_normal(ONE), (0, 9), np.nan), {"finite"}),
    "normal: infinite": (
        NORMAL, lambda rng: replaced(rng.standard_normal(ONE), (0, 9), -np.inf), {"finite"}),
    "normal: zeros": (
        NORMAL, lambda rng: stuck(rng.standard_normal(ONE), 1e-3, 0.0, rng), {"atoms"}),
    "normal: one value repeated": (
        NORMAL, lambda rng: stuck(rng.standard_normal(ONE), 1e-2, 0.7, rng), {"duplicates"}),
    "normal: never written": (NORMAL, lambda rng: np.zeros(FEW), {"atoms", "scale"}),
    "normal: last value left": (
        NORMAL, lambda rng: replaced(rng.standard_normal(MANY), (..., -1), 0.0),
        {"atoms", "position"}),
    "normal: AR(1) of 2 %": (NORMAL, lambda rng: autoregressive(LARGE, 0.02, rng), {"correlation"}),
    "normal: AR(1) of −5 %": (NORMAL, lambda rng: autoregressive(FEW, -0.05, rng), {"correlation"}),
    "normal: second half repeats the first": (
        NORMAL, lambda rng: np.tile(rng.standard_normal((64, 512)), 2),
        {"correlation", "duplicates"}),
    "normal: antithetic halves": (
        NORMAL, lambda rng: np.concatenate([x := rng.standard_normal((64, 512)), -x], 1),
        {"correlation"}),
    "normal: every call the same": (
        NORMAL, lambda rng: np.repeat(rng.standard_normal((1, 1 << 10)), 64, 0),
        {"correlation", "duplicates"}),
    "normal: second call repeats the first": (
        NORMAL, lambda rng: np.repeat(rng.standard_normal((1, 1 << 15)), 2, 0), {"correlation"}),
    "normal: first values too wide": (
        NORMAL, lambda rng: rng.standard_normal(MANY) * np.r_[[1.5], np.ones(15)], {"position"}),
    "normal: last values shifted": (
        NORMAL, lambda rng: rng.standard_normal(MANY) + np.r_[np.zeros(15), [0.3]], {"position"}),
    "normal: 12-bit": (
        NORMAL, lambda rng: np.rint(rng.standard_normal(ONE) * 1024) / 1024, {"duplicates"}),
    "uniform: scale 1 % off": (
        SYMMETRIC, lambda rng: rng.uniform(-0.0438, 0.0438, ONE), {"extremes"}),
    "uniform: too wide": (UNIT, lambda rng: 1.001 * rng.random(ONE), {"support"}),
    "uniform: shifted": (UNIT, lambda rng: 0.01 + 0.98 * rng.random(ONE), {"extremes"}),
    "uniform: positive half only": (
        SYMMETRIC, lambda rng: rng.uniform(0, 0.0442, ONE), {"extremes", "kolmogorov_smirnov"}),
    "uniform: stuck at the upper bound": (
        UNIT, lambda rng: stuck(rng.random(ONE), 2e-3, 1.0, rng), {"atoms"}),
    "uniform: stuck at the lower bound": (
        SYMMETRIC, lambda rng: stuck(rng.uniform(-0.0442, 0.0442, ONE), 2e-3, -0.0442, rng),
        {"atoms"}),
    "uniform: clamped": (
        UNIT, lambda rng: (1.01 * rng.random(ONE)).clip(0, 1), {"atoms"}),
    "uniform: its excluded bound once": (
        UNIT, lambda rng: replaced(rng.random(ONE), (0, 77), 1.0), {"support"}),
    "uniform: one value from each of 64 equal parts": (
        UNIT, lambda rng: stratified(LARGE, 64, rng), {"chi_square"}),
    "uniform: a quasi-random sequence": (
        UNIT, lambda rng: (rng.random() + 0.6180339887498949 * np.arange(1 << 20))[None] % 1,
        {"chi_square"}),
    "uniform: pairs that balance each other, in any order": (
        UNIT, lambda rng: rng.permuted(
            np.concatenate([x := rng.random((512, 32)), 1 - x], 1), axis=1), {"call_means"}),
    "normal: the mean of every tensor taken off": (
        NORMAL, lambda rng: (x := rng.standard_normal((512, 200))) - x.mean(1, keepdims=True),
        {"call_means"}),
    "normal: every tensor of a mean of its own": (
        NORMAL, lambda rng: (0.1 * rng.standard_normal((1024, 1)) + rng.standard_normal(
            (1024, 100)) * 0.99**0.5), {"call_means"}),
    "uniform: triangular": (UNIT, lambda rng: rng.random((2, *ONE)).mean(0), {"legendre"}),
    "uniform: a normal of its variance": (
        UNIT, lambda rng: rng.normal(0.5, 12**-0.5, ONE), {"support", "legendre"}),
    "uniform: 8-bit": (
        UNIT, lambda rng: rng.integers(0, 256, ONE) / 256, {"duplicates", "atoms"}),
    "uniform: 16-bit": (UNIT, lambda rng: rng.integers(0, 1 << 16, ONE) / 2**16, {"duplicates"}),
    "uniform: sorted": (UNIT, lambda rng: np.sort(rng.random(ONE)), {"correlation"}),
    "uniform: sorted in pairs": (
        UNIT, lambda rng: np.sort(rng.random((1, 1 << 15, 2)), 2).reshape(ONE), {"correlation"}),
    "uniform: vectors of 16 repeat": (
        UNIT, lambda rng: np.tile(rng.random((1, 1 << 11, 1, 16)), (1, 1, 2, 1)).reshape(ONE),
        {"lags"}),
    "uniform: antithetic calls": (
        UNIT, lambda rng: np.concatenate([x := rng.random((1, 1 << 14)), 1 - x]), {"correlation"}),
    "truncated: clamped instead of redrawn": (
        TRUNCATED, lambda rng: rng.standard_normal(ONE).clip(-2, 2), {"atoms", "duplicates"}),
    "truncated: not truncated": (TRUNCATED, lambda rng: rng.standard_normal(ONE), {"support"}),
    "truncated: bounds in standard deviations": (
        TruncatedNormal(0.0, 0.02, -2.0, 2.0),
        lambda rng: 0.02 * redrawn_within(2, ONE, rng), {"kolmogorov_smirnov", "extremes"}),
    "truncated: scale off": (
        TRUNCATED, lambda rng: drawn(TruncatedNormal(0.0, 1.1, -2.0, 2.0), ONE, rng),
        {"kolmogorov_smirnov", "legendre"}),
    "truncated: window cut": (TRUNCATED, lambda rng: redrawn_within(1.99, ONE, rng), {"extremes"}),
    "truncated: uniform in the tail": (
        TruncatedNormal(0.0, 1.0, 5.0, 5.5), lambda rng: rng.uniform(5, 5.5, ONE),
        {"kolmogorov_smirnov"}),
    "truncated: far-tail outlier": (
        TruncatedNormal(0.0, 1.0, 1.0, 100.0),
        lambda rng: replaced(drawn(TruncatedNormal(0.0, 1.0, 1.0, 8.0), ONE, rng), (0, 3), 60.0),
        {"extremes"}),
}  # fmt: skip


class TestFaults:
    @pytest.mark.parametrize("fault", [f for f in FAULTS if "-bit" not in f])
    def test_is_found_in_float32_too(self, fault):
        law, make, checks = FAULTS[fault]
        found = alarms(reduced(make(stream(fault)), law, dtype="float32"))
        assert (checks | {"contract"}) & set(found), found

    @pytest.mark.parametrize("law", [UNIT, NORMAL], ids=repr)
    def test_float32_values_in_a_float64_tensor(self, law):
        """Draws of 24 bits repeat: n²/2^25 of 2^15, where 53 bits never do."""
        values = drawn(law, 1 << 15, stream("24 bits", repr(law)))
        coarse = np.rint(values * 2**24) / 2**24
        assert "duplicates" in alarms(reduced(coarse, law))
        assert "duplicates" not in alarms(reduced(coarse, law, dtype="float32"))

    def test_a_row_repeated_along_an_axis(self):
        rows = stream("rows").standard_normal((64, 300))
        values = np.repeat(rows[:, None], 2, 1).reshape(1, -1)
        assert "correlation" in alarms(reduced(values, NORMAL, (128, 300)))

    def test_columns_repeated_along_the_last_axis_but_one(self):
        rng = stream("planes")
        planes = 0.2 * rng.standard_normal((64, 1, 17)) + 0.96**0.5 * rng.standard_normal(
            (64, 40, 17)
        )
        found = alarms(reduced(planes.reshape(1, -1), NORMAL, (64, 40, 17)))
        assert "the neighbour on axis -2" in found["correlation"]

    @pytest.mark.parametrize("lag", LAGS)
    def test_every_watched_lag(self, lag):
        x = stream("lag", lag).standard_normal(1 << 16)
        x[lag:] = 0.1 * x[:-lag] + 0.99**0.5 * x[lag:]
        found = alarms(reduced(x, NORMAL))
        assert f"with the value {lag} further" in found["correlation"]

    @pytest.mark.parametrize("place", [0, 5, EDGE - 1, -1, -5, -EDGE])
    def test_every_watched_position(self, place):
        values = stream("place", place).random((4096, 100))
        values[:, place] = values[:, place] * 0.8
        assert "position" in alarms(reduced(values, UNIT))

    def test_messages_count_what_is_wrong(self):
        values = stream("count").random(1000)
        values[:3] = 1.5
        assert "3 of 1000 mismatch" in alarms(reduced(values, UNIT))["support"]
        values[:7] = np.nan
        assert "7 of 1000 mismatch" in alarms(reduced(values, UNIT))["finite"]

    def test_what_is_broken_says_nothing_else(self):
        values = replaced(stream("nan").random(1000), 3, np.inf)
        assert set(reduced(values, UNIT)) == {"finite"}


class TestEffects:
    @pytest.mark.parametrize("scale", [0.9, 1.02, 3.0])
    def test_scale(self, scale):
        found = reduced(scale * stream("scale").standard_normal(1 << 16), NORMAL)
        effect = finding(found, "moments", "scale").effect
        assert effect.low <= scale <= effect.high

    @pytest.mark.parametrize("shift", [-0.1, 0.03])
    def test_shift(self, shift):
        found = reduced(shift + stream("shift").standard_normal(1 << 16), NORMAL)
        effect = finding(found, "moments", "mean").effect
        assert effect.low <= shift <= effect.high

    @pytest.mark.parametrize("spread", [0.9, 0.98])
    def test_spread(self, spread):
        found = reduced(0.5 + spread * (stream("spread").random(1 << 16) - 0.5), UNIT)
        effect = finding(found, "distribution", "legendre").effect
        assert effect.low <= spread <= effect.high

    def test_correlation(self):
        rho = 0.05
        found = reduced(autoregressive((1, 1 << 16), rho, stream("rho")), NORMAL)
        effect = finding(found, "correlation", "correlation").effect
        assert effect.low <= 6 / math.pi * math.asin(rho / 2) <= effect.high

    def test_position(self):
        values = stream("position").random((4096, 40))
        values[:, 0] = values[:, 0] * 0.9
        effect = finding(reduced(values, UNIT), "position", "position").effect
        assert effect.low <= -0.05 <= effect.high
