"""P-values: valid under the null, exact or above the exact law in the far tail, never from NaN."""

import math

import mpmath as mp
import numpy as np
import pytest
from scipy import optimize, special, stats

from selftest.checks.support import assert_sharp, assert_valid, legendre, stream
from verify.checks import bounds, count_bounds
from verify.checks.bounds import ALPHA
from verify.checks.statistics import Rare

LEGENDRE = legendre()
TAIL = (1e-3, 1e-6, 1e-9, ALPHA, 1e-15)


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(50):
        yield


def ks_distances(n, count, name):
    values = np.sort(stream(name, n).random((count, n)), axis=1)
    ranks = np.arange(n + 1) / n
    return np.maximum((ranks[1:] - values).max(1), (values - ranks[:-1]).max(1))


def memo(function, values, *arguments):
    """Call a function once for each distinct value of an integer sample."""
    distinct, inverse = np.unique(values, return_inverse=True)
    return np.array([function(int(v), *arguments) for v in distinct])[inverse]


class TestKolmogorov:
    @pytest.mark.parametrize("n", [1, 8, 100])
    def test_is_sharp(self, n):
        assert_sharp([bounds.kolmogorov(d, n) for d in ks_distances(n, 1500, "ks")])

    @pytest.mark.parametrize("n", [5, 100, 1000])
    def test_dkw_is_valid(self, n):
        assert_valid([bounds.dkw(d, n) for d in ks_distances(n, 10_000, "dkw")])

    @pytest.mark.parametrize("n", [10, 100, 600])
    @pytest.mark.parametrize("level", TAIL)
    def test_is_exact_in_the_tail(self, n, level):
        """Far out it is twice the one-sided law of Smirnov 1944, evaluated with 50 digits."""
        distance = bounds.dkw_band(n, level)
        if distance >= 1:
            assert bounds.kolmogorov(distance, n) == 0
            return
        d, one_sided = mp.mpf(distance), mp.mpf(0)
        for j in range(int(n * (1 - d)) + 1):
            share = mp.mpf(j) / n
            one_sided += mp.binomial(n, j) * (d + share) ** (j - 1) * (1 - d - share) ** (n - j)
        exact = 2 * d * one_sided
        tolerance = 1e-9 if level < 1e-5 else 1e-3  # Twice the one-sided law ignores both at once.
        assert bounds.kolmogorov(distance, n) == pytest.approx(float(exact), rel=tolerance, abs=0)

    @pytest.mark.parametrize("n", [1, 2, 10, 100, 1000, 10_000])
    def test_dkw_dominates_the_exact_law(self, n):
        for distance in np.linspace(0.01, 9, 60) / math.sqrt(n):
            assert bounds.dkw(distance, n) >= stats.kstwo.sf(distance, n) * (1 - 1e-9)

    def test_no_step_where_dkw_takes_over(self):
        below, above = (1 << 16) - 1, 1 << 16
        distance = bounds.dkw_band(above)
        assert bounds.kolmogorov(distance, below) <= bounds.kolmogorov(distance, above)
        assert bounds.kolmogorov(distance, below) > 0.9 * bounds.kolmogorov(distance, above)

    @pytest.mark.parametrize("level", TAIL)
    def test_band_inverts_dkw(self, level):
        assert bounds.dkw(bounds.dkw_band(5000, level), 5000) == pytest.approx(
            level, rel=1e-9, abs=0
        )

    def test_covers_laws_with_atoms(self):
        """Massart's bound holds for every law: here three fair dice faces."""
        counts = stream("dice").multinomial(60, [1 / 3] * 3, size=10_000)
        deviation = np.abs(np.cumsum(counts, axis=1) / 60 - np.array([1, 2, 3]) / 3).max(1)
        assert_valid([bounds.dkw(d, 60) for d in deviation])


