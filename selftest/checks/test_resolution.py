"""What a lattice may do to a law is taken off before a check decides, and only that."""

import math

import numpy as np
import pytest
import torch
from scipy import special

from selftest.checks.samples import NORMAL, reduced
from selftest.checks.support import alarms, decide, histogram, stream
from verify.checks import bounds
from verify.checks.coincidences import bits
from verify.checks.statistics import Deviations, NormalMoments
from verify.laws import LATTICES, Normal, Rounded, Uniform

N = 1 << 21
DELTA = 2.0**-8  # As coarse to 2^21 values as the resolution 2^-18 is to 2^41.


def up(u):
    return np.minimum(u + DELTA, 1 - 1e-9)


def outward(u):
    return np.where(u < 0.5, np.maximum(u - DELTA, 1e-9), np.minimum(u + DELTA, 1 - 1e-9))


def alternating(u):
    """To and fro at the edges of 64 bins: every other one has too many values."""
    sign = 1 - 2 * (np.rint(u * 64).astype(int) % 2)
    return np.clip(u + DELTA * sign, 0, 1 - 1e-9)


MOVED = {  # Each moves no value's transform by more than DELTA.
    "up": up,
    "down": lambda u: np.maximum(u - DELTA, 0),
    "outward": outward,
    "inward": lambda u: np.where(u < 0.5, np.minimum(u + DELTA, 0.5), np.maximum(u - DELTA, 0.5)),
    "to a grid": lambda u: (np.floor(u / (2 * DELTA)) + 0.5) * 2 * DELTA,
    "alternating": alternating,
    "tails cut": lambda u: u.clip(DELTA, 1 - DELTA),
}
moves = pytest.mark.parametrize("move", MOVED)


def moved(move):
    """Transforms of a lawful sample, and the same moved."""
    u = stream("resolution", move).random(N)
    return u, MOVED[move](u)


class TestHistogram:
    @moves
    def test_what_the_lattice_does_is_no_alarm(self, move):
        _, u = moved(move)
        for check, finding in decide(histogram(u, DELTA)).items():
            assert finding.p_value > 1e-4, (check, finding.message)
        assert not all(f.passed for f in decide(histogram(u)).values())

    @moves
    def test_what_is_beyond_is_found(self, move):
        """Five times as much, held against the law with a fifth of the resolution."""
        _, u = moved(move)
        assert not all(f.passed for f in decide(histogram(u, DELTA / 5)).values())

    @pytest.mark.parametrize("n", [1, 2, 100, N])
    def test_every_check_is_weaker_by_it_and_none_without(self, n):
        counts = histogram(stream("weaker", n).random(n) ** 1.02)
        coarse = histogram(stream("weaker", n).random(n) ** 1.02, 1e-3)
        for check, finding in decide(counts).items():
            assert decide(coarse)[check].p_value >= finding.p_value


class TestDeviations:
    @pytest.mark.parametrize("sign", [-1, 1])
    def test_bias_is_taken_off_each_mean(self, sign):
        n = 1 << 20
        for mean, passed in [(0.01, True), (0.01 + 3 / 2**10, True), (0.01 + 9 / 2**10, False)]:
            totals, counts = np.array([0.0, sign * mean * n]), np.array([n, n])
            statistic = Deviations(totals, counts, np.ones(2), 0.01)
            assert decide(statistic)["position"].passed == passed
            assert decide(statistic.merge(statistic))["position"].passed == passed

    def test_the_detectable_error_lies_beyond(self):
        none, some = (Deviations(np.zeros(1), np.array([99]), np.ones(1), b) for b in (0.0, 0.5))
        sizes = [decide(s)["position"].detectable.size for s in (none, some)]
        assert sizes[1] == sizes[0] + 0.5


