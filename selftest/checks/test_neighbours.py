"""What values know of their neighbours, and of those further on."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from selftest.checks.samples import NORMAL, UNIT, reduced
from selftest.checks.support import alarms, assert_valid, decide, stream
from verify.checks import correlation_bounds
from verify.checks.neighbours import cells, lags, nothing, together
from verify.checks.statistics import Cells, Lags
from verify.checks.statistics.lags import BLOCKS, LONGEST

N = 1 << 15
BINS = 1 << 14


def bins(uniforms):
    return torch.from_numpy((np.asarray(uniforms).ravel() * BINS).astype(np.int16))


def quarters(uniforms):
    return 2 * np.floor(4 * np.asarray(uniforms)) - 3


class TestLags:
    @pytest.mark.parametrize("n", [1021, 5000, 8191, 30_000])
    def test_sums_are_those_along_circles(self, n):
        u = stream("circles", n).random(n)
        length = max(block for block in BLOCKS if block <= n)
        found, blocks = lags(bins(u)), quarters(u)[: n // length * length].reshape(-1, length)
        sizes = np.abs(blocks) - 2
        for lag in (1, 2, 77, length // 2):
            assert found.values[lag - 1] == (blocks * np.roll(blocks, lag, 1)).sum()
            assert found.sizes[lag - 1] == (sizes * np.roll(sizes, lag, 1)).sum()
            assert found.pairs[lag - 1] == blocks.size
        assert not found.values[length // 2 :].any() and not found.pairs[length // 2 :].any()
        assert found.n == blocks.size

    def test_short_samples_say_nothing(self):
        assert lags(bins(stream("short").random(1020))).findings("lags") == []

    def test_a_part_of_a_large_sample_is_looked_at(self):
        assert lags(bins(stream("large").random(1 << 19))).n == 4 * BLOCKS[0]

    def test_p_values_are_valid(self):
        rng = stream("null lags")
        found = [decide(lags(bins(rng.random(1021))))["lags"].p_value for _ in range(1000)]
        assert_valid(found)

    def test_the_bound_holds_for_a_single_lag(self):
        """Of normals, whose tails are heavier than those of quarters."""
        x = stream("bound").standard_normal((4000, 1021))
        r = (x * np.roll(x, 3, axis=1)).mean(1)
        assert_valid([correlation_bounds.cyclic(value, 1021) for value in r])

    @pytest.mark.parametrize("r", [0.0, 1e-3, 0.3, 0.5, 0.9, 1.0, 7.0])
    def test_the_bound_is_a_chernoff_bound(self, r):
        """No tilt of the moment generating function on a long cycle gives a smaller one."""
        tilts = np.linspace(0, 0.4999, 2001)
        root = np.sqrt(1 - 4 * tilts**2)
        best = (-tilts * min(r, 1) - np.log((1 + root) / 2) / 2).min()
        assert correlation_bounds.cyclic(r, 50) >= min(1.0, 2 * math.exp(50 * best)) * (1 - 1e-6)
        assert math.isnan(correlation_bounds.cyclic(math.nan, 50))
        assert correlation_bounds.cyclic(r, 0) == 1

    @pytest.mark.parametrize("lag", [3, 777, 1000, 4095])
    def test_an_echo_is_found_at_its_distance(self, lag):
        z = stream("echo", lag).standard_normal(N)
        z = lfilter([1], np.r_[1, np.zeros(lag - 1), -0.1], z * math.sqrt(0.99))
        found = alarms(reduced(z, NORMAL))
        assert f"the value {lag} further" in found["lags"]

    @pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
    def test_sizes_in_clusters_are_found(self, dtype):
        """Each 64 values are all below or all above the median of sizes, half of the time."""
        rng = stream("clusters")
        u = np.sort(rng.random((N // 128, 2, 64)).reshape(-1, 128), axis=1).reshape(-1, 2, 64)
        rng.permuted(u, axis=2, out=u)
        u = np.where(rng.random(u.shape) < 0.5, 0.5 + u / 2, 0.5 - u / 2)
        found = alarms(reduced(u.ravel()[None], UNIT, dtype=dtype))
        assert "size" in found["lags"] and "correlation" not in found


def joint(kind):
    """Pairs or triples, each value of which is uniform."""
    rng = stream(kind)
    u = rng.random((N, 3))
    return {
        "independent": lambda: u,
        "doubled": lambda: np.stack([u[:, 0], 2 * u[:, 0] % 1], 1),
        "sign by size": lambda: np.stack(
            [u[:, 0], np.where(np.abs(u[:, 0] - 0.5) > 0.25, u[:, 1] / 2, 0.5 + u[:, 1] / 2)], 1
        ),
        "equal sizes": lambda: np.stack(
            [u[:, 0], np.where(u[:, 1] < 0.5, u[:, 0], 1 - u[:, 0])], 1
        ),
        "sum of two": lambda: np.stack([u[:, 0], u[:, 1], u[:, :2].sum(1) % 1], 1),
        "sign of a product": lambda: np.stack(
            [u[:, 0], u[:, 1], (u[:, 2] + ((u[:, 0] < 0.5) ^ (u[:, 1] < 0.5))) / 2], 1
        ),
    }[kind]()


def randu(n):
    """The generator of 1968 whose triples lie on 15 planes."""
    state, found = 1, np.empty(n)
    for place in range(n):
        state = 65539 * state % (1 << 31)
        found[place] = state / (1 << 31)
    return found


class TestCells:
    def test_counts_are_numpys(self):
        u = stream("counts").random(1001)
        found = cells(bins(u))
        pairs = np.histogram2d(u[:1000:2], u[1:1000:2], 32, ((0, 1), (0, 1)))[0]
        triples = np.histogramdd(u[:999].reshape(-1, 3), 8, ((0, 1),) * 3)[0]
        np.testing.assert_array_equal(found.pairs, pairs.ravel())
        np.testing.assert_array_equal(found.triples, triples.ravel())

    def test_p_values_are_valid(self):
        rng = stream("null cells")
        for n in (7, 100, 3000):
            found = [decide(cells(bins(rng.random(n))))["neighbours"] for _ in range(1000)]
            assert_valid([each.p_value for each in found])

    def test_nothing_is_decided_of_no_pairs(self):
        assert nothing().findings("joint") == [] == cells(bins([0.5])).findings("neighbours")

    @pytest.mark.parametrize(
        "kind", ["doubled", "sign by size", "equal sizes", "sum of two", "sign of a product"]
    )
    def test_dependent_neighbours_are_found(self, kind):
        values = joint(kind)
        calls = values[: N // values.shape[1]].reshape(1, -1)
        found = alarms(reduced(calls, UNIT, dtype="float32"))
        assert "neighbours" in found, found
        assert "legendre" not in found

    def test_planes_of_a_bad_generator_are_found(self):
        found = decide(cells(bins(randu(3 << 17))))["neighbours"]
        assert not found.passed and decide(cells(bins(randu(2 << 12))))["neighbours"].passed

    def test_independent_ones_pass(self):
        assert decide(cells(bins(joint("independent"))))["neighbours"].passed

    def test_two_tensors(self):
        one, other = stream("two").random((2, N))
        same = np.where(stream("sign").random(N) < 0.5, one, 1 - one)
        for second, passed in ((other, True), (same, False)):
            both = (torch.from_numpy(x - 0.5) for x in (one, second))
            (found,) = together(*both).findings("joint")
            assert found.passed == passed and found.n == N

    def test_the_wave_is_named(self):
        u = joint("sum of two")
        found = decide(cells(bins(u)))["neighbours"]
        assert found.place == "of the wave (-1, -1, +1)"
        assert abs(found.effect.estimate) > 0.5

    def test_waves_of_single_values_are_left_out(self):
        """The law of a value is the business of other checks."""
        u = stream("marginal").random(N) ** 1.5
        quarter = np.where(np.arange(N) % 2, u, stream("other").random(N))
        assert decide(Cells(cells(bins(quarter)).pairs, nothing().triples))["neighbours"].passed


def test_nothing_adds_nothing():
    zeros = np.zeros((2, LONGEST), dtype=np.int64)
    assert Lags(*zeros, np.zeros(len(BLOCKS), dtype=np.int64)).findings("lags") == []
