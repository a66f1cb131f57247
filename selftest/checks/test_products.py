"""Products of two draws: p-values that hold, laws of squares, and dependence that is found."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from selftest.checks.samples import drawn
from selftest.checks.support import alarms, assert_valid, stream, tensor
from verify.checks import bounds, independent, joint, products
from verify.checks.bounds import ALPHA
from verify.checks.statistics import Products, from_json
from verify.laws import Exponential, Independent, Normal, TruncatedNormal, Uniform

NORMAL, UNIFORM = Normal(0.0, 0.3), Uniform.for_variance(bound=0.04)
TRUNCATED = TruncatedNormal(0.0, 2.0, -4.0, 4.0)
LAWS = [
    NORMAL,
    UNIFORM,
    *(TruncatedNormal(0.0, 2.0, -2 * a, 2 * a) for a in (0.2, 1.0, 2.0, 4.0)),
]
PAIRS = [(NORMAL, NORMAL), (UNIFORM, NORMAL), (TRUNCATED, UNIFORM), (NORMAL, TRUNCATED)]
N = 1 << 14


def expectation(law, function):
    """Over a law, of a function of the value in units of its standard deviation."""
    std = law.standard_deviation
    low, high = law.support if math.isfinite(law.support[0]) else (-30 * law.std, 30 * law.std)
    if isinstance(law, Uniform):
        density = stats.uniform(low, high - low).pdf
    else:
        mass = stats.norm.cdf(high, 0, law.std) - stats.norm.cdf(low, 0, law.std)
        density = lambda x: stats.norm.pdf(x, 0, law.std) / mass  # noqa: E731
    return integrate.quad(lambda x: function(x / std) * density(x), low, high, limit=500)[0]


def summed(first, second, laws):
    values = tensor(np.stack([first, second]).reshape(1, -1))
    return products.reduce(values, (2, len(first)), Independent(*laws))


def decided(first, second, laws):
    return {f.check: f for f in summed(first, second, laws)["products"].findings("products")}


def pair(laws, n=N, seed=0):
    rng = stream("products", *map(repr, laws), n, seed)
    return drawn(laws[0], n, rng), drawn(laws[1], n, rng)


class TestLaws:
    @pytest.mark.parametrize("law", LAWS, ids=repr)
    def test_moments_are_those_of_quadrature(self, law):
        assert expectation(law, lambda y: y**2) == pytest.approx(1, rel=1e-7)
        of_square = law.square.variance
        assert of_square == pytest.approx(expectation(law, lambda y: (y**2 - 1) ** 2), rel=1e-6)

    @pytest.mark.parametrize("law", LAWS, ids=repr)
    def test_squares_are_sub_gamma(self, law):
        known = law.square
        for share in (0.02, 0.2, 0.5, 0.9):
            for sign in (1, -1):
                t = sign * share / known.scale
                mgf = expectation(law, lambda y, t=t: math.exp(t * (y**2 - 1)))
                allowed = t**2 * known.variance / (2 * (1 - share))
                assert math.log(mgf) <= allowed * (1 + 1e-6) + 1e-9

    @pytest.mark.parametrize("law", LAWS, ids=repr)
    def test_values_are_strictly_sub_gaussian(self, law):
        for t in (0.1, 0.5, 1.0, 2.0, 4.0):
            mgf = expectation(law, lambda y, t=t: math.exp(t * y))
            assert math.log(mgf) <= t**2 / 2 * (1 + 1e-7)

    def test_other_laws_are_refused(self):
        for name in ("standard_deviation", "square"):
            with pytest.raises(TypeError, match="no moments are known of Exponential"):
                getattr(Exponential(1.0), name)


class TestBound:
    @pytest.mark.parametrize("n", [1, 10, 1000, 10**6])
    @pytest.mark.parametrize("tail", [1e-2, 1e-6, 1e-12, 1e-30])
    def test_no_smaller_than_the_exact_tails_of_chi_square(self, n, tail):
        for x in (stats.chi2.isf(tail, n), stats.chi2.ppf(tail, n)):
            assert bounds.sub_gamma(x - n, 2.0 * n, 2.0) >= min(1, tail) * 0.999

    def test_near_the_mean_it_costs_little(self):
        exact = stats.chi2.logsf(1.01e6, 10**6)
        assert math.log(bounds.sub_gamma(1e4, 2e6, 2.0) / 2) == pytest.approx(exact, rel=0.12)

    @pytest.mark.parametrize("scale", [0.0, 0.5, 20.0])
    @pytest.mark.parametrize("level", [1e-3, 1e-12])
    def test_the_quantile_is_its_inverse(self, scale, level):
        size = bounds.sub_gamma_quantile(7.0, scale, level)
        assert bounds.sub_gamma(size, 7.0, scale) == pytest.approx(level, rel=1e-9)
        assert bounds.sub_gamma(-size, 7.0, scale) == pytest.approx(level, rel=1e-9)

    def test_odd_values(self):
        assert bounds.sub_gamma(0.0, 0.0, 2.0) == 1
        assert bounds.sub_gamma(1e300, 1.0, 1.0) == 0
        assert math.isnan(bounds.sub_gamma(math.nan, 1.0, 2.0))


class TestIndependentDraws:
    @pytest.mark.parametrize("laws", PAIRS, ids=repr)
    @pytest.mark.parametrize("n", [1, 12, 200])
    def test_p_values_are_valid(self, laws, n):
        found = [decided(*pair(laws, n, seed), laws) for seed in range(800)]
        for check in ("product_mean", "product_variance"):
            assert_valid([f[check].p_value for f in found])

    @pytest.mark.parametrize("laws", PAIRS, ids=repr)
    def test_intervals_hold_the_truth_and_are_no_wider_than_they_need_be(self, laws):
        found = [decided(*pair(laws, 2000, seed), laws) for seed in range(400)]
        for check, truth in (("product_mean", 0.0), ("product_variance", 1.0)):
            effects = [f[check].effect for f in found]
            errors = [(e.estimate - truth) / (e.high - e.estimate) for e in effects]
            assert np.std(errors) * bounds.INTERVAL_Z == pytest.approx(1, abs=0.2)
            assert max(map(abs, errors)) < 1.6

    def test_few_pairs_show_nothing(self):
        findings = decided(np.zeros(1), np.zeros(1), (NORMAL, NORMAL))
        assert all(f.passed for f in findings.values())
        assert findings["product_variance"].detectable is None
        assert Products(0, *[0.0] * 7).findings("products") == []


class TestPower:
    @pytest.mark.parametrize("laws", PAIRS, ids=repr)
    @pytest.mark.parametrize("sign", [1, -1])
    def test_what_is_called_detectable_is_found(self, laws, sign):
        unit = laws[1].standard_deviation / laws[0].standard_deviation
        for seed in range(20):
            first, second = pair(laws, seed=seed)
            lawful = decided(first, second, laws)
            rho = sign * lawful["product_mean"].detectable.size
            mixed = rho * unit * first + math.sqrt(1 - rho**2) * second
            assert not decided(first, mixed, laws)["product_mean"].passed
            excess = lawful["product_variance"].detectable.size
            larger = second * math.sqrt(1 + excess)
            assert not decided(first, larger, laws)["product_variance"].passed

    @pytest.mark.parametrize("laws", PAIRS, ids=repr)
    @pytest.mark.parametrize("factor", [0.85, 1.15])
    def test_another_scale_of_either_draw_is_found(self, laws, factor):
        first, second = pair(laws)
        for scaled in ((factor * first, second), (first, factor * second)):
            findings = decided(*scaled, laws)
            assert not findings["product_variance"].passed
            assert findings["product_mean"].passed
            ratio = findings["product_variance"].effect.estimate
            assert ratio == pytest.approx(factor**2, rel=0.1)

    def test_draws_that_are_all_zero_are_found(self):
        zero, laws = np.zeros(N), (NORMAL, NORMAL)
        assert not decided(zero, pair(laws)[1], laws)["product_variance"].passed
        assert not decided(pair(laws)[0], zero, laws)["product_variance"].passed


class TestSharedMagnitude:
    """The second draw has the sizes of the first, and signs of its own."""

    @pytest.fixture(params=[NORMAL, UNIFORM, TRUNCATED], ids=repr)
    def shared(self, request):
        first, second = pair((request.param, request.param), 1 << 17)
        return request.param, first, np.abs(first) * np.sign(second)

    def test_the_variance_of_the_products_tells(self, shared):
        law, first, second = shared
        findings = decided(first, second, (law, law))
        assert findings["product_mean"].passed
        assert findings["product_variance"].p_value < 1e-100
        ratio = findings["product_variance"].effect.estimate
        assert ratio == pytest.approx(1 + law.square.variance, rel=0.05)

    def test_no_correlation_tells(self, shared):
        """Why the promise is there: products of F(x) − ½ are blind to what depends on size.

        Sizes that are shared to the last bit may show as duplicates, in small tensors.
        """
        law, first, second = shared
        calls, host = tensor(np.stack([first, second])), stream("host")
        found = independent.reduce(calls, first.shape, law, host, sort=True)
        assert "correlation" in found and alarms(found) == {}
        tensors = {name: joint.Drawn(row[None], law) for name, row in zip("ab", calls, strict=True)}
        assert alarms({"between": joint.between(tensors, host)}) == {}


class TestReduction:
    def test_nothing_else_is_said_of_what_is_not_finite(self):
        found = summed(np.array([1.0, math.nan]), np.array([1.0, math.inf]), (NORMAL, NORMAL))
        assert set(found) == {"finite"} and "2 of 4" in alarms(found)["finite"]

    def test_calls_are_paired_one_by_one(self):
        values = np.arange(12.0).reshape(2, 6)
        law = Independent(Normal(0.0, 1.0), Normal(0.0, 2.0))
        (found,) = [products.reduce(tensor(values), (2, 3), law)["products"]]
        assert found.n == 6
        assert found.total == sum(x * (x + 3) / 2 for x in (0, 1, 2, 6, 7, 8))

    def test_sums_add_up_and_are_read_back(self):
        laws = (UNIFORM, TRUNCATED)
        first, second = pair(laws, 100)
        parts = [summed(first[i], second[i], laws)["products"] for i in (slice(60), slice(60, 100))]
        whole = summed(first, second, laws)["products"].to_json()
        merged = from_json(parts[0].merge(parts[1]).to_json()).to_json()
        assert {k: v for k, v in merged.items() if k != "kind"} == pytest.approx(
            {k: v for k, v in whole.items() if k != "kind"}
        )

    @pytest.mark.parametrize("field", range(1, 8))
    def test_nan_is_an_alarm(self, field):
        numbers = [100, 1.0, 101.0, 99.0, 200.0, 2.0, 200.0, 2.0]
        assert all(f.passed for f in Products(*numbers).findings("products"))
        numbers[field] = math.nan
        spoiled = Products(*numbers)
        for statistic in (spoiled, spoiled.merge(spoiled)):
            assert any(not f.passed for f in statistic.findings("products"))
        assert any(not f.passed for f in Products(1, *[0.0] * 7).merge(spoiled).findings("p"))

    def test_a_draw_is_found_at_the_level_asked_for(self):
        statistic = Products(100, 40.0, 100.0, 100.0, 200.0, 2.0, 200.0, 2.0)
        assert statistic.findings("products", 1e-2)[0].passed is False
        assert statistic.findings("products", ALPHA)[0].passed
