"""Samples of independent entries: lawful ones pass, and sums and counts are those of numpy."""

import math
from dataclasses import fields

import numpy as np
import pytest
import torch
from scipy import stats

from selftest.checks.samples import BERT, NORMAL, SYMMETRIC, TRUNCATED, UNIT, drawn, reduced
from selftest.checks.support import alarms, assert_valid, findings, stream
from verify.checks.independent import lattice_of
from verify.checks.uniforms import LAGS
from verify.checks.words import EDGE
from verify.laws import LATTICES, Normal, Rounded, TruncatedNormal, Uniform
from verify.outcome.evidence import Evidence

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


def excluding(values, law, dtype):
    """What would round to the excluded upper bound of a uniform law takes the lower one."""
    if not isinstance(law, Uniform):
        return values
    top = LATTICES[dtype].round(law.high)
    return np.where(values > (top + LATTICES[dtype].beside(top)[0]) / 2, law.low, values)


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
            "repeats", "lags", "neighbours",
            "finite", "support", "extremes", "distribution", "correlation", "position", "moments",
            "call_means",
        }  # fmt: skip
        assert coarse == common | {"contract"}
        assert fine == common | {"kolmogorov_smirnov", "duplicates", "atoms", "mode"}

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
        assert set(found) == {"finite", "support", "repeats", "contract", "extremes"}

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
        edges = 4 * EDGE
        width = min(EDGE, numel)
        for side, edge in enumerate((centred[:, :width], centred[:, ::-1][:, :width])):
            totals = found.totals[:edges].reshape(2, 2, EDGE)[side]
            np.testing.assert_allclose(totals[0, :width], edge.sum(0), atol=1e-12)
            np.testing.assert_allclose(totals[1, :width], (edge**2 - 1 / 12).sum(0), atol=1e-12)
            assert (totals[:, width:] == 0).all()
        counts = found.counts[:edges].reshape(4, EDGE)
        assert (counts[:, :width] == 7).all() and (counts[:, width:] == 0).all()

    def test_duplicates_are_counted(self):
        values = np.r_[stream("few").random(500), np.full(3, 0.25), np.full(2, 0.75)]
        assert reduced(values, UNIT)["duplicates"].count == 3

    def test_atoms_are_counted(self):
        values = np.r_[stream("few").random(500), np.zeros(3), np.ones(4)]
        assert reduced(values, UNIT)["atoms"].count == 7

    def test_atoms_are_expected_where_they_are_counted(self):
        """At zero alone, or with five points more for each finite bound."""
        n = 1000
        for law, points in [(NORMAL, 1), (SYMMETRIC, 11), (TRUNCATED, 11)]:
            mass = law.point_mass(2.0**-52, 2.0**-53)
            assert reduced(drawn(law, n, stream("points")), law)["atoms"].rate == points * n * mass

    def test_two_halves_add_up_to_the_whole(self):
        values = drawn(NORMAL, (200, 150), stream("halves"))
        whole = Evidence(reduced(values, NORMAL, sort=False))
        parts = Evidence(reduced(values[:80], NORMAL, sort=False))
        parts += Evidence(reduced(values[80:], NORMAL, sort=False))
        for name in ("distribution", "extremes", "atoms", "finite", "support"):
            assert whole.statistics[name].to_json() == parts.statistics[name].to_json()
        for name in ("moments", "position"):
            for field in fields(whole.statistics[name]):
                one, other = (getattr(e.statistics[name], field.name) for e in (whole, parts))
                np.testing.assert_allclose(one, other)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_lattices_are_those_of_the_dtype(self, dtype):
        lattice = lattice_of(dtype)
        assert lattice.step == torch.finfo(dtype).eps
        assert lattice.draw_step == (2.0**-24 if dtype == torch.float32 else 2.0**-53)
