"""Tails and their inverses for any number of values, where libraries lose their digits."""

import math

import mpmath as mp
import numpy as np
import pytest

from verify.checks import bounds, count_bounds
from verify.checks.bounds import ALPHA
from verify.checks.statistics import Rare

HUGE = [1 << 20, 1 << 24, 1 << 28, 1 << 32, 1 << 36, 1 << 40]
huge = pytest.mark.parametrize("n", HUGE)


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(40):
        yield


def chi_square_tail(x, n):
    """The smaller tail, by integrating the density: no expansion of the integral is used.

    With a = n/2 and X = n(1+y) the density of y is ``C·exp(−a(y − log(1+y)))/(1+y)``, and
    ``C = √(a/2π)·exp(−1/(12a) + 1/(360a³))`` by Stirling's series. Composite Gauss–Legendre of
    20 nodes on each standard deviation, over 12 of them, in 40 digits.
    """
    a, y = mp.mpf(n) / 2, mp.mpf(x) / n - 1
    nodes, weights = np.polynomial.legendre.leggauss(20)
    step = math.copysign(math.sqrt(2 / n), y)
    places = [
        (y + step * (k + (node + 1) / 2), weight / 2)
        for k in range(12)
        for node, weight in zip(nodes, weights, strict=True)
    ]
    total = mp.fsum(w * mp.exp(-a * (v - mp.log1p(v))) / (1 + v) for v, w in places)
    stirling = mp.exp(-1 / (12 * a) + 1 / (360 * a**3))
    return float(total * abs(step) * mp.sqrt(a / (2 * mp.pi)) * stirling)


@huge
@pytest.mark.parametrize("z", [-10, -7.13, -4, -1, -1e-3, 1e-3, 1, 4, 7.13, 10])
def test_chi_square_is_right_in_both_tails(n, z):
    x = n * (1 + z * math.sqrt(2 / n))
    tail = bounds.chi_square_tails(x, n)[int(z > 0)]
    assert tail == pytest.approx(chi_square_tail(x, n), rel=1e-10, abs=0)
    assert bounds.normal_scale(x, n) == pytest.approx(min(1.0, 2 * tail), rel=1e-12, abs=0)


@pytest.mark.parametrize("z", [-9, -7.13, -4, -1, 0, 1, 4, 7.13, 9])
def test_chi_square_takes_no_step_where_its_method_changes(z):
    below, above = (
        bounds.chi_square_tails(n * (1 + z * math.sqrt(2 / n)), n) for n in ((1 << 20) - 1, 1 << 20)
    )
    assert above == pytest.approx(below, rel=2e-6, abs=0)


@pytest.mark.parametrize("n", [1, 2, 100, *HUGE])
def test_chi_square_at_its_ends(n):
    assert bounds.chi_square_tails(0.0, n) == (0, 1)
    assert bounds.chi_square_tails(math.inf, n) == (1, 0)
    assert all(math.isnan(tail) for tail in bounds.chi_square_tails(math.nan, n))
    assert sum(bounds.chi_square_tails(float(n), n)) == pytest.approx(1)


@pytest.mark.parametrize("d", [-1e-13, 1e-13, 1e-6, -1e-3, -0.25, 0.25, 0.26, -0.999, 3, 1e9])
def test_departures_keep_their_digits(d):
    exact = mp.mpf(d) - mp.log1p(mp.mpf(d))
    assert bounds.log_departure(d) == pytest.approx(float(exact), rel=1e-14, abs=0)


@huge
@pytest.mark.parametrize("level", [1e-3, ALPHA, 1e-30])
def test_a_scale_of_the_detectable_size_is_found(n, level):
    """Moved by it, what a normal's sum of squares exceeds with power 0.999 is at the threshold."""
    size = mp.mpf(bounds.scale_detectable(n, level))
    z = math.sqrt(2) * float(mp.erfinv(2 * bounds.POWER_MISS - 1))
    low, high = (n * (1 + (z + off) * math.sqrt(2 / n)) for off in (-0.1, 0.1))
    for _ in range(60):
        middle = (low + high) / 2
        enough = chi_square_tail(middle, n) > bounds.POWER_MISS
        low, high = (low, middle) if enough else (middle, high)
    alarm = float(mp.mpf(high) * (1 + size) ** 2)
    assert chi_square_tail(alarm, n) == pytest.approx(level / 2, rel=1e-4, abs=0)


@pytest.mark.parametrize("n", [100, 10_000, *HUGE, 1 << 50])
@pytest.mark.parametrize("level", [1e-3, ALPHA, 1e-300])
def test_the_sub_gaussian_scale_is_inverted_to_all_digits(n, level):
    """At the threshold of alarm, Chernoff's exponent is what the level asks for."""
    size = bounds.sub_gaussian_scale_detectable(n, level)
    short = mp.sqrt(-6 * mp.log(mp.mpf(bounds.POWER_MISS)) / n)
    alarm = (1 + mp.mpf(size)) ** 2 * (1 - short)
    assert float(n * (alarm - 1 - mp.log(alarm)) / 2) == pytest.approx(
        math.log(2 / level), rel=1e-4 if n < 1 << 50 else 1e-2, abs=0
    )


