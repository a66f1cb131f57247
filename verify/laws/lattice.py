"""Floating-point numbers as a lattice."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from verify.laws.array import A


@dataclass(frozen=True)
class Lattice:
    """The finite values of a binary floating-point format.

    Attributes
    ----------
    digits : int
        Binary digits of the significand, the leading one included (IEEE 754's p).
    lowest : int
        The exponent e of the smallest normal value 2^e.
    highest : int
        The exponent e of the largest power of two 2^e.

    Source: IEEE 754-2019, sec. 3.3 (binary16, binary32, binary64); bfloat16 is binary32 cut to
    eight digits.
    """

    digits: int
    lowest: int
    highest: int

    @property
    def step(self) -> float:
        """The spacing relative to magnitude (the machine epsilon)."""
        return 2.0 ** (1 - self.digits)

    @property
    def draw_step(self) -> float:
        """The step of the uniform draws underneath: 53 bits for doubles, 24 for all others."""
        return 2.0**-53 if self.digits == 53 else 2.0**-24

    @property
    def largest(self) -> float:
        """The largest finite value."""
        return (2.0 - 2.0 ** (1 - self.digits)) * 2.0**self.highest

    def spacing(self, x: float) -> float:
        """The distance from |x| to the next larger value (below `largest`)."""
        exponent = math.frexp(x)[1] - 1 if x else self.lowest
        return 2.0 ** (max(exponent, self.lowest) - self.digits + 1)

    def round(self, x: float) -> float:
        """The nearest value, ties to even; infinite beyond the largest value's half step."""
        if not math.isfinite(x) or x == 0:
            return x
        step = self.spacing(x)
        rounded = round(x / step) * step  # Python rounds half to even, exactly here.
        return math.copysign(math.inf if abs(rounded) > self.largest else abs(rounded), x)

    def around(self, a: float, b: float) -> tuple[float, float]:
        """The ends of the reals that round to a value between those that hold `a` and `b`."""
        low, high = self.round(a), self.round(b)
        return (low + self.beside(low)[0]) / 2, (high + self.beside(high)[1]) / 2

    def beside(self, x: float) -> tuple[float, float]:
        """The neighbours of one value; an infinite one has itself on both sides."""
        if not math.isfinite(x):
            return x, x
        below, above = self.neighbours(np.array([x]), np)
        return float(below[0]), float(above[0])

    def neighbours(self, x: A, xp: ModuleType) -> tuple[A, A]:
        """The next smaller and the next larger value of every element of `x`.

        Parameters
        ----------
        x : array or tensor
            Values of the lattice in double precision.
        xp : module
            ``numpy`` or ``torch``: the namespace of ``frexp``, ``ldexp``, ``where``, ``abs``.
        """
        fraction, exponent = xp.frexp(xp.abs(x))
        smallest = self.lowest - self.digits + 1
        away = (exponent - self.digits).clip(smallest)
        # Just above a power of two the lattice is twice as fine below as above.
        towards = (exponent - self.digits - xp.where(fraction == 0.5, 1, 0)).clip(smallest)
        one = xp.ones_like(x)
        outer, inner = xp.ldexp(one, away), xp.ldexp(one, towards)
        zero = fraction == 0
        tiny = 2.0**smallest
        below = xp.where(x > 0, inner, xp.where(zero, tiny * one, outer))
        above = xp.where(x > 0, outer, xp.where(zero, tiny * one, inner))
        return x - below, x + above


LATTICES = {
    "float16": Lattice(11, -14, 15),
    "bfloat16": Lattice(8, -126, 127),
    "float32": Lattice(24, -126, 127),
    "float64": Lattice(53, -1022, 1023),
}
"""The formats by the name of their dtype."""
