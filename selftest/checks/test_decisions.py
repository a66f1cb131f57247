"""What statistics decide: departures are named, effects and detectable errors hold."""

import math

import numpy as np
import pytest
from scipy import optimize, signal, stats

from selftest.checks.support import BUDGET, assert_valid, decide, histogram, legendre, stream
from verify.checks.bounds import ALPHA, INTERVAL_Z
from verify.checks.statistics import (
    BINS,
    TAIL,
    Correlation,
    Deviations,
    Exact,
    Extremes,
    Histogram,
    Largest,
    NormalMoments,
    Rare,
)

LEGENDRE = legendre(BINS)
COMPONENTS = (
    "location", "spread", "skewness", "kurtosis",
    "fifth component", "sixth component", "seventh component", "eighth component",
)  # fmt: skip


class TestHistogram:
    """Pooled transforms, under the null and with planted departures."""

    N = 1 << 20

    @pytest.fixture(scope="class")
    @staticmethod
    def null():
        return stream("null histogram").random(TestHistogram.N)

    def test_uniform_values_obey(self, null):
        found = decide(histogram(null))
        assert set(found) == {"kolmogorov_smirnov", "legendre", "tails", "chi_square"}
        assert all(f.passed and f.p_value > 1e-6 for f in found.values())

    @pytest.mark.parametrize(
        ("check", "planted"),
        [
            ("kolmogorov_smirnov", lambda u: u**1.03),
            ("legendre", lambda u: u + 0.03 * np.sin(2 * np.pi * u) / (2 * np.pi)),
            ("legendre", lambda u: u + 0.04 * u * (1 - u) * (1 - 2 * u)),
            ("chi_square", lambda u: u - np.where(np.floor(64 * u) == 40, 0.1 / 64, 0)),
            ("tails", lambda u: u * (1 - TAIL) / (1 + TAIL) + TAIL),
            ("tails", lambda u: np.where(np.abs(u - 0.5) < 2e-4, (u - 0.4998) / 10, u)),
        ],
        ids=["power", "sine", "spread", "one cell", "tails cut", "tails fed"],
    )
    def test_departures_are_named(self, null, check, planted):
        found = decide(histogram(planted(null)))
        assert not found[check].passed, found[check]

    def test_chi_square_waits_for_enough_values(self):
        assert "chi_square" not in decide(histogram(stream("few").random(self.N - 1)))

    def test_a_single_value_is_no_alarm(self):
        for u in (0.0, 0.3, 0.99999):
            assert all(f.passed for f in decide(histogram([u])).values())

    def test_ks_on_the_grid_is_at_most_the_samples_own(self, null):
        for power in (1.0, 1.01, 0.97):
            u = null[:20_000] ** power
            found = decide(histogram(u))["kolmogorov_smirnov"]
            own = stats.kstest(u, "uniform").statistic
            assert own - 1 / BINS <= found.effect.estimate <= own

    def test_resolution_is_allowed_for(self):
        """A shift of the whole sample by the resolution is lawful."""
        u = np.clip(stream("shift").random(1 << 18) + 0.01, 0, 1 - 1e-9)
        assert not decide(histogram(u))["kolmogorov_smirnov"].passed
        assert decide(histogram(u, 0.01))["kolmogorov_smirnov"].passed

    @pytest.mark.parametrize("degree", range(1, 9))
    def test_components_are_those_of_neymans_smooth_test(self, degree):
        """A density 1 + 0.02·Pₖ(u) has the k-th component 0.02, and no other."""
        counts = np.rint((1 << 30) / BINS * (1 + 0.02 * LEGENDRE[degree - 1])).astype(np.int64)
        found = decide(Histogram(counts, np.array([1 << 16, 1 << 16]), 0.0))["legendre"]
        assert not found.passed
        assert f"the {COMPONENTS[degree - 1]} of F(x) is off by +0.02" in found.message

    def test_p_values_are_valid(self):
        rng = stream("valid histogram")
        found = [decide(histogram(rng.random(4096))) for _ in range(1000)]
        for check in ("kolmogorov_smirnov", "legendre", "tails"):
            assert_valid([f[check].p_value for f in found])


