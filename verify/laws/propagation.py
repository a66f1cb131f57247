"""How signals fare on their way through layers of random weights.

For weights of variance σ² and an input h, a pre-activation is ``z = w·h``: of mean 0 and variance
``σ²|h|²`` whatever h is. What a nonlinearity f makes of it has the second moment ``E f(sZ)²``, Z
standard normal and ``s = σ|h|``, so that layer by layer (Poole et al. 2016, eq. 3; without biases)

    qₗ = fan_in·σ²·E f(√qₗ₋₁ Z)².

A gain of ``1/√E f(Z)²`` keeps this moment on the way forward (He et al. 2015, sec. 2.2, eq. 7),
one of ``1/√E f′(Z)²`` that of the gradient on the way back (eq. 14; Schoenholz et al. 2017,
sec. 4). For the rectifiers both are He's gain. The documented gains of tanh and selu are neither:
5/3 (1.5925 forward, 1.4674 backward) is an empirical choice, and 3/4 gives up the fixed point that
selu has by construction at gain 1 (Klambauer et al. 2017; backward 0.9660) for steadier gradients,
as the documentation of ``calculate_gain`` says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from verify.laws.base import Law

Floats = npt.NDArray[np.float64]

_END = 20.0
"""Beyond so many standard deviations a normal's density is nothing beside any moment."""

_SCALE, _ALPHA = 1.0507009873554804934, 1.6732632423543772848
"""The constants of selu: Klambauer et al. 2017, eq. 14."""


def _normal_quadrature(order: int = 400) -> tuple[Floats, Floats]:
    """Nodes and weights for expectations over Z: Gauss–Legendre on either side of zero."""
    nodes, weights = special.roots_legendre(order)
    half = (nodes + 1) * _END / 2
    density = np.exp(-(half**2) / 2) / math.sqrt(2 * math.pi) * weights * _END / 2
    return np.concatenate([-half[::-1], half]), np.concatenate([density[::-1], density])


NODES, WEIGHTS = _normal_quadrature()
"""``E g(Z) = Σ WEIGHTS·g(NODES)``, for g smooth on either side of zero."""


@dataclass(frozen=True)
class Activation:
    """A nonlinearity and its derivative, as functions of the values and of a parameter."""

    function: Callable[[Floats, float], Floats]
    derivative: Callable[[Floats, float], Floats]


def _selu(x: Floats, _: float) -> Floats:
    return _SCALE * np.where(x > 0, x, _ALPHA * np.expm1(np.minimum(x, 0)))


def _selu_slope(x: Floats, _: float) -> Floats:
    return _SCALE * np.where(x > 0, 1.0, _ALPHA * np.exp(np.minimum(x, 0)))


ACTIVATIONS: Mapping[str, Activation] = {
    "linear": Activation(lambda x, _: x, lambda x, _: np.ones_like(x)),
    "sigmoid": Activation(
        lambda x, _: special.expit(x), lambda x, _: special.expit(x) * special.expit(-x)
    ),
    "tanh": Activation(lambda x, _: np.tanh(x), lambda x, _: 1 - np.tanh(x) ** 2),
    "relu": Activation(lambda x, _: np.maximum(x, 0), lambda x, _: np.where(x > 0, 1.0, 0.0)),
    "leaky_relu": Activation(
        lambda x, slope: np.where(x > 0, x, slope * x), lambda x, slope: np.where(x > 0, 1.0, slope)
    ),
    "selu": Activation(_selu, _selu_slope),
}
"""The nonlinearities that ``calculate_gain`` knows; its convolutions are linear."""


def second_moment(name: str, scale: float = 1.0, param: float = 0.0) -> float:
    """``E f(scale·Z)²``."""
    return float(WEIGHTS @ ACTIVATIONS[name].function(scale * NODES, param) ** 2)


def slope_moment(name: str, scale: float = 1.0, param: float = 0.0) -> float:
    """``E f′(scale·Z)²``."""
    return float(WEIGHTS @ ACTIVATIONS[name].derivative(scale * NODES, param) ** 2)


def forward_gain(name: str, param: float = 0.0) -> float:
    """The gain that keeps the second moment of the signal."""
    return 1 / math.sqrt(second_moment(name, param=param))


def backward_gain(name: str, param: float = 0.0) -> float:
    """The gain that keeps the second moment of the gradient."""
    return 1 / math.sqrt(slope_moment(name, param=param))


def recursion(name: str, gain: float, start: float, depth: int) -> Floats:
    """The mean square of each layer's activations, for weights of variance ``gain²/fan_in``.

    Parameters
    ----------
    name : str
        The nonlinearity.
    gain : float
    start : float
        The mean square of the input.
    depth : int
        How many layers.
    """
    squares = [start]
    for _ in range(depth):
        squares.append(second_moment(name, gain * math.sqrt(squares[-1])))
    return np.array(squares[1:])


@dataclass(frozen=True)
class UniformSum(Law):
    """The law of ``Σ aᵢuᵢ`` for unknown a with ``Σ aᵢ² = 1`` and uniform u of variance 1.

    Its mean is 0, its variance 1, its fourth moment ``3 − 1.2 Σ aᵢ⁴`` at most 3, and it is strictly
    sub-Gaussian: ``E e^{ty} ≤ e^{t²/2}``, as each ``aᵢuᵢ`` is (Hoeffding 1963; Arbel, Marchal &
    Nguyen 2020, for the uniform law). Such is a pre-activation of a layer of uniform weights, in
    units of its standard deviation, given the layer's input.
    """
