"""Hold the squares of a network's activations against their law given each layer's input."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from verify.checks.bounds import ALPHA
from verify.checks.statistics import Signal
from verify.checks.statistics.base import Floats
from verify.laws.propagation import ACTIVATIONS, NODES, WEIGHTS, recursion

_TILTS = np.geomspace(1e-3, 0.2, 24)
"""Slopes of the exponential bound; beyond 1/4 a rectifier's squares have no mgf."""


def signal(
    name: str, gain: float, squares: Sequence[float], rows: Sequence[float], width: int
) -> Signal:
    """The evidence of one network of normal weights without biases, all layers equally wide.

    Given the input h of a layer of weights N(0, gain²/width), its pre-activations are independent
    normals of standard deviation ``s = gain·|h|/√width``, so that the law of every f(z)² is known.
    The logarithms of its mgf, of the relative squares at a tilt t, add up over units and layers to
    Λ(t), each given the past: ``E exp(t·sum − Λ(t)) = 1`` for every t that was chosen before. So
    Chernoff's bound for the sum of all is rigorous for every width and depth.

    For a positively homogeneous f, such as a rectifier, Λ is the same on every path, and the best t
    may be chosen afterwards. Otherwise Λ depends on the path, and t is chosen before: the one that
    is best at `ALPHA` on the path that the recursion predicts.

    Parameters
    ----------
    name : str
        The nonlinearity f.
    gain : float
    squares : sequence of float
        The mean squares to show, of the input and of every layer's activations.
    rows : sequence of float
        Those of one input, by which it is decided: several share their weights. All are positive
        and finite.
    width : int
    """
    theory = recursion(name, gain, rows[0], len(rows) - 1)
    expected, relative = _squares(name, gain, rows[:-1])
    tilts = _TILTS
    if not _is_homogeneous(name):
        _, predicted = _squares(name, gain, [rows[0], *theory[:-1]])
        upwards = width * _cumulants(predicted, tilts)[0]
        tilts = tilts[[int(np.argmin((math.log(2 / ALPHA) + upwards) / tilts))]]
    sums = np.asarray(rows[1:]) / expected - 1
    total, n = width * float(sums.sum()), width * len(sums)
    variance = width * float((relative**2 @ WEIGHTS).sum())
    cumulants = width * _cumulants(relative, tilts)
    towards = cumulants[0 if total > 0 else 1]
    return Signal(
        np.sqrt(np.asarray(squares[1:])),
        np.sqrt(recursion(name, gain, squares[0], len(squares) - 1)),
        n,
        total / n,
        math.sqrt(variance) / n,
        float(np.maximum(0.0, np.max(tilts * abs(total) - towards))),
        tilts,
        cumulants.ravel(),
    )


def _squares(name: str, gain: float, inputs: Sequence[float]) -> tuple[Floats, Floats]:
    """For each layer's input the mean of ``f(z)²``, and at the nodes its relative excess."""
    function = ACTIVATIONS[name].function
    values = np.stack([function(gain * math.sqrt(q) * NODES, 0.0) ** 2 for q in inputs])
    means = values @ WEIGHTS
    return means, values / means[:, None] - 1


def _is_homogeneous(name: str) -> bool:
    """Whether ``f(cz) = c·f(z)`` for c > 0; doubling is exact."""
    function = ACTIVATIONS[name].function
    return np.array_equal(function(2 * NODES, 0.0), 2 * function(NODES, 0.0))


def _cumulants(relative: Floats, tilts: Floats) -> Floats:
    """Sums over the layers of ``log E e^{tX}``, for the tilts and for their opposites."""
    both = np.stack([tilts, -tilts])
    rates = [np.log(np.exp(tilt * relative) @ WEIGHTS).sum() for tilt in both.flat]
    return np.reshape(rates, both.shape)
