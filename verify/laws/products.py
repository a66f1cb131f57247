"""Products of independent draws: the variance law behind Glorot's and He's initializers.

For independent X and Y of mean zero, ``E(XY) = E(X)E(Y) = 0`` and ``D(XY) = D(X)D(Y)``. Both papers
stand on it: the variance of a layer's response is ``fan_in · D(w) · E(h²)`` because weights and
inputs are independent (Glorot & Bengio 2010, sec. 4.2.1; He et al. 2015, eqs. 5 to 9).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scipy import special

from verify.laws.continuous import Continuous, Normal, TruncatedNormal, Uniform


@dataclass(frozen=True)
class Square:
    """What is known of ``y² − 1``, for a value y of mean zero in units of its standard deviation.

    It is sub-gamma on both sides: ``log E e^{t(y²−1)} ≤ t²·variance / (2(1 − scale·|t|))``. For a
    normal value the scale is 2 (Laurent & Massart 2000, lemma 1); one bounded by ``y² ≤ 1 + b``
    has ``b/3`` (Bernstein; Boucheron, Lugosi & Massart 2013, theorem 2.10), and towards zero, where
    ``1 − y² ≤ 1``, 1/3 suffices for all.

    Attributes
    ----------
    variance : float
        ``E y⁴ − 1``.
    scale : float
    """

    variance: float
    scale: float


@dataclass(frozen=True)
class Independent:
    """Two rows of equally many values: one drawn after the other, and independent of it.

    Both laws are symmetric about zero, and strictly sub-Gaussian, ``E e^{ty} ≤ e^{t²D(y)/2}``: the
    uniform (Arbel, Marchal & Nguyen 2020) and the truncated normal law of a symmetric window
    (Barreto, Marchal & Arbel 2025).
    """

    first: Continuous
    second: Continuous


def standard_deviation(law: Continuous) -> float:
    """That of a symmetric law.

    Raises
    ------
    TypeError
        For a law that is not in the table.
    """
    return _of(law)[0]


def square(law: Continuous) -> Square:
    """What is known of the squares of a symmetric law's values; raises as `standard_deviation`."""
    return _of(law)[1]


def _of(law: Continuous) -> tuple[float, Square]:
    if type(law) not in _SYMMETRIC:
        raise TypeError(f"no moments are known of {law!r}")
    return _SYMMETRIC[type(law)](law)


def _normal(law: Normal) -> tuple[float, Square]:
    return law.std, Square(2.0, 2.0)


def _uniform(law: Uniform) -> tuple[float, Square]:
    return law.scale / math.sqrt(12), Square(0.8, 2 / 3)


def _truncated(law: TruncatedNormal) -> tuple[float, Square]:
    """By ``E z^{k+2} = (k+1)·E z^k − 2·a^{k+1}·φ(a)/mass`` (Johnson, Kotz & Balakrishnan 1994)."""
    a = law.b / law.std
    mass = float(special.erf(a / math.sqrt(2)))
    edge = 2 * math.exp(-(a**2) / 2) / math.sqrt(2 * math.pi) / mass
    second = 1 - a * edge
    fourth = 3 * second - a**3 * edge
    return law.std * math.sqrt(second), Square(fourth / second**2 - 1, (a**2 / second - 1) / 3)


_SYMMETRIC: Mapping[type[Any], Callable[[Any], tuple[float, Square]]] = {
    Normal: _normal,
    Uniform: _uniform,
    TruncatedNormal: _truncated,
}