def test_too_few_values_show_no_scale():
    assert bounds.sub_gaussian_scale_detectable(10) == math.inf


RATES = [1e-12, 1e-3, 1.0, 64.0, 1e5, 1e9, 2.0**40]
rates = pytest.mark.parametrize("rate", RATES)


@rates
@pytest.mark.parametrize("level", [1e-3, ALPHA, 1e-30, 1e-300])
def test_the_threshold_of_a_rare_count_is_the_smallest_for_any_rate(rate, level):
    threshold = count_bounds.rare_threshold(rate, level)
    assert _rare(threshold, rate) <= math.log(level) + 1e-6
    assert threshold == 1 or _rare(threshold - 1, rate) >= math.log(level) - 1e-6


def _rare(count, rate):
    """The logarithm of Chernoff's bound, in 40 digits."""
    if count == 0:
        return 0.0
    return float(count - mp.mpf(rate) - count * mp.log(count / mp.mpf(rate)))


@pytest.mark.parametrize("rate", [64.0, 1e5, 1e9, 2.0**40])
@pytest.mark.parametrize("z", [1, 4, 7.13, 10])
def test_rare_counts_keep_their_digits(rate, z):
    count = round(rate + z * math.sqrt(rate))
    assert math.log(count_bounds.rare(count, rate)) == pytest.approx(
        _rare(count, rate), rel=1e-7, abs=0
    )


@rates
def test_a_count_of_the_detectable_mean_is_found(rate):
    """P(Poisson ≥ k) is the lower tail of chi-square on 2k degrees at twice the mean."""
    for level in (1e-3, ALPHA, 1e-30):
        threshold = count_bounds.rare_threshold(rate, level)
        size = count_bounds.rare_detectable(rate, 1 << 60, level)
        miss = bounds.chi_square_tails(2 * size, 2 * threshold)[1]
        assert miss == pytest.approx(bounds.POWER_MISS, rel=1e-6, abs=0)


@rates
@pytest.mark.parametrize("level", [1e-3, ALPHA, 1e-30, 1e-200])
def test_a_poisson_count_of_the_detectable_mean_is_found(rate, level):
    """It leaves 0.001 below the smallest count whose probability is at most the level."""
    mean = rate * (1 + count_bounds.count_detectable(rate, level))
    low, high = 1, 2 + math.ceil(mean)
    while low < high:  # The largest count that is reached with probability 0.999.
        middle = (low + high + 1) // 2
        missed = bounds.chi_square_tails(2 * mean, 2 * middle)[1] > bounds.POWER_MISS * 1.0001
        low, high = (low, middle - 1) if missed else (middle, high)
    assert bounds.chi_square_tails(2 * rate, 2 * low)[0] <= level
    assert low == 1 or bounds.chi_square_tails(2 * rate, 2 * low - 2)[0] > 0.998 * level


def test_no_count_beyond_all_values_is_called_detectable():
    assert count_bounds.rare_detectable(0.0, 3) == 3
    assert count_bounds.rare_detectable(1e-9, 3) == 3
    assert count_bounds.rare_detectable(1.0, 3) == math.inf
    assert count_bounds.rare_detectable(0.0, 1000) == pytest.approx(-math.log(1e-3))


NAN = math.nan


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (bounds.normal_scale, (NAN, 1 << 30)),
        (bounds.sub_gaussian_mean, (NAN, 10)),
        (bounds.sub_gaussian_scale, (NAN, 10)),
        (bounds.sub_gamma, (NAN, 1.0, 0.0)),
        (bounds.sub_gamma, (1.0, NAN, 0.0)),
        (count_bounds.binomial, (3, 10, NAN)),
        (count_bounds.binomial, (3, 10, 0.5, NAN)),
        (lambda d: bounds.chi_square(np.full(64, 1 << 20), 64, d)[1], (NAN,)),
        (lambda d: bounds.at_most_one(bounds.normal_displacement(d)[0]), (NAN,)),
        (lambda d: bounds.at_most_one(bounds.normal_displacement(d)[1]), (NAN,)),
    ],
)
def test_what_is_not_a_number_never_passes(function, arguments):
    assert not function(*arguments) >= ALPHA


@pytest.mark.parametrize(("rate", "passed"), [(NAN, False), (math.inf, True)])
def test_a_rate_that_is_no_number_is_decided_without_a_size(rate, passed):
    (found,) = Rare(5, rate, 10).findings("atoms")
    assert found.passed == passed and found.detectable is None
