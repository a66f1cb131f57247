"""P-values of sample correlations: valid, above the exact laws of one and of two pairs."""

import math

import numpy as np
import pytest

from selftest.checks.support import assert_valid, stream
from verify.checks import correlation_bounds
from verify.checks.bounds import ALPHA


@pytest.mark.parametrize(("n", "lag"), [(2, 1), (3, 1), (11, 1), (12, 3), (12, 10), (200, 2)])
def test_is_valid(n, lag):
    centred = stream("serial", n, lag).random((20_000, n)) - 0.5
    pairs = n - lag
    r = 12 * (centred[:, lag:] * centred[:, :-lag]).sum(1) / pairs
    assert_valid([correlation_bounds.serial(value, pairs) for value in r])


def test_dominates_the_exact_law_of_one_pair():
    """|XY| of two uniforms: P(XY > t) = 1 − t + t log t, and r = 3XY."""
    for r in np.linspace(0.01, 1, 50):
        t = r / 3
        assert correlation_bounds.serial(r, 1) >= 1 - t + t * math.log(t)


def test_dominates_the_exact_law_of_two_pairs():
    """b(a + c): given b, the sum a + c has the triangular law; b is integrated out."""
    nodes, weights = np.polynomial.legendre.leggauss(100)
    b, weights = (nodes + 1) / 4, weights / 2  # |b| is uniform on [0, 1/2].
    for r in np.linspace(0.05, 1, 30):
        reach = np.minimum(1, r / 6 / b)
        exact = float((weights * (1 - reach) ** 2).sum())
        assert correlation_bounds.serial(r, 2) >= exact - 1e-4


@pytest.mark.parametrize("pairs", [1, 2, 5, 50, 500])
def test_its_moment_generating_function_dominates(pairs):
    """E exp(tΣcᵢcᵢ₊₁) of uniforms by quadrature: Chernoff's bound with it is smaller."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    centred, weights = nodes / 2, weights / 2
    for r in (0.02, 0.1, 0.3, 0.7, 1.0):
        tilt = 12 * r / (1 + r**2)
        kernel = np.exp(tilt * np.outer(centred, centred))
        log_mgf, state = 0.0, np.ones_like(centred)
        for _ in range(pairs):
            state = kernel @ (weights * state)
            log_mgf += math.log(state.max())
            state /= state.max()
        log_mgf += math.log(float(weights @ state))
        chernoff = min(1.0, 2 * math.exp(log_mgf - tilt * r * pairs / 12))
        assert correlation_bounds.serial(r, pairs) >= chernoff * (1 - 1e-9)


def test_is_the_normal_tail_for_small_correlations():
    pairs, z = 1 << 24, 7.5
    p_value = correlation_bounds.serial(z / math.sqrt(pairs), pairs)
    assert p_value == pytest.approx(2 * math.exp(-(z**2) / 2), rel=1e-3, abs=0)


def test_no_pairs_no_surprise():
    assert correlation_bounds.serial(1.0, 0) == 1


def test_nan_never_passes():
    assert not correlation_bounds.serial(math.nan, 10) >= ALPHA