class TestExtremes:
    @staticmethod
    def of(lower, upper, n, resolution=0.0):
        ends = np.array([lower, upper])
        return Extremes(n, ends, ends, resolution)

    def test_p_values_are_valid(self):
        smallest = stream("extremes").beta(1, 1000, (20_000, 2))
        assert_valid([decide(self.of(*u, 1000))["extremes"].p_value for u in smallest])

    @pytest.mark.parametrize(
        ("lower", "upper", "sentence"),
        [
            (1e-20, 1e-3, "the smallest value lies at tail probability 1e-20, far outside"),
            (1e-3, 1e-20, "the largest value lies at tail probability 1e-20, far outside"),
            (0.1, 1e-3, "the smallest value lies at tail probability 0.1, well inside"),
            (1e-3, 0.1, "the largest value lies at tail probability 0.1, well inside"),
        ],
    )
    def test_say_which_end_is_wrong_and_how(self, lower, upper, sentence):
        found = decide(self.of(lower, upper, 1000))["extremes"]
        assert not found.passed
        assert sentence in found.message

    @pytest.mark.parametrize("n", [1, 2, 1000, 1 << 24])
    def test_usual_extremes_are_no_alarm(self, n):
        assert decide(self.of(0.7 / n, 0.3 / n, n))["extremes"].passed

    @pytest.mark.parametrize("n", [1 << 12, 1 << 20])
    def test_the_stated_gap_is_found(self, n):
        gap = decide(self.of(0.5 / n, 0.5 / n, n))["extremes"].detectable.size
        assert not decide(self.of(gap * 1.000001, 0.5 / n, n))["extremes"].passed
        assert decide(self.of(0.9 * gap, 0.5 / n, n))["extremes"].passed


class TestExact:
    @pytest.mark.parametrize("mismatches", [0, 1, 50])
    def test_every_mismatch_counts(self, mismatches):
        (found,) = Exact(1000, mismatches).findings("exact")
        assert found.passed == (mismatches == 0)
        assert found.p_value is None
        assert f"{mismatches} of 1000 mismatch" in found.message

    @pytest.mark.parametrize(("value", "passed"), [(0.0, True), (1.0, True), (1.0001, False)])
    def test_largest_error_against_the_allowed(self, value, passed):
        assert decide(Largest(3, value))["orthogonality"].passed == passed

    def test_rare_events_in_the_right_number(self):
        assert decide(Rare(70, 64.0, 1 << 20))["atoms"].passed
        found = decide(Rare(70, 0.5, 1 << 20))["atoms"]
        assert not found.passed
        assert "70 where at most 0.5 are expected" in found.message


def moments(values):
    return NormalMoments(values.size, float(values.sum()), float((values**2).sum()))


def correlated(n, r, rng):
    """Lag-1 dependent uniforms whose correlation is about r, through a Gaussian copula."""
    rho = 2 * math.sin(math.pi * r / 6)
    x = signal.lfilter([math.sqrt(1 - rho**2)], [1, -rho], rng.standard_normal(n))
    centred = stats.norm.cdf(x) - 0.5
    return Correlation({"lag": float(centred[1:] @ centred[:-1])}, {"lag": n - 1})


def lifted(n, distance, rng):
    """Uniforms but for F(1/2) = 1/2 + distance: their KS distance is `distance`."""
    lower = rng.random(n) < 0.5 + distance
    return histogram(np.where(lower, rng.random(n), 1 + rng.random(n)) / 2)


SIZED = {  # Check: (a statistic of n values with a planted effect, the size it must report).
    "mean": (lambda n, d, rng: moments(rng.standard_normal(n) + d), lambda d: d),
    "scale": (lambda n, d, rng: moments(rng.standard_normal(n) * (1 + d)), lambda d: 1 + d),
    "correlation": (correlated, lambda d: d),
    "kolmogorov_smirnov": (lifted, lambda d: d),
}
sized = pytest.mark.parametrize("check", SIZED)


class TestSizes:
    N = 1 << 14

    def found(self, check, effect, name):
        return decide(SIZED[check][0](self.N, effect, stream(check, name)))[check]

    def detectable(self, check):
        return self.found(check, 0.0, "null").detectable.size

    @sized
    def test_twice_the_detectable_error_is_found(self, check):
        for i in range(5):
            assert not self.found(check, 2 * self.detectable(check), i).passed

    @sized
    def test_a_third_of_it_is_not(self, check):
        for i in range(5):
            assert self.found(check, 0.3 * self.detectable(check), i).passed

    @sized
    @pytest.mark.parametrize("times", [1, 2])
    def test_the_interval_holds_the_planted_effect(self, check, times):
        planted = times * self.detectable(check)
        effect = self.found(check, planted, "interval").effect
        assert effect.low <= SIZED[check][1](planted) <= effect.high
        assert effect.high - effect.low < 2 * self.detectable(check)

    @pytest.mark.parametrize("check", ["mean", "scale", "kolmogorov_smirnov"])
    def test_the_detectable_error_has_power_999(self, check):
        """Misses over many samples, within the budget of a binomial of rate 1e-3."""
        trials, size, rng = 300, self.detectable(check), stream("power", check)
        make = SIZED[check][0]
        misses = sum(decide(make(self.N, size, rng))[check].passed for _ in range(trials))
        assert stats.binom.sf(misses - 1, trials, 1e-3) > BUDGET

    @pytest.mark.parametrize("n", [64, 1 << 14])
    def test_intervals_cover_as_often_as_they_say(self, n):
        """99.9 % intervals of mean and scale; the scale's is a large-sample one."""
        trials, rng = 2000, stream("coverage", n)
        missed = {"mean": 0, "scale": 0}
        for _ in range(trials):
            total, squares = rng.standard_normal() * math.sqrt(n), rng.chisquare(n)
            for check, truth in (("mean", 0.0), ("scale", 1.0)):
                effect = decide(NormalMoments(n, total, squares))[check].effect
                missed[check] += not effect.low <= truth <= effect.high
        for count in missed.values():
            assert stats.binom.sf(count - 1, trials, 1.5e-3) > BUDGET

    def test_interval_half_width(self):
        assert 2 * stats.norm.sf(INTERVAL_Z) == pytest.approx(1e-3)


