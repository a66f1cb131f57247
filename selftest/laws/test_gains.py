"""Gains against the table of the documentation and the equations behind it."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from verify.laws import GAINS, gain

DOCUMENTED = {
    "linear": 1,
    "conv1d": 1,
    "conv2d": 1,
    "conv3d": 1,
    "conv_transpose1d": 1,
    "conv_transpose2d": 1,
    "conv_transpose3d": 1,
    "sigmoid": 1,
    "tanh": 1.6666666666666667,
    "relu": 1.4142135623730951,
    "selu": 0.75,
}


@pytest.mark.parametrize(("name", "value"), DOCUMENTED.items())
def test_documented_gains(name, value):
    assert gain(name) == value
    assert gain(name, 0.3) == value  # Only leaky_relu has a parameter.


def test_every_gain_is_tabulated():
    assert set(GAINS) == {*DOCUMENTED, "leaky_relu"}


@pytest.mark.parametrize("slope", [0, 0.01, 0.2, 1, -0.5, math.sqrt(5), 100])
def test_leaky_rectifiers_keep_the_second_moment(slope):
    """He et al. 2015: gain² · E[f(Z)²] = 1 for standard normal Z."""
    positive = integrate.quad(lambda z: z**2 * stats.norm.pdf(z), 0, np.inf)[0]
    moment = positive * (1 + slope**2)
    assert gain("leaky_relu", slope) ** 2 * moment == pytest.approx(1, rel=1e-9)


def test_default_slope_is_documented_as_a_hundredth():
    assert gain("leaky_relu") == gain("leaky_relu", 0.01) == math.sqrt(2 / 1.0001)


def test_rectifiers_without_slope_are_plain():
    assert gain("leaky_relu", 0.0) == gain("relu")


def test_unknown_nonlinearities_are_refused():
    with pytest.raises(KeyError, match="swish"):
        gain("swish")
