"""Moments of sub-Gaussian sums: bounds that hold, and errors that they see."""

import math

import numpy as np
import pytest
import torch
from scipy import special, stats

from verify.checks import bounds, responses
from verify.checks.bounds import ALPHA
from verify.checks.statistics import SubGaussianMoments, from_json

RNG = np.random.default_rng(11)
N = 1 << 16


def sums(terms=64, n=N, rng=RNG):
    """Sums of uniform weights times fixed inputs, in units of their standard deviation."""
    inputs = rng.standard_normal(terms)
    weights = rng.uniform(-1, 1, (n, terms)) * math.sqrt(3)
    return weights @ inputs / np.linalg.norm(inputs)


def found(values):
    statistics = responses.reduce(torch.from_numpy(np.atleast_2d(values)))
    return {f.check: f for name, s in statistics.items() for f in s.findings(name)}


class TestBound:
    @pytest.mark.parametrize("n", [1, 10, 1000, 10**6])
    @pytest.mark.parametrize("tail", [1e-2, 1e-6, 1e-12, 1e-30])
    def test_no_smaller_than_the_exact_tails_of_chi_square(self, n, tail):
        """Normals are strictly sub-Gaussian with fourth moment 3: the bound holds for them too."""
        for x in (special.chdtri(n, tail), stats.chi2.ppf(tail, n)):
            assert bounds.sub_gaussian_scale(x, n) >= min(1, tail) * 0.999

    @pytest.mark.parametrize("n", [5, 20, 100])
    def test_no_smaller_than_the_tails_of_uniforms(self, n):
        totals = np.sort((RNG.uniform(-1, 1, (40_000, n)) ** 2 * 3).sum(axis=1))
        for rank in (40, 400, 4000):
            for total in (totals[rank], totals[-1 - rank]):
                assert bounds.sub_gaussian_scale(total, n) >= 0.6 * rank / 40_000

    def test_near_one_it_costs_little(self):
        """Upwards the exponent is chi-square's, downwards two thirds of it."""
        n = 10**6
        assert -math.log(bounds.sub_gaussian_scale(1.01 * n, n) / 2) == pytest.approx(
            24.8, rel=0.01
        )
        assert -math.log(bounds.sub_gaussian_scale(0.99 * n, n) / 2) == pytest.approx(
            16.67, rel=1e-3
        )

    def test_odd_values(self):
        assert bounds.sub_gaussian_scale(100.0, 100) == 1
        assert bounds.sub_gaussian_scale(0.0, 10**4) < ALPHA
        assert bounds.sub_gaussian_scale(1e300, 10) == 0
        assert math.isnan(bounds.sub_gaussian_scale(math.nan, 10))

    def test_the_detectable_excess_is_detected(self):
        n = 1 << 14
        size = bounds.sub_gaussian_scale_detectable(n)
        caught = [
            bounds.sub_gaussian_scale(float((sums(48, n) ** 2).sum()) * (1 + size) ** 2, n) < ALPHA
            for _ in range(20)
        ]
        assert all(caught) and size < 0.15
        assert bounds.sub_gaussian_scale_detectable(10) == math.inf


class TestReduction:
    def test_lawful_sums_pass(self):
        checks = found(sums())
        assert set(checks) == {"finite", "mean", "scale"}
        assert all(f.passed and (f.p_value is None or f.p_value > 1e-3) for f in checks.values())

    @pytest.mark.parametrize("terms", [1, 2, 48])
    def test_few_terms_pass_too(self, terms):
        assert all(f.passed for f in found(sums(terms)).values())

    @pytest.mark.parametrize("factor", [0.95, 1.05])
    def test_another_scale_is_found(self, factor):
        assert not found(factor * sums())["scale"].passed

    def test_another_mean_is_found(self):
        assert not found(sums() + 0.05)["mean"].passed

    def test_nothing_else_is_said_of_what_is_not_finite(self):
        checks = found(np.array([1.0, math.nan, math.inf]))
        assert set(checks) == {"finite"} and not checks["finite"].passed

    def test_statistics_add_up_and_are_read_back(self):
        one, other = sums(n=100), sums(n=50)
        both = [responses.reduce(torch.from_numpy(x))["moments"] for x in (one, other)]
        whole = responses.reduce(torch.from_numpy(np.concatenate([one, other])))["moments"]
        merged = from_json(both[0].merge(both[1]).to_json())
        assert isinstance(merged, SubGaussianMoments)
        assert merged.squares == pytest.approx(whole.squares) and merged.n == 150

    def test_no_values_decide_nothing(self):
        assert SubGaussianMoments(0, 0.0, 0.0).findings("moments") == []
