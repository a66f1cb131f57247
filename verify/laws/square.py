"""How the squares of a law's values are spread."""

from __future__ import annotations

from dataclasses import dataclass


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
