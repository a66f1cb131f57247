"""The Haar law of random (semi-)orthogonal matrices."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from verify.laws.arguments import require_reals
from verify.laws.base import Law, Shape
from verify.laws.lattice import Lattice

Floats = npt.NDArray[np.float64]

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

    def __post_init__(self) -> None:
        require_reals(self, "gain")

    def entropy(self, shape: Shape, lattice: Lattice) -> float:
        """Of `_ENTRIES` entries without end, for all that a question needs."""
        return math.inf if math.prod(shape) >= _ENTRIES and self.gain else 0.0

    def components(self) -> tuple[Haar, Haar]:  # noqa: D102
        return self, self

    def demands(self, shape: Shape) -> Iterator[tuple[str, bool]]:  # noqa: D102
        yield "a finite gain", math.isfinite(self.gain)
        yield "a tensor of two axes or more", len(shape) >= 2

    @staticmethod
    def tolerance(rows: int, cols: int, epsilon: float) -> float:
        """Allowed ``max |QᵀQ − I|`` for entries of machine epsilon `epsilon`.

        What is left by any backward stable factorization is a modest multiple of √n epsilon
        (Higham 2002, theorem 19.4 and eq. 19.13). The constants leave room beyond the largest that
        was measured for QR, polar factors and singular vectors: 19 epsilon among 10⁵ matrices of
        side 8 in float32, 54 epsilon at 2048×1025.
        """
        return (32 + 2 * math.sqrt(max(rows, cols))) * epsilon

    @staticmethod
    def column_error(rows: int, cols: int, epsilon: float) -> float:
        """Relative error of a column: QᵀQ shows it twice."""
        return Haar.tolerance(rows, cols, epsilon) / 2

    @staticmethod
    def resolution(rows: int, cols: int, epsilon: float, draw_step: float) -> float:
        """Bound on how far rounding moves the cdf of a column's part in a fixed direction.

        That part is 1/√n in size, and its density times its size is that of a standard normal at
        most; rounding moves it by `column_error` of its size. Underneath are normals that were made
        of uniforms on a lattice of `draw_step`.
        """
        moved = 2 * Haar.column_error(rows, cols, epsilon) / math.sqrt(2 * math.pi)
        return min(1.0, moved + draw_step)

    @staticmethod
    def mass(rows: int, cols: int, epsilon: float) -> float:
        """Bound on the probability of any single tall matrix of the dtype.

        A column is uniform on the unit sphere of what its predecessors leave, of dimension m from
        ``rows − 1`` down (Muirhead 1982, theorem 2.1.13). It is rounded by ρ = `column_error` at
        most, so what rounds to one column lies within an angle of ``πρ``: a cap, which is at most a
        flat ball of that radius, relative to the sphere ``Γ((m+1)/2) / (2√π·Γ(m/2+1)) · (πρ)^m``.
        """
        m = np.arange(rows - 1, rows - 1 - cols, -1)
        radius = math.pi * Haar.column_error(rows, cols, epsilon)
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

    @staticmethod
    def triangle(n: int, k: int, count: int, rng: np.random.Generator) -> Floats:
        """Draw `count` upper triangles R that complete an n×k Haar matrix to Gaussian.

        If Z is an n×k matrix of independent standard normals and ``Z = QR`` with a
        positive diagonal of R, then Q is Haar and independent of R, and R has independent
        entries ``R_ii ~ χ(n−i)`` (i from 0) and ``R_ij ~ N(0, 1)`` for i < j (Bartlett;
        Muirhead 1982, theorems 2.1.13 and 3.2.14). Hence a Haar Q times an independent R
        is exactly Gaussian, and everything known of independent normals applies to it.

        Returns
        -------
        numpy.ndarray
            float64, shape ``(count, k, k)``.
        """
        triangle = np.zeros((count, k, k))
        rows, cols = np.triu_indices(k, 1)
        triangle[:, rows, cols] = rng.standard_normal((count, rows.size))
        diagonal = np.arange(k)
        triangle[:, diagonal, diagonal] = np.sqrt(rng.chisquare(n - diagonal, (count, k)))
        return triangle
