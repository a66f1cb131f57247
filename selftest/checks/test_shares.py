"""Shares that may lie in a range: the bound, the decision, and the ends of rounded laws."""

import math

import numpy as np
import pytest
from scipy import stats

from selftest.checks.samples import UNIT, reduced
from selftest.checks.support import alarms, assert_valid, decide, stream
from verify.checks import count_bounds
from verify.checks.bounds import ALPHA
from verify.checks.statistics import FINE, Shares
from verify.laws import LATTICES, Normal, Rounded, TruncatedNormal, Uniform


class TestShare:
    @pytest.mark.parametrize("p", [1e-3, 0.1, 0.5, 0.97])
    def test_dominates_both_exact_binomial_tails(self, p):
        n = 200
        for count in range(n + 1):
            tail = min(stats.binom.cdf(count, n, p), stats.binom.sf(count - 1, n, p))
            assert count_bounds.share(count, n, n * p, n * p) >= tail * (1 - 1e-9)

    def test_dominates_the_exact_poisson_binomial_tail(self):
        p = np.array([0.9, 0.02, 0.02, 0.3, 0.6, 0.01] * 4)
        exact = np.array([1.0])
        for each in p:
            exact = np.convolve(exact, [1 - each, each])
        for count in range(p.size + 1):
            tail = min(exact[: count + 1].sum(), exact[count:].sum())
            assert count_bounds.share(count, p.size, p.sum(), p.sum()) >= tail * (1 - 1e-9)

    def test_anything_between_the_lawful_means_is_no_surprise(self):
        assert [count_bounds.share(c, 1000, 100, 200) for c in (100, 150, 200)] == [1, 1, 1]
        assert (
            count_bounds.share(50, 1000, 100, 200) == count_bounds.share(50, 1000, 100, 100) < 1e-6
        )
        assert (
            count_bounds.share(300, 1000, 100, 200)
            == count_bounds.share(300, 1000, 200, 200)
            < 1e-9
        )

    @pytest.mark.parametrize(("least", "most", "count"), [(0, 0, 1), (10, 10, 9)])
    def test_the_impossible_is_found(self, least, most, count):
        assert count_bounds.share(count, 10, least, most) == 0

    def test_the_certain_is_no_surprise(self):
        assert count_bounds.share(10, 10, 10, 10) == count_bounds.share(0, 10, 0, 0) == 1

    @pytest.mark.parametrize(("n", "most"), [(1000, 0.0), (1000, 200.0), (1 << 20, 9.5)])
    def test_the_detectable_excess_is_found(self, n, most):
        share = most / n + count_bounds.share_detectable(n, most, 2)
        alarm = next(
            c for c in range(int(most), n) if 4 * count_bounds.share(c, n, 0, most) < ALPHA
        )
        assert stats.binom.sf(alarm - 1, n, share) >= 0.999

    def test_nothing_is_detected_where_everything_is_lawful(self):
        assert count_bounds.share_detectable(1000, 1000.0, 2) == math.inf
        assert count_bounds.share_detectable(5, 0.1, 2) == math.inf


def shares(counts, n=1000, least=(0.0, 10.0), most=(20.0, 10.0)):
    return Shares(n, np.array(counts), np.array(least), np.array(most), 0.0)


class TestDecision:
    def test_lawful_counts_pass_and_others_say_where(self):
        assert decide(shares((0, 10)))["ends"].passed and decide(shares((20, 10)))["ends"].passed
        low, high = decide(shares((90, 10)))["ends"], decide(shares((9, 90)))["ends"]
        assert not low.passed and "90 of 1000 at the lower end, where 0 to 20" in low.message
        assert not high.passed and "90 of 1000 at the upper end, where 10 to 10" in high.message
        assert low.effect.estimate == pytest.approx(0.07)

    def test_too_few_are_found(self):
        found = decide(shares((0, 0), 1000, (0.0, 300.0), (0.0, 400.0)))["ends"]
        assert not found.passed and found.effect.estimate == pytest.approx(-0.3)

    def test_nothing_drawn_nothing_found(self):
        assert decide(shares((0, 0), 0, (0.0, 0.0), (0.0, 0.0))) == {}

    def test_p_values_of_the_null_are_valid(self):
        """Two places, each at one bound of what is lawful."""
        counts = stream("shares").binomial(1000, (0.02, 0.01), (2000, 2))
        assert_valid([decide(shares(each))["ends"].p_value for each in counts])


def wrapped(law, dtype, n, name):
    """Reals rounded to nearest, the upper bound moved to the lower one."""
    lattice, reals = LATTICES[dtype], stream(name, repr(law)).uniform(law.low, law.high, (4, n))
    top = lattice.round(law.high)
    return np.where(reals >= (top + lattice.beside(top)[0]) / 2, law.low, reals)


class TestEnds:
    @pytest.mark.parametrize("law", [UNIT, Uniform(0.9, 1.0), Uniform(1.0, 1.02)], ids=repr)
    def test_a_lawful_sample(self, law):
        found = reduced(wrapped(law, "bfloat16", 1 << 14, "ends"), law, dtype="bfloat16")
        assert "ends" in found and set(alarms(found)) <= {"contract"}

    def test_the_lower_bound_too_often(self):
        values = wrapped(UNIT, "bfloat16", 1 << 14, "often")
        values[:, ::64] = 0.0
        assert set(alarms(reduced(values, UNIT, dtype="bfloat16"))) == {"ends"}

    def test_the_last_number_never(self):
        values = wrapped(UNIT, "bfloat16", 1 << 14, "never")
        values[values > 1 - 1.5 * 2**-8] = 0.25
        assert "ends" in alarms(reduced(values, UNIT, dtype="bfloat16"))

    def test_a_normal_has_no_ends(self):
        values = stream("no ends").standard_normal((4, 1 << 10))
        assert "ends" not in reduced(values, Normal(0.0, 1.0), dtype="bfloat16")

    def test_what_lies_outside_the_window_is_not_moved_to_its_bounds(self):
        law = TruncatedNormal(0.0, 1.0, -2.0, 2.0)
        values = stream("clamped").standard_normal((4, 1 << 14)).clip(-2, 2)
        assert "ends" in alarms(reduced(values, law, dtype="float16"))

    def test_too_little_between_the_ends_is_not_looked_at(self):
        """Such a law would make the pool of a cell blunt."""
        law = Uniform(1.0, 1.0 + 2**-6)
        own = Rounded(law, LATTICES["bfloat16"])
        assert own.resolution <= FINE < own.slack
        found = reduced(wrapped(law, "bfloat16", 1 << 10, "little"), law, dtype="bfloat16")
        assert "ends" in found and "distribution" not in found
