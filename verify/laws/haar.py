"""The Haar law of random (semi-)orthogonal matrices."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from verify.laws.arguments import require_reals
from verify.laws.base import Law, Shape
from verify.laws.lattice import Lattice

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.inexact[Any]]

_NUMBERS = {1: np.float64, 2: np.complex128}
"""Numbers by how many real ones they are made of."""

_ENTRIES = 16
"""Entries of a matrix that are never drawn twice, in any dtype that has one."""


@dataclass(frozen=True)
class Haar(Law):
    """`gain` times a (semi-)orthogonal matrix distributed by Haar measure.

    Trailing dimensions are flattened; a wide matrix has orthonormal rows, a tall one
    orthonormal columns.

    Source: Saxe et al. 2013; Mezzadri 2007, *How to generate random matrices from the
    classical compact groups* (Haar measure on O(n), and QR with the sign fix).
    """

    gain: float

    PARTS: ClassVar[int] = 1
    """Real numbers in an entry."""

    def __post_init__(self) -> None:
        require_reals(self, "gain")

    def entropy(self, shape: Shape, lattice: Lattice) -> float:
        """Of `_ENTRIES` entries without end, for all that a question needs."""
        return math.inf if math.prod(shape) >= _ENTRIES and self.gain else 0.0

    def components(self) -> tuple[Haar]:  # noqa: D102
        return (UnitaryHaar(self.gain),)

    def demands(self, shape: Shape) -> Iterator[tuple[str, bool]]:  # noqa: D102
        yield "a finite gain", math.isfinite(self.gain)
        yield "a tensor of two axes or more", len(shape) >= 2

    @classmethod
    def tolerance(cls, rows: int, cols: int, epsilon: float) -> float:
        """Allowed ``max |QᵀQ − I|`` for entries of machine epsilon `epsilon`.

        What is left by any backward stable factorization is a modest multiple of √n epsilon
        (Higham 2002, theorem 19.4 and eq. 19.13). The constants leave room beyond the largest that
        was measured for QR, polar factors and singular vectors: 19 epsilon among 10⁵ matrices of
        side 8 in float32, 54 epsilon at 2048×1025. The error of a complex product is ``2√2`` times
        that of a real one at most (Higham 2002, lemma 3.5).
        """
        return (32 + 2 * math.sqrt(max(rows, cols))) * 8 ** ((cls.PARTS - 1) / 2) * epsilon

    @classmethod
    def column_error(cls, rows: int, cols: int, epsilon: float) -> float:
        """Relative error of a column: QᵀQ shows it twice."""
        return cls.tolerance(rows, cols, epsilon) / 2

    @classmethod
    def resolution(cls, rows: int, cols: int, epsilon: float, draw_step: float) -> float:
        """Bound on how far rounding moves the cdf of a column's part in a fixed direction.

        That part is 1/√n in size, and its density times its size is that of a standard normal at
        most; rounding moves it by `column_error` of its size. Underneath are normals that were made
        of uniforms on a lattice of `draw_step`.
        """
        moved = 2 * cls.column_error(rows, cols, epsilon) / math.sqrt(2 * math.pi)
        return min(1.0, moved + draw_step)

    @classmethod
    def mass(cls, rows: int, cols: int, epsilon: float) -> float:
        """Bound on the probability of any single tall matrix of the dtype.

        A column is uniform on the unit sphere of what its predecessors leave, of dimension m from
        ``rows − 1`` down, or in complex numbers from ``2·rows − 1`` in steps of two (Muirhead 1982,
        theorem 2.1.13). It is rounded by ρ = `column_error` at
        most, so what rounds to one column lies within an angle of ``πρ``: a cap, which is at most a
        flat ball of that radius, relative to the sphere ``Γ((m+1)/2) / (2√π·Γ(m/2+1)) · (πρ)^m``.
        """
        m = cls.PARTS * np.arange(rows, rows - cols, -1) - 1
        radius = math.pi * cls.column_error(rows, cols, epsilon)
        ball = special.gammaln((m + 1) / 2) - special.gammaln(m / 2 + 1) - math.log(4 * math.pi) / 2
        return float(np.exp(np.minimum(0.0, ball + m * math.log(radius)).sum()))

    @staticmethod
    def direction_cdf(along: Floats, across: Floats, n: int) -> Floats:
        """Cdf of the part of a random direction of n ≥ 2 dimensions along a fixed one.

        One entry of a Haar matrix whose columns have n entries is such a part. Its square is
        ``Beta(1/2, (n−1)/2)`` and it is symmetric (Muirhead 1982, theorem 1.5.7). In the plane its
        density is infinite at ±1, where one lattice step of float32 moves the cdf by 1e-4. The
        angle's density is bounded in every dimension, so the angle decides: the squared part
        across is ``Beta((n−1)/2, 1/2)``.

        Parameters
        ----------
        along : array
            The part along the fixed direction.
        across : array
            The length of what is perpendicular to it.
        """
        one, other = np.square(along), np.square(across)
        whole = np.maximum(one + other, np.finfo(np.float64).tiny)  # Nothing has no direction.
        half = (n - 1) / 2
        # Each from the smaller part, which has all its digits.
        centre = (1 + np.sign(along) * special.betainc(0.5, half, one / whole)) / 2
        tail = special.betainc(half, 0.5, other / whole) / 2
        cdf: Floats = np.where(one <= other, centre, np.where(along < 0, tail, 1 - tail))
        return cdf

    @classmethod
    def triangle(cls, n: int, k: int, count: int, rng: np.random.Generator) -> Numbers:
        """Draw `count` upper triangles R that complete an n×k Haar matrix to Gaussian.

        If Z is an n×k matrix of independent standard normals and ``Z = QR`` with a
        positive diagonal of R, then Q is Haar and independent of R, and R has independent
        entries ``R_ii ~ χ(n−i)`` (i from 0) and ``R_ij ~ N(0, 1)`` for i < j (Bartlett;
        Muirhead 1982, theorems 2.1.13 and 3.2.14). Hence a Haar Q times an independent R
        is exactly Gaussian, and everything known of independent normals applies to it.

        In complex numbers whose parts are independent standard normals ``R_ii ~ χ(2(n−i))``, and
        the parts of R_ij are standard normals (Goodman 1963; Mezzadri 2007, sec. 4).

        Returns
        -------
        numpy.ndarray
            float64 or complex128, shape ``(count, k, k)``.
        """
        rows, cols = np.triu_indices(k, 1)
        parts = np.zeros((count, k, k, cls.PARTS))
        parts[:, rows, cols] = rng.standard_normal((count, rows.size, cls.PARTS))
        diagonal = np.arange(k)
        lengths = rng.chisquare(cls.PARTS * (n - diagonal), (count, k))
        parts[:, diagonal, diagonal, 0] = np.sqrt(lengths)
        triangle: Numbers = parts.view(_NUMBERS[cls.PARTS])[..., 0]
        return triangle


@dataclass(frozen=True)
class UnitaryHaar(Haar):
    """`gain` times a complex matrix of orthonormal columns or rows, by Haar measure on U(n).

    Its parts are not independent, so that they are one sample: values have a last axis of two.

    Source: Mezzadri 2007, sec. 4 and 5 (Haar measure on U(n), and QR with the phase fix).
    """

    PARTS: ClassVar[int] = 2
