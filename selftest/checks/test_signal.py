"""The signal of a deep network: rigorous for lawful ones, and what it sees."""

import math

import numpy as np
import pytest

from selftest.checks.samples import layers
from verify.checks.bounds import ALPHA
from verify.checks.signal import signal
from verify.checks.statistics import from_json
from verify.laws.propagation import ACTIVATIONS

WIDTH, DEPTH = 64, 40
GAINS = {"linear": 1.0, "relu": math.sqrt(2), "tanh": 5 / 3}


def sent(name, gain, seed=0, width=WIDTH, depth=DEPTH):
    """The mean squares of a network that numpy draws."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(width)
    squares = [float(np.mean(values**2))]
    for _ in range(depth):
        weights = rng.standard_normal((width, width)) * (gain / math.sqrt(width))
        values = ACTIVATIONS[name].function(weights @ values, 0.0)
        squares.append(float(np.mean(values**2)))
    return squares


def decided(name, gain, squares, width=WIDTH):
    statistic = signal(name, gain, squares, squares, width)
    return statistic, statistic.findings("signal")[0]


@pytest.mark.parametrize(("name", "gain"), GAINS.items())
def test_lawful_networks_pass_and_their_p_values_are_no_smaller_than_they_should_be(name, gain):
    p_values = [decided(name, gain, sent(name, gain, seed))[1].p_value for seed in range(200)]
    assert min(p_values) > 1e-3
    assert np.mean(np.array(p_values) < 0.1) < 0.1


@pytest.mark.parametrize(("name", "gain"), GAINS.items())
def test_the_standard_error_is_right(name, gain):
    found = [decided(name, gain, sent(name, gain, seed))[0] for seed in range(300)]
    standardised = [statistic.excess / statistic.error for statistic in found]
    assert np.std(standardised) == pytest.approx(1, abs=0.15)
    assert abs(np.mean(standardised)) < 0.25


@pytest.mark.parametrize(("name", "gain"), GAINS.items())
@pytest.mark.parametrize("factor", [0.5, 0.8, 1.25, 2.0])
def test_another_gain_is_found(name, gain, factor):
    _, finding = decided(name, gain, sent(name, factor * gain))
    assert finding.p_value < ALPHA and not finding.passed
    assert "theory" in finding.message


def test_another_nonlinearity_is_found():
    assert not decided("relu", 1.0, sent("linear", 1.0))[1].passed


def given_the_past(name, gain, factor):
    return layers(name, gain, factor, np.random.default_rng(0), WIDTH, DEPTH)


def tilted(name, tilt, statistic, path):
    """Chernoff's exponent at one tilt, by another quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    weights /= weights.sum()
    cumulant = 0.0
    for square in path[:-1]:
        own = ACTIVATIONS[name].function(math.sqrt(square) * nodes, 0.0) ** 2
        cumulant += math.log(weights @ np.exp(tilt * (own / (weights @ own) - 1)))
    return tilt * statistic.excess * statistic.n - WIDTH * cumulant


@pytest.mark.parametrize("name", ["linear", "relu", "leaky_relu", "tanh", "sigmoid", "selu"])
@pytest.mark.parametrize("factor", [0.7, 1.0, 1.5])
def test_the_exponent_is_chernoffs_at_its_tilts(name, factor):
    path = given_the_past(name, 1.0, factor)
    statistic, finding = decided(name, 1.0, path)
    tilts = math.copysign(1.0, statistic.excess) * statistic.tilts
    best = max(0.0, *(tilted(name, tilt, statistic, path) for tilt in tilts), 0.0)
    assert statistic.exponent == pytest.approx(best, rel=1e-2, abs=1e-6)
    assert finding.p_value == min(1.0, 2 * math.exp(-statistic.exponent))


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "selu"])
def test_one_tilt_is_chosen_before_where_the_law_depends_on_the_path(name):
    """The best of several would be a bound only at the price of their number."""
    chosen = {
        float(tilt)
        for factor in (0.3, 1.0, 3.0)
        for tilt in decided(name, 1.0, given_the_past(name, 1.0, factor))[0].tilts
    }
    assert len(chosen) == 1


def test_squares_that_are_no_numbers_never_pass():
    squares = given_the_past("tanh", 1.0, 1.0)
    squares[7] = math.nan
    assert not decided("tanh", 1.0, squares)[1].passed


def test_scale_does_not_matter_to_homogeneous_functions():
    _, small = decided("relu", 1e-60, sent("relu", 1e-60, depth=2))
    _, large = decided("relu", 1e60, sent("relu", 1e60, depth=2))
    assert small.p_value == pytest.approx(large.p_value) and small.passed


def test_it_is_read_back_and_never_pooled():
    statistic, finding = decided("tanh", 5 / 3, sent("tanh", 5 / 3))
    again = from_json(statistic.to_json())
    assert again.findings("signal") == [finding] and not again.pools
    assert len(again.observed) == len(again.expected) == DEPTH
