"""Products of independent draws: the variance law behind Glorot's and He's initializers.

For independent X and Y of mean zero, ``E(XY) = E(X)E(Y) = 0`` and ``D(XY) = D(X)D(Y)``. Both papers
stand on it: the variance of a layer's response is ``fan_in · D(w) · E(h²)`` because weights and
inputs are independent (Glorot & Bengio 2010, sec. 4.2.1; He et al. 2015, eqs. 5 to 9).
"""

from __future__ import annotations

from dataclasses import dataclass

from verify.laws.base import Law
from verify.laws.continuous import Continuous


@dataclass(frozen=True)
class Independent(Law):
    """Two rows of equally many values: one drawn after the other, and independent of it.

    Both laws are symmetric about zero, and strictly sub-Gaussian, ``E e^{ty} ≤ e^{t²D(y)/2}``: the
    uniform (Arbel, Marchal & Nguyen 2020) and the truncated normal law of a symmetric window
    (Barreto, Marchal & Arbel 2025).
    """

    first: Continuous
    second: Continuous