class TestNormal:
    @pytest.mark.parametrize("n", [1, 7])
    def test_mean_is_sharp(self, n):
        totals = stream("mean", n).standard_normal((10_000, n)).sum(1)
        assert_sharp([bounds.normal_mean(total, n) for total in totals])

    @pytest.mark.parametrize("n", [1, 2, 5, 40])
    def test_scale_is_sharp(self, n):
        squares = (stream("scale", n).standard_normal((10_000, n)) ** 2).sum(1)
        assert_sharp([bounds.normal_scale(s, n) for s in squares])

    @pytest.mark.parametrize("n", [1, 1000, 1 << 24])
    @pytest.mark.parametrize("z", [-3, 5, 7.13, 9, -12])
    def test_mean_is_exact_in_the_tail(self, n, z):
        exact = mp.erfc(abs(z) / mp.sqrt(2))
        assert bounds.normal_mean(z * math.sqrt(n), n) == pytest.approx(
            float(exact), rel=1e-9, abs=0
        )

    @pytest.mark.parametrize("n", [1, 4, 16, 64, 1000, 1 << 15])
    @pytest.mark.parametrize("ratio", [-0.95, -0.5, -0.1, 0.1, 0.5, 2, 50])
    def test_scale_is_exact_in_the_tail(self, n, ratio):
        x = n * (1 + ratio)
        half, at = mp.mpf(n) / 2, mp.mpf(x) / 2
        above = mp.gammainc(half, at, mp.inf, regularized=True)
        below = mp.gammainc(half, 0, at, regularized=True)
        exact = 2 * min(above, below)
        exact = float(min(mp.mpf(1), exact))
        assert bounds.normal_scale(x, n) == pytest.approx(exact, rel=1e-8, abs=1e-290)

    @pytest.mark.parametrize("n", [1 << 20, 1 << 24, 1 << 28])
    @pytest.mark.parametrize("z", [-7.3, -4, 4, 7.3])
    def test_scale_of_the_pool_is_wilson_and_hilfertys(self, n, z):
        """With millions of degrees the cube root is normal to a relative 1e-3 at 7 σ."""
        wanted = n * (1 - 2 / (9 * n) + z * math.sqrt(2 / (9 * n))) ** 3
        assert bounds.normal_scale(wanted, n) == pytest.approx(
            2 * special.ndtr(-abs(z)), rel=5e-3, abs=0
        )


