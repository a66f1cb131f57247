"""Second moments, gains and the recursion, against closed forms and adaptive quadrature."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from verify.laws import gain
from verify.laws.propagation import (
    ACTIVATIONS,
    NODES,
    WEIGHTS,
    backward_gain,
    forward_gain,
    recursion,
    second_moment,
    slope_moment,
)

SCALES = (1e-3, 0.3, 1.0, 2.5, 40.0)


@pytest.mark.parametrize("power", range(0, 13, 2))
def test_moments_of_a_normal(power):
    assert WEIGHTS @ NODES**power == pytest.approx(math.prod(range(1, power, 2)), rel=1e-13)


@pytest.mark.parametrize("power", [1, 3, 5])
def test_half_moments_of_a_normal(power):
    half = 2 ** (power / 2) * math.gamma((power + 1) / 2) / math.sqrt(math.pi)
    assert WEIGHTS @ np.abs(NODES) ** power == pytest.approx(half, rel=1e-13)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_moments_agree_with_adaptive_quadrature(name, scale):
    for moment, part in ((second_moment, "function"), (slope_moment, "derivative")):
        part = getattr(ACTIVATIONS[name], part)

        def integrand(z, part=part):
            return float(part(np.array(scale * z), 0.2)) ** 2 * stats.norm.pdf(z)

        # Where a function bends, in units of z.
        bends = [side * at / scale for side in (-1, 1) for at in (1, 5) if at / scale < 30]
        points = sorted({0.0, *bends})
        expected = sum(
            integrate.quad(integrand, a, b, epsabs=0, epsrel=1e-11, limit=200)[0]
            for a, b in zip([-30.0, *points], [*points, 30.0], strict=True)
        )
        assert moment(name, scale, 0.2) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("scale", SCALES)
def test_closed_forms(scale):
    assert second_moment("linear", scale) == pytest.approx(scale**2)
    assert second_moment("relu", scale) == pytest.approx(scale**2 / 2)
    assert second_moment("leaky_relu", scale, 0.2) == pytest.approx(scale**2 * 1.04 / 2)
    assert slope_moment("linear", scale) == pytest.approx(1)
    assert slope_moment("relu", scale) == pytest.approx(0.5)
    assert slope_moment("leaky_relu", scale, -3) == pytest.approx(5)


@pytest.mark.parametrize(
    ("name", "slope"), [("linear", 0.0), ("relu", 0.0), *(("leaky_relu", s) for s in (0.01, 1, -2))]
)
def test_gains_of_rectifiers_keep_signal_and_gradient(name, slope):
    assert forward_gain(name, slope) == pytest.approx(gain(name, slope), rel=1e-12)
    assert backward_gain(name, slope) == pytest.approx(gain(name, slope), rel=1e-12)


def test_selu_keeps_mean_zero_and_variance_one():
    """Klambauer et al. 2017: the fixed point that defines its constants."""
    assert second_moment("selu") == pytest.approx(1, rel=1e-12)
    assert WEIGHTS @ ACTIVATIONS["selu"].function(NODES, 0.0) == pytest.approx(0, abs=1e-12)


def test_the_documented_gains_of_saturating_functions_are_others():
    assert forward_gain("tanh") == pytest.approx(1.5925, abs=5e-5)
    assert backward_gain("tanh") == pytest.approx(1.4674, abs=5e-5)
    assert all(
        abs(gain(name) / of(name) - 1) > 0.04
        for name in ("tanh", "selu", "sigmoid")
        for of in (forward_gain, backward_gain)
        if (name, of) != ("selu", backward_gain)
    )
    assert gain("selu") / backward_gain("selu") == pytest.approx(0.776, abs=1e-3)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivatives_are_those_of_the_functions(name):
    x, step = np.linspace(-4, 4, 100), 1e-6
    function = ACTIVATIONS[name].function
    slopes = (function(x + step, 0.2) - function(x - step, 0.2)) / (2 * step)
    assert ACTIVATIONS[name].derivative(x, 0.2) == pytest.approx(slopes, abs=1e-8)


class TestRecursion:
    def test_homogeneous_functions_scale_geometrically(self):
        assert recursion("linear", 3.0, 2.0, 4) == pytest.approx(2 * 9.0 ** np.arange(1, 5))
        assert recursion("relu", 1.0, 1.0, 9) == pytest.approx(0.5 ** np.arange(1, 10))
        assert recursion("relu", math.sqrt(2), 0.7, 100) == pytest.approx(0.7)

    def test_tanh_comes_to_rest_at_its_fixed_point(self):
        squares = recursion("tanh", 5 / 3, 1.0, 60)
        assert math.sqrt(squares[-1]) == pytest.approx(0.6513, abs=5e-5)
        assert second_moment("tanh", 5 / 3 * math.sqrt(squares[-1])) == pytest.approx(squares[-1])
        assert recursion("tanh", 5 / 3, 0.01, 200)[-1] == pytest.approx(squares[-1])

    def test_tanh_at_gain_one_fades_like_the_inverse_depth(self):
        """tanh(x)² = x² − 2x⁴/3 + …, E x⁴ = 3q², so 1/q grows by 2 a layer (Poole et al. 2016)."""
        squares = recursion("tanh", 1.0, 1.0, 4000)
        assert 1 / squares[-1] - 1 / squares[-1001] == pytest.approx(2000, rel=0.01)

    def test_networks_follow(self):
        """A network of thousands of units, drawn by numpy."""
        rng, width = np.random.default_rng(3), 3000
        signal, seen = rng.standard_normal(width), []
        start = float(np.mean(signal**2))
        for _ in range(4):
            signal = np.tanh(
                rng.standard_normal((width, width)) @ signal * (1.3 / math.sqrt(width))
            )
            seen.append(float(np.mean(signal**2)))
        assert recursion("tanh", 1.3, start, 4) == pytest.approx(seen, rel=0.08)
