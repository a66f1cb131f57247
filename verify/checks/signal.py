"""Hold the squares of a network's activations against their law given each layer's input."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

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
    The logarithms of its mgf add up over units and layers, each given the past: Chernoff's bound
    for the sum of all is rigorous for every width and depth.

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
    scales = gain * np.sqrt(np.asarray(rows[:-1]))
    function = ACTIVATIONS[name].function
    relative = np.stack([function(s * NODES, 0.0) ** 2 for s in scales])
    expected = relative @ WEIGHTS
    relative = relative / expected[:, None] - 1
    sums = np.asarray(rows[1:]) / expected - 1
    total, n = width * float(sums.sum()), width * len(sums)
    variance = width * float((relative**2 @ WEIGHTS).sum())
    return Signal(
        np.sqrt(np.asarray(squares[1:])),
        np.sqrt(recursion(name, gain, squares[0], len(squares) - 1)),
        n,
        total / n,
        math.sqrt(variance) / n,
        _exponent(total, width, relative),
    )


def _exponent(total: float, width: int, relative: Floats) -> float:
    """The best rate ``t·total − log E e^{t·sum}`` among a few tilts towards the total."""
    tilts = map(float, math.copysign(1.0, total) * _TILTS)
    rates = [
        tilt * total - width * float(np.log(np.exp(tilt * relative) @ WEIGHTS).sum())
        for tilt in tilts
    ]
    return max(0.0, *rates)
