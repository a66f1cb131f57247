"""Samples of independent entries: lawful ones pass, each planted fault is named."""

import math

import numpy as np
import pytest
import torch
from scipy import signal, stats

from selftest.checks.support import alarms, assert_valid, finding, findings, stream, tensor
from verify.checks.independent import EDGE, LAGS, lattice_of, reduce
from verify.evidence import Evidence
from verify.laws import LATTICES, Normal, Rounded, TruncatedNormal, Uniform

NORMAL, BERT, UNIT = Normal(0.0, 1.0), Normal(0.0, 0.02), Uniform(0.0, 1.0)
SYMMETRIC = Uniform.symmetric(0.0442)
TRUNCATED = TruncatedNormal(0.0, 1.0, -2.0, 2.0)
COARSE = Normal(3.0, 1e-4)  # In float32 some 400 lattice steps per standard deviation.

LAWS = {
    "unit": UNIT,
    "symmetric": SYMMETRIC,
    "negative": Uniform(-2.0, 0.0),
    "offset": Uniform(100.0, 100.001),
    "standard normal": NORMAL,
    "BERT": BERT,
    "far": Normal(-50.0, 1.0),
    "coarse": COARSE,
    "truncated": TRUNCATED,
    "truncated BERT": TruncatedNormal(0.0, 0.02, -0.04, 0.04),
    "tail": TruncatedNormal(0.0, 1.0, 5.0, 5.5),
    "left far tail": TruncatedNormal(1.0, 2.0, -61.0, -60.0),
    "one-sided": TruncatedNormal(0.0, 1.0, 1.0, math.inf),
    "narrow": TruncatedNormal(0.0, 1.0, 0.5, 0.501),
}
SHAPES = {  # Shape of a tensor, and how many calls.
    "one large": ((256, 512), 1),
    "kernels": ((16, 3, 3, 5), 60),
    "many tiny": ((3, 5), 4000),
    "many single": ((1,), 3000),
    "one value": ((), 1),
    "two values": ((2,), 1),
    "one odd": ((17,), 2),
}


def drawn(law, size, rng):
    """A lawful sample, by numpy and scipy alone."""
    if isinstance(law, Uniform):
        return rng.uniform(law.low, law.high, size)
    if isinstance(law, Normal):
        return rng.normal(law.mean, law.std, size)
    low, high = (law.a - law.mean) / law.std, (law.b - law.mean) / law.std
    return law.mean + law.std * stats.truncnorm.ppf(rng.random(size), low, high)


def excluding(values, law, dtype):
    """What would round to the excluded upper bound of a uniform law takes the lower one."""
    if not isinstance(law, Uniform):
        return values
    top = LATTICES[dtype].round(law.high)
    return np.where(values > (top + LATTICES[dtype].beside(top)[0]) / 2, law.low, values)


def reduced(values, law, shape=None, dtype="float64", sort=True):
    """Statistics of calls × entries."""
    values = np.atleast_2d(values)
    host = stream("host", values.shape)
    return reduce(tensor(values, dtype), shape or values.shape[1:], law, host, sort=sort)


class TestLawful:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("law", LAWS)
    def test_no_alarm(self, law, shape, dtype):
        size, calls = SHAPES[shape]
        values = drawn(LAWS[law], (calls, math.prod(size)), stream(law, shape, dtype))
        found = reduced(excluding(values, LAWS[law], dtype), LAWS[law], size, dtype)
        assert alarms(found) == {}
        assert {"finite", "support", "extremes"} <= set(found)
        assert {"contract", "kolmogorov_smirnov"} & set(found)

    @pytest.mark.parametrize("calls", [1, 3])
    def test_nothing_drawn_nothing_found(self, calls):
        assert reduced(np.empty((calls, 0)), NORMAL, (0,)) == {}

    def test_float32_values_rounded_onto_a_bound_are_lawful(self):
        """2^20 uniforms on the 24-bit lattice, as generators draw them."""
        values = stream("lattice").integers(0, 1 << 24, 1 << 20) / 2**24
        assert alarms(reduced(values, UNIT, dtype="float32")) == {}

    def test_coarse_lattices_are_held_against_their_contract_and_exactly(self):
        values = drawn(COARSE, 1 << 15, stream("coarse"))
        fine, coarse = (set(reduced(values, COARSE, dtype=d)) for d in ("float64", "float32"))
        common = {
            "finite", "support", "extremes", "distribution", "correlation", "position", "moments",
        }  # fmt: skip
        assert coarse == common | {"contract"}
        assert fine == common | {"kolmogorov_smirnov", "duplicates", "atoms"}

    @pytest.mark.parametrize("law", [UNIT, NORMAL, COARSE, TRUNCATED], ids=repr)
    @pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
    def test_no_alarm_in_half_precision(self, law, dtype):
        """Reals rounded to nearest, and nothing drawn that rounds to a uniform's upper bound."""
        values = drawn(law, (4, 1 << 14), stream("half", repr(law), dtype))
        lattice = LATTICES[dtype]
        values = excluding(values, law, dtype)
        if law == TRUNCATED:
            a, b = Rounded(law, lattice).exact.support
            normals = stream("proposals", dtype).normal(law.mean, law.std, 1 << 19)
            values = normals[(normals > a) & (normals < b)][: 1 << 16].reshape(4, -1)
        assert not alarms(reduced(values, law, dtype=dtype))

    @pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
    def test_rare_windows_are_held_against_their_contract_alone(self, dtype):
        law = TruncatedNormal(0.0, 1.0, 3.0, 5.0)
        found = reduced(drawn(law, 1 << 14, stream("rare")), law, dtype=dtype)
        assert set(found) == {"finite", "support", "contract", "extremes"}

    def test_without_sorting_nothing_needs_an_ordered_sample(self):
        found = reduced(drawn(NORMAL, 1000, stream("unsorted")), NORMAL, sort=False)
        assert not {"kolmogorov_smirnov", "duplicates"} & set(found)

    @pytest.mark.parametrize("law", [UNIT, NORMAL, TRUNCATED], ids=repr)
    def test_p_values_of_the_null_are_valid(self, law):
        """Every p-value of 200 lawful samples, check by check."""
        rng, p_values = stream("null", repr(law)), {}
        for _ in range(200):
            found = reduced(drawn(law, (4, 64), rng), law, (8, 8))
            for f in findings(found):
                if f.p_value is not None:
                    p_values.setdefault((f.check, f.detectable and f.detectable.name), []).append(
                        f.p_value
                    )
        for values in p_values.values():
            assert_valid(values)


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
        {"correlation"}),
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
    @pytest.mark.parametrize("fault", FAULTS)
    def test_is_named(self, fault):
        law, make, checks = FAULTS[fault]
        found = alarms(reduced(make(stream(fault)), law))
        assert checks <= set(found), found

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


