"""Recommended gains of nonlinearities."""

from __future__ import annotations

import math
from collections.abc import Callable

_DEFAULT_SLOPE = 0.01


def _leaky_relu(slope: float | None) -> float:
    """He et al. 2015, eq. 15: ``½(1 + a²) n Var[w] = 1``."""
    negative_slope = _DEFAULT_SLOPE if slope is None else slope
    return math.sqrt(2 / (1 + negative_slope**2))


def _constant(value: float) -> Callable[[float | None], float]:
    return lambda _: value


GAINS: dict[str, Callable[[float | None], float]] = {
    "linear": _constant(1.0),
    "conv1d": _constant(1.0),
    "conv2d": _constant(1.0),
    "conv3d": _constant(1.0),
    "conv_transpose1d": _constant(1.0),
    "conv_transpose2d": _constant(1.0),
    "conv_transpose3d": _constant(1.0),
    "sigmoid": _constant(1.0),
    "tanh": _constant(5 / 3),
    "relu": _constant(math.sqrt(2)),
    "leaky_relu": _leaky_relu,
    "selu": _constant(3 / 4),
}
"""Gain by nonlinearity, as tabulated in the documentation of ``calculate_gain``."""


def gain(nonlinearity: str, param: float | None = None) -> float:
    """Recommended gain of `nonlinearity`; `param` is the slope of ``leaky_relu``.

    Raises
    ------
    KeyError
        For a nonlinearity that the documentation does not list.
    """
    return GAINS[nonlinearity](param)