class TestMoments:
    @pytest.mark.parametrize("delta", [2.0**-24, 2.0**-18, 2.0**-8, 0.3, 1.0])
    def test_the_displacement_is_the_integral(self, delta):
        x, tail = np.linspace(0, 40, 4_000_001), min(delta, 0.5)
        gap = np.minimum(tail, special.ndtr(-x))
        mean, square = bounds.normal_displacement(delta)
        assert mean == pytest.approx(2 * np.trapezoid(gap, x), rel=1e-4)
        assert square == pytest.approx(4 * np.trapezoid(x * gap, x), rel=1e-4)

    @pytest.mark.parametrize("move", ["up", "down", "inward", "to a grid", "tails cut"])
    def test_what_the_lattice_does_is_no_alarm(self, move):
        """Tails that are no heavier than the normal's own."""
        u, other = moved(move)
        z = special.ndtri(np.clip(other, DELTA, 1 - DELTA))
        found = decide(NormalMoments(N, z.sum(), (z**2).sum(), DELTA))
        assert min(f.p_value for f in found.values()) > 1e-4
        assert not decide(NormalMoments(N, z.sum(), (z**2).sum()))["scale"].passed
        exact = special.ndtri(u)
        assert all(
            f.passed for f in decide(NormalMoments(N, exact.sum(), (exact**2).sum())).values()
        )

    def test_the_coarser_of_two_counts(self):
        both = NormalMoments(1, 0.0, 1.0, 0.25).merge(NormalMoments(1, 0.0, 1.0, 0.5))
        assert both.resolution == 0.5


def far(law, dtype, held):
    """A sample by parameters held in the format or in doubles, then rounded."""
    rng, lattice = stream("far", repr(law), dtype, held), LATTICES[dtype]
    single = LATTICES["float32"]
    low, high = ((single.round(x) if held else x) for x in (law.low, law.high))
    values = low + (high - low) * rng.random((2, 1 << 17))
    top = lattice.round(law.high)
    return np.where(values >= (top + lattice.beside(top)[0]) / 2, low, values)


class TestParameters:
    """Parameters are doubles; an implementation may hold them as such, or in its format."""

    @pytest.mark.parametrize("held", [True, False])
    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    @pytest.mark.parametrize("law", [Uniform(100.0, 100.001), Uniform(0.1, 0.7)], ids=repr)
    def test_either_is_lawful(self, law, dtype, held):
        """In float32 the one bound of the first is off by 0.4 % of the width."""
        assert alarms(reduced(far(law, dtype, held), law, dtype=dtype)) == {}

    def test_what_the_parameters_leave_open(self):
        single = LATTICES["float32"]
        assert Rounded(Normal(3.0, 0.25), single).resolution == 2.0**-23
        off = abs(single.round(0.1) - 0.1)
        law = Normal(0.1, 2.0**-20)
        expected = 2.0**-23 + off * 2**20 / math.sqrt(2 * math.pi)
        assert Rounded(law, single).resolution == pytest.approx(expected)

    def test_the_bound_holds(self):
        for law in (Normal(0.3, 1e-3), Uniform(7.1, 7.2), Uniform(-0.3, 0.7)):
            held = [LATTICES["float32"].round(p) for p in vars(law).values() if p is not False]
            x = np.linspace(
                law.support[0] if law.support[0] > -9 else 0.29, law.typical_magnitude, 10_001
            )
            gap = np.abs(type(law)(*held).cdf(x) - law.cdf(x)).clip(0, 1).max()
            assert gap <= Rounded(law, LATTICES["float32"]).resolution


class TestLawfulGenerators:
    """Other lattices underneath than PyTorch's on a processor of its makers."""

    def test_32_bits_that_round_to_even(self):
        """The last bit of the upper half is even once in 256 times too often: lawful."""
        draws = stream("ties").integers(0, 1 << 32, 1 << 24)
        values = torch.from_numpy((draws / 2**32).astype(np.float32)) % 1
        found = bits(values, Uniform(0.0, 1.0))["bits"]
        assert decide(found, "bits")["bits"].passed

    def test_normals_by_the_inverse_of_24_bits(self):
        u = (stream("inverse").integers(0, 1 << 24, (16, 1 << 16)) + 0.5) / 2**24
        assert alarms(reduced(special.ndtri(u), NORMAL, dtype="float32")) == {}