class TestChiSquare:
    def test_is_sharp_at_its_smallest_sample(self):
        counts = stream("chi").multinomial(64 << 14, [1 / 64] * 64, size=5000)
        assert_sharp([bounds.chi_square(row, 64)[1] for row in counts])

    @pytest.mark.parametrize("bins", [4, 64])
    def test_is_scipys(self, bins):
        counts = stream("chi scipy").poisson(1000, 256)
        reference = stats.chisquare(counts.reshape(bins, -1).sum(1))
        statistic, p_value = bounds.chi_square(counts, bins)
        assert statistic == pytest.approx(reference.statistic, rel=1e-12, abs=0)
        two_sided = 2 * min(reference.pvalue, stats.chi2.cdf(statistic, bins - 1))
        assert p_value == pytest.approx(two_sided, rel=1e-9, abs=0)

    @pytest.mark.parametrize("resolution", [0.0, 2.0**-22])
    def test_counts_that_are_too_even_are_found(self, resolution):
        n = 64 << 14
        counts = np.full(64, n // 64) + 20 * (-1) ** np.arange(64)
        statistic, p_value = bounds.chi_square(counts, 64, resolution)
        assert statistic == pytest.approx(64 * 400 / 2**14)
        assert p_value < ALPHA
        assert bounds.chi_square(counts, 64, 1.0)[1] == 1


class TestChernoffMean:
    SCORES = np.array([-1.0, -0.5, 0.0, 0.25, 1.25])

    @pytest.mark.parametrize("n", [1, 3, 30])
    @pytest.mark.parametrize("scores", [SCORES, LEGENDRE[1], LEGENDRE[7]], ids=["five", "P2", "P8"])
    def test_is_valid(self, scores, n):
        draws = stream("chernoff", n, scores.size, scores[0]).choice(scores, (1500, n))
        assert_valid([bounds.chernoff_mean(mean, scores, n) for mean in draws.mean(1)])

    @pytest.mark.parametrize("n", [10, 100, 1000])
    def test_dominates_the_exact_two_point_law(self, n):
        heads = np.arange(n + 1)
        exact = 2 * np.minimum(stats.binom.sf(heads - 1, n, 0.5), stats.binom.cdf(heads, n, 0.5))
        scores = np.array([-1.0, 1.0])
        found = np.array([bounds.chernoff_mean(2 * k / n - 1, scores, n) for k in heads])
        assert (found >= np.minimum(1, exact) * (1 - 1e-9)).all()

    @pytest.mark.parametrize("n", [1000, 1 << 20])
    def test_is_no_looser_than_cramers(self, n):
        """Where the tail matters, a few Newton steps find the best tilt."""
        mean = math.sqrt(2 * math.log(2 / ALPHA) / n)
        for scores in LEGENDRE:
            for signed in (mean, -mean):

                def loss(tilt, scores=scores, signed=signed):
                    return math.log(np.exp(tilt * scores).mean()) - tilt * signed

                best = -optimize.minimize_scalar(loss, bounds=(-2, 2), method="bounded").fun
                cramer = 2 * math.exp(-n * best)
                assert bounds.chernoff_mean(signed, scores, n) == pytest.approx(
                    cramer, rel=1e-3, abs=0
                )

    @pytest.mark.parametrize("mean", [1.25, 1.2499, -1.0, 10.0, -10.0])
    def test_impossible_and_extreme_means_are_improbable(self, mean):
        """Five fair values: n equal extremes have the probability 5^−n."""
        p_value = bounds.chernoff_mean(mean, self.SCORES, 40)
        assert 5.0**-40 * (abs(mean) <= 1.25) <= p_value < ALPHA

    def test_a_mean_of_zero_is_no_surprise(self):
        assert bounds.chernoff_mean(0.0, self.SCORES, 10**6) == 1

    @pytest.mark.parametrize("resolution", [0.0, 2.0**-18, 0.01])
    def test_rows_do_not_meddle_with_each_other(self, resolution):
        means = np.array([0.0, 1e-3, -0.02, 0.3, -1.7, 20.0, math.nan, 1e-6])
        rates = bounds.chernoff_exponent(means, LEGENDRE, resolution)
        alone = [
            bounds.chernoff_exponent(mean, scores, resolution)
            for mean, scores in zip(means, LEGENDRE, strict=True)
        ]
        assert rates == pytest.approx(np.array(alone), rel=1e-9, abs=1e-18, nan_ok=True)
        assert np.isnan(rates).tolist() == np.isnan(means).tolist()


class TestBernsteinMean:
    """A bound that is a little larger than Chernoff's, and NaN where that is."""

    @pytest.mark.parametrize("resolution", [0.0, 2.0**-18, 0.01])
    @pytest.mark.parametrize("n", [1, 100, 1 << 20])
    def test_is_never_below_chernoffs(self, n, resolution):
        shape = (
            np.square(LEGENDRE).mean(axis=1),
            np.abs(LEGENDRE).max(axis=1),
            np.abs(np.diff(LEGENDRE)).sum(axis=1),
        )
        telling = math.sqrt(2 * math.log(20) / n)  # A p-value near a tenth.
        for size in (0.0, 1e-6, 1e-4, telling, 0.01, 0.1, 0.5, 10.0):
            means = np.array([1, -1, 1, -1, 1, -1, 1, -1]) * size
            cheap = bounds.bernstein_mean(means, *shape, n, resolution)
            sharp = bounds.chernoff_mean(means, LEGENDRE, n, resolution)
            assert ((cheap >= sharp * (1 - 1e-5)) | np.isnan(cheap)).all()
            assert size > 0.1 or not np.isnan(cheap).any()
            assert size != telling or n < 1000 or resolution > 1e-4 or (cheap < 1.1 * sharp).all()

    def test_nan_stays_nan(self):
        ones = np.ones(2)
        found = bounds.bernstein_mean(np.array([math.nan, 0.0]), ones, ones, ones, 10, 0.0)
        assert np.isnan(found[0])
        assert found[1] == 1


class TestHoeffdingMean:
    """A bound that is larger than Chernoff's for every number of draws, and never without a say."""

    @pytest.mark.parametrize("resolution", [0.0, 2.0**-18, 0.01])
    @pytest.mark.parametrize("n", [1, 3, 100, 1 << 20])
    def test_is_never_below_chernoffs(self, n, resolution):
        largest = np.abs(LEGENDRE).max(axis=1)
        variation = np.abs(np.diff(LEGENDRE)).sum(axis=1)
        for size in (0.0, 1e-6, 1e-4, 0.01, 0.1, 0.5, 1.0, 1.7):
            means = np.array([1, -1, 1, -1, 1, -1, 1, -1]) * size
            cheap = bounds.hoeffding_mean(means, largest, variation, n, resolution)
            # Newton's steps need not find the best tilt, and the sharp bound is what they found.
            sharp = bounds.chernoff_mean(means, LEGENDRE, n, 0.0)
            assert (cheap >= sharp * (1 - 1e-5)).all()

    def test_holds_for_coins(self):
        """Of two values ±1 every sample's probability can be counted."""
        for n in (1, 2, 5, 20):
            heads = np.arange(n + 1)
            chances = np.array([math.comb(n, int(k)) for k in heads]) / 2.0**n
            means = 2 * heads / n - 1
            ones = np.ones(n + 1)
            found = bounds.hoeffding_mean(means, ones, 2 * ones, n, 0.0)
            exact = [chances[np.abs(means) >= abs(mean)].sum() for mean in means]
            assert (found >= np.array(exact) - 1e-15).all()

    def test_nan_stays_nan(self):
        ones = np.ones(2)
        found = bounds.hoeffding_mean(np.array([math.nan, 0.0]), ones, ones, 10, 0.0)
        assert np.isnan(found[0])
        assert found[1] == 1


class TestSubGaussian:
    def test_is_valid_for_signs(self):
        signs = stream("signs").choice([-1.0, 1.0], (20_000, 6, 25))
        errors = signs.sum(2) / 5
        assert_valid([bounds.sub_gaussian(row) for row in errors])

    def test_is_valid_for_centred_uniforms_and_their_squares(self):
        centred = stream("centred").random((20_000, 2, 10)) - 0.5
        centred[:, 1] = centred[:, 1] ** 2 - 1 / 12
        errors = centred.sum(2) / np.sqrt(10 * np.array([1 / 12, 1 / 64]))
        assert_valid([bounds.sub_gaussian(row) for row in errors])

    @pytest.mark.parametrize("n", [1, 10, 200])
    def test_dominates_the_exact_law_of_signs(self, n):
        for heads in range(n + 1):
            total = 2 * heads - n
            exact = 2 * stats.binom.sf(max(heads, n - heads) - 1, n, 0.5)
            assert bounds.sub_gaussian(np.array([total / math.sqrt(n)])) >= min(1, exact) * (
                1 - 1e-9
            )

    def test_dominates_the_exact_law_of_uniform_sums(self):
        """The Irwin–Hall law of six uniforms, by its closed form."""
        for s in (0.5, 1.5, 2.5, 2.9, 2.99):
            top = mp.mpf(3) - mp.mpf(s)
            terms = [(-1) ** k * mp.binomial(6, k) * (top - k) ** 6 for k in range(int(top) + 1)]
            exact = 2 * mp.fsum(terms) / mp.factorial(6)
            assert bounds.sub_gaussian(np.array([s / math.sqrt(6 / 12)])) >= exact

    def test_pays_for_the_number_of_sums(self):
        one = bounds.sub_gaussian(np.array([8.0]))
        assert bounds.sub_gaussian(np.array([8.0, 0.0, -1.0])) == pytest.approx(
            3 * one, rel=1e-12, abs=0
        )
        assert bounds.sub_gaussian(np.array([-8.0])) == one


class TestScarce:
    @pytest.mark.parametrize("rate", [0.5, 3.0, 40.0])
    def test_dominates_poisson_and_binomial(self, rate):
        for count in range(int(rate) + 3):
            found = count_bounds.scarce(count, rate) * (1 + 1e-9)
            assert found >= stats.poisson.cdf(count, rate)
            assert found >= stats.binom.cdf(count, 50, rate / 50)

    def test_none_at_all_is_as_likely_as_of_poisson(self):
        assert count_bounds.scarce(0, 30.0) == pytest.approx(math.exp(-30))

    def test_too_few_are_found_at_half_the_level(self):
        (found,) = Rare(0, 100.0, 1 << 15, 40.0).findings("duplicates")
        assert found.p_value == pytest.approx(2 * math.exp(-40)) and not found.passed
        (found,) = Rare(0, 100.0, 1 << 15).findings("duplicates")
        assert found.passed


class TestRare:
    @pytest.mark.parametrize("rate", [0.01, 0.7, 3.0, 40.0])
    def test_is_valid_for_poisson_counts(self, rate):
        counts = stream("rare", rate).poisson(rate, 50_000)
        assert_valid(memo(count_bounds.rare, counts, rate))

    @pytest.mark.parametrize("rate", [1e-9, 1e-3, 0.5, 1.0, 10.0, 1e3, 1e5])
    def test_dominates_the_exact_poisson_tail(self, rate):
        top = rate + 12 * math.sqrt(rate) + 30
        for count in np.unique(np.linspace(0, top, 200).astype(int)):
            exact = stats.poisson.sf(count - 1, rate)
            assert count_bounds.rare(int(count), rate) >= exact * (1 - 1e-9)

    def test_dominates_the_exact_poisson_binomial_tail(self):
        for probabilities in (np.full(30, 0.4), stream("pb").random(40) ** 3, np.array([1.0, 0.5])):
            law = np.array([1.0])
            for p in probabilities:
                law = np.convolve(law, [1 - p, p])
            tail = law[::-1].cumsum()[::-1]
            for count, exact in enumerate(tail):
                assert count_bounds.rare(count, float(probabilities.sum())) >= exact * (1 - 1e-9)

    @pytest.mark.parametrize(("count", "rate", "p_value"), [(0, 0.0, 1), (1, 0.0, 0), (0, 5.0, 1)])
    def test_edges(self, count, rate, p_value):
        assert count_bounds.rare(count, rate) == p_value

    @pytest.mark.parametrize("rate", [1e-12, 1e-6, 0.01, 0.3, 1, 5.5, 64, 2048, 1e5])
    def test_threshold_is_the_smallest_surprising_count(self, rate):
        threshold = count_bounds.rare_threshold(rate)
        assert count_bounds.rare(threshold, rate) <= ALPHA * (1 + 1e-6)
        assert count_bounds.rare(threshold - 1, rate) >= ALPHA * (1 - 1e-6)

    def test_threshold_without_any_expected(self):
        assert count_bounds.rare_threshold(0.0) == 1
        assert count_bounds.rare_threshold(5e-324) == 1


class TestBinomial:
    @pytest.mark.parametrize(("n", "probability"), [(20, 0.5), (200, 0.02), (1 << 20, 2.0**-14)])
    def test_is_valid(self, n, probability):
        counts = stream("binomial", n).binomial(n, probability, 50_000)
        assert_valid(memo(count_bounds.binomial, counts, n, probability))

    @pytest.mark.parametrize("count", [0, 3, 20, 64, 130, 200])
    def test_is_exact_in_the_tail(self, count):
        n, probability = 1 << 20, 2.0**-14

        def mass(k):
            return (
                mp.binomial(n, k) * mp.mpf(probability) ** k * (1 - mp.mpf(probability)) ** (n - k)
            )

        if count < n * probability:
            exact = mp.fsum(mass(k) for k in range(count + 1))
        else:
            exact = mp.fsum(mass(k) for k in range(count, count + 400))
        assert count_bounds.binomial(count, n, probability) == pytest.approx(
            float(min(mp.mpf(1), 2 * exact)), rel=1e-8, abs=0
        )


class TestExtremes:
    @pytest.mark.parametrize("n", [1, 2, 50, 1000])
    @pytest.mark.parametrize("function", [bounds.no_outlier, bounds.no_gap])
    def test_is_sharp(self, n, function):
        smallest = stream("extremes", n).beta(1, n, 20_000)
        assert_sharp([function(u, n) for u in smallest])

    @pytest.mark.parametrize("n", [1, 1000, 1 << 24])
    @pytest.mark.parametrize("level", TAIL)
    def test_is_the_beta_law_in_the_tail(self, n, level):
        law = stats.beta(1, n)
        for u in (law.ppf(level), law.isf(level)):
            u = min(float(u), 1 - 1e-9)
            below = -mp.expm1(n * mp.log1p(-mp.mpf(u)))
            assert bounds.no_outlier(u, n) == pytest.approx(float(below), rel=1e-9, abs=0)
            assert bounds.no_gap(u, n) == pytest.approx(float(1 - below), rel=1e-7, abs=0)

    def test_ends(self):
        assert bounds.no_outlier(0.0, 10) == 0
        assert bounds.no_gap(0.0, 10) == 1
        assert bounds.no_outlier(1.0, 10) == pytest.approx(1)
        assert bounds.no_gap(1.0, 10) < ALPHA


NAN = math.nan
SIGNS = np.array([-1.0, 1.0])


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (bounds.kolmogorov, (NAN, 100)),
        (bounds.kolmogorov, (NAN, 1 << 20)),
        (bounds.dkw, (NAN, 100)),
        (bounds.normal_mean, (NAN, 100)),
        (bounds.normal_scale, (NAN, 100)),
        (bounds.chernoff_mean, (NAN, SIGNS, 100)),
        (bounds.sub_gaussian, (np.array([NAN, 1.0]),)),
        (bounds.sub_gaussian, (np.array([1.0, NAN]),)),
        (count_bounds.rare, (5, NAN)),
        (count_bounds.share, (5, 10, NAN, 1.0)),
        (count_bounds.share, (5, 10, 1.0, NAN)),
        (bounds.no_outlier, (NAN, 10)),
        (bounds.no_gap, (NAN, 10)),
    ],
)
def test_nan_never_passes(function, arguments):
    """A comparison with NaN must not turn into the p-value 1."""
    assert not function(*arguments) >= ALPHA
