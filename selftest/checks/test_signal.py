"""The signal of a deep network: rigorous for lawful ones, and what it sees."""

import math

import numpy as np
import pytest

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


def test_what_is_called_detectable_is_found():
    _, lawful = decided("relu", math.sqrt(2), sent("relu", math.sqrt(2), width=256), 256)
    factor = math.sqrt(1 + lawful.detectable.size)
    for seed in range(10):
        squares = sent("relu", math.sqrt(2) * factor, seed, width=256)
        assert not decided("relu", math.sqrt(2), squares, 256)[1].passed


def test_scale_does_not_matter_to_homogeneous_functions():
    _, small = decided("relu", 1e-60, sent("relu", 1e-60, depth=2))
    _, large = decided("relu", 1e60, sent("relu", 1e60, depth=2))
    assert small.p_value == pytest.approx(large.p_value) and small.passed


def test_it_is_read_back_and_never_pooled():
    statistic, finding = decided("tanh", 5 / 3, sent("tanh", 5 / 3))
    again = from_json(statistic.to_json())
    assert again.findings("signal") == [finding] and not again.pools
    assert len(again.observed) == len(again.expected) == DEPTH