def shifted_place(effect, n=1 << 12, places=128):
    """Position evidence whose first place deviates by `effect`."""
    totals = np.zeros(places)
    totals[0] = effect * n
    return Deviations(totals, np.full(places, n), np.full(places, 1 / 12))


def correlated_lag(effect, pairs=1 << 15, lags=8):
    sums = {f"lag {i}": 0.0 for i in range(lags)} | {"lag 0": effect * pairs / 12}
    return Correlation(sums, dict.fromkeys(sums, pairs))


def fed_tail(effect, n=1 << 20):
    counts = np.full(BINS, n // BINS)
    expected = n * TAIL
    return Histogram(counts, np.array([round(expected * (1 + effect)), round(expected)]), 0.0)


def spread_out(effect, n=1 << 20):
    """A histogram whose second Legendre component makes the spread 1 + effect."""
    component = ((1 + effect) ** 2 - 1) * math.sqrt(5) / 2
    counts = np.rint(n / BINS * (1 + component * LEGENDRE[1])).astype(np.int64)
    return Histogram(counts, np.array([64, 64]), 0.0)


def threshold(make, check):
    """The smallest effect that is an alarm, without any sampling noise."""
    return optimize.bisect(
        lambda e: 1 if not decide(make(e))[check].passed else -1, 0, 8, xtol=1e-6
    )


class TestDetectable:
    """Detectable is the threshold of alarm plus 3.09 standard errors, to a hundredth."""

    @pytest.mark.parametrize(
        ("check", "make", "error"),
        [
            ("mean", lambda e: NormalMoments(1 << 14, e * 2**14, 2.0**14), 2**-7),
            ("scale", lambda e: NormalMoments(1 << 14, 0.0, 2**14 * (1 + e) ** 2), 2**-7.5),
            ("correlation", lambda e: correlated_lag(e, lags=1), 2**-7.5),
            ("position", lambda e: shifted_place(e, places=1), 12**-0.5 * 2**-6),
            ("correlation", correlated_lag, 2**-7.5),
            ("position", shifted_place, 12**-0.5 * 2**-6),
            ("legendre", spread_out, 5**-0.5 * 2**-10),
            ("tails", fed_tail, 1 / 8 * (1 + 1.33) ** 0.5),
        ],
        ids=[
            "mean", "scale", "one lag", "one place",
            "eight lags", "128 places", "spread", "tail mass",
        ],
    )  # fmt: skip
    def test_leaves_room_for_power_999(self, check, make, error):
        size = decide(make(0.0))[check].detectable.size
        assert threshold(make, check) + 3.0902 * error <= size * 1.01

    @pytest.mark.parametrize("n", [4, 64, 1000])
    def test_scale_of_small_samples_has_power_999(self, n):
        """The exact law: χ²ₙ above the threshold with probability 0.999 at 1 + size."""
        size = decide(NormalMoments(n, 0.0, float(n)))["scale"].detectable.size
        alarm = stats.chi2.isf(ALPHA / 2, n)
        assert stats.chi2.sf(alarm / (1 + size) ** 2, n) >= 0.999

    @pytest.mark.parametrize("expected", [2, 64, 1024])
    def test_tail_mass_has_power_999(self, expected):
        """The exact law: Poisson counts above the threshold with probability 0.999."""
        n = round(expected / TAIL)
        counts = np.full(BINS, n // BINS)

        def finding(count):
            return decide(Histogram(counts, np.array([count, expected]), 0.0))["tails"]

        size = finding(expected).detectable.size
        alarm = next(c for c in range(expected, 20 * expected + 100) if not finding(c).passed)
        assert stats.poisson.sf(alarm - 1, expected * (1 + size)) >= 0.999

    @pytest.mark.parametrize("rate", [0.0, 1e-9, 3.0, 1000.0])
    def test_rare_events_have_power_999(self, rate):
        """The exact law: Poisson counts that are an alarm, with probability 0.999 and no more."""
        size = decide(Rare(0, rate, 1 << 20))["atoms"].detectable.size
        counts = range(math.ceil(rate), math.ceil(size) + 2)
        alarm = next(c for c in counts if not decide(Rare(c, rate, 1 << 20))["atoms"].passed)
        assert stats.poisson.sf(alarm - 1, size) == pytest.approx(0.999, abs=1e-9)