class TestExactly:
    @pytest.mark.parametrize("law", [UNIT, NORMAL, TRUNCATED, SYMMETRIC], ids=repr)
    @pytest.mark.parametrize("n", [1, 2, 100, 5000])
    def test_the_ks_distance_is_scipys(self, law, n):
        values = drawn(law, n, stream("ks", repr(law), n))
        distance = reduced(values, law)["kolmogorov_smirnov"].distance
        assert distance == pytest.approx(stats.kstest(values, law.cdf).statistic, abs=1e-12)

    def test_only_the_first_values_are_sorted(self):
        values = drawn(UNIT, (1 << 15) + 999, stream("first"))
        found = reduced(values, UNIT)["kolmogorov_smirnov"]
        assert found.n == 1 << 15
        expected = stats.kstest(values[: 1 << 15], "uniform").statistic
        assert found.distance == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize("law", [UNIT, NORMAL, TRUNCATED], ids=repr)
    def test_the_histogram_is_numpys(self, law):
        values = drawn(law, 200_001, stream("histogram", repr(law)))
        u = law.cdf(values)
        found = reduced(values, law)["distribution"]
        np.testing.assert_array_equal(found.counts, np.histogram(u, 4096, (0, 1))[0])
        assert list(found.tails) == [(u < 2**-14).sum(), (u >= 1 - 2**-14).sum()]

    def test_moments_are_numpys(self):
        values = drawn(BERT, 200_001, stream("moments"))
        found, z = reduced(values, BERT)["moments"], values / 0.02
        assert found.n == z.size
        assert found.total == pytest.approx(z.sum(), rel=1e-9)
        assert found.squares == pytest.approx((z**2).sum(), rel=1e-9)

    def test_correlations_are_numpys(self):
        values = drawn(UNIT, (6, 35), stream("correlations"))
        found, centred = reduced(values, UNIT, (5, 7))["correlation"], values.ravel() - 0.5
        lags = {f"the value {lag} further": lag for lag in LAGS if lag < values.size}
        lags |= {"the neighbour on axis -2": 7, "the value half a tensor further": 17}
        lags |= {"the same entry of the next call": 35}
        assert set(found.sums) == set(lags)
        for name, lag in lags.items():
            assert found.sums[name] == pytest.approx(centred[lag:] @ centred[:-lag], abs=1e-12)
            assert found.pairs[name] == centred.size - lag

    @pytest.mark.parametrize("numel", [5, 40, 100])
    def test_positions_are_counted_from_either_end(self, numel):
        """Mean and spread at the first and, backwards, at the last places."""
        values = drawn(UNIT, (7, numel), stream("places", numel))
        found, centred = reduced(values, UNIT)["position"], values - 0.5
        width = min(EDGE, numel)
        for side, edge in enumerate((centred[:, :width], centred[:, ::-1][:, :width])):
            totals = found.totals.reshape(2, 2, EDGE)[side]
            np.testing.assert_allclose(totals[0, :width], edge.sum(0), atol=1e-12)
            np.testing.assert_allclose(totals[1, :width], (edge**2 - 1 / 12).sum(0), atol=1e-12)
            assert (totals[:, width:] == 0).all()
        counts = found.counts.reshape(4, EDGE)
        assert (counts[:, :width] == 7).all() and (counts[:, width:] == 0).all()

    def test_duplicates_are_counted(self):
        values = np.r_[stream("few").random(500), np.full(3, 0.25), np.full(2, 0.75)]
        assert reduced(values, UNIT)["duplicates"].count == 3

    def test_atoms_are_counted(self):
        values = np.r_[stream("few").random(500), np.zeros(3), np.ones(4)]
        assert reduced(values, UNIT)["atoms"].count == 7

    def test_two_halves_add_up_to_the_whole(self):
        values = drawn(NORMAL, (200, 150), stream("halves"))
        whole = Evidence(reduced(values, NORMAL, sort=False))
        parts = Evidence(reduced(values[:80], NORMAL, sort=False))
        parts += Evidence(reduced(values[80:], NORMAL, sort=False))
        for name in ("distribution", "extremes", "atoms", "finite", "support"):
            assert whole.statistics[name].to_json() == parts.statistics[name].to_json()
        for name in ("moments", "position"):
            for field, value in whole.statistics[name].to_json().items():
                if field != "kind":
                    np.testing.assert_allclose(value, parts.statistics[name].to_json()[field])

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_lattices_are_those_of_the_dtype(self, dtype):
        lattice = lattice_of(dtype)
        assert lattice.step == torch.finfo(dtype).eps
        assert lattice.draw_step == (2.0**-24 if dtype == torch.float32 else 2.0**-53)


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
