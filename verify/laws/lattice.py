"""Floating-point numbers as a lattice, and what rounding to it makes of a law."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from types import ModuleType

import numpy as np
from scipy import special as host_special

from verify.laws.continuous import Array, Continuous, TruncatedNormal, Uniform
from verify.laws.masked import Masked
from verify.laws.sparse import Sparse
from verify.laws.structure import Constant


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

    def holds(self, law: object) -> bool:
        """Whether no value of a law is too large for the format."""
        if isinstance(law, Constant):
            return not math.isfinite(law.background) or abs(law.background) <= self.largest
        if isinstance(law, Sparse):
            return self.holds(law.values)
        if isinstance(law, Masked):
            return self.holds(law.law)
        if isinstance(law, Continuous):
            ends = (law.farthest if math.isinf(end) else abs(end) for end in law.support)
            return max(ends) <= self.largest
        return True

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

    def neighbours(self, x: Array, xp: ModuleType) -> tuple[Array, Array]:
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
        zero = x == 0
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

_SINGLE = LATTICES["float32"]


@dataclass(frozen=True)
class Rounded:
    """A continuous law whose values are rounded to nearest on a lattice.

    Each value x of the lattice has the probability of the reals that round to it, those between
    the middles to its neighbours. A uniform law excludes its upper bound, and what rounds to the
    same value as that bound takes the lower one's instead.

    Attributes
    ----------
    law : Continuous
        The law before rounding.
    lattice : Lattice
    """

    law: Continuous
    lattice: Lattice

    @property
    def exact(self) -> Continuous:
        """The law of the reals that are rounded."""
        law, lattice = self.law, self.lattice
        if isinstance(law, Uniform):
            return Uniform(self._held.round(law.low), self._held.round(law.high))
        if isinstance(law, TruncatedNormal):
            # What rounds into the window is accepted: its bounds reach half a step further.
            return TruncatedNormal(law.mean, law.std, *lattice.around(law.a, law.b))
        return law

    @property
    def _held(self) -> Lattice:
        """Parameters come as doubles; up to float32 the arithmetic may be float32's."""
        return self.lattice if self.lattice.digits > _SINGLE.digits else _SINGLE

    @property
    def resolution(self) -> float:
        """Bound on how far a lawful backend's cdf is from this one's, before rounding.

        The draws underneath are a lattice. Parameters may be held in the arithmetic's format or in
        double precision; each moves the cdf by no more than its own rounding times the density.
        """
        law = self.law
        values = (getattr(law, field.name) for field in fields(law))
        parameters = [x for x in values if isinstance(x, float) and math.isfinite(x)]
        rounding = math.fsum(abs(self._held.round(x) - x) for x in parameters)
        return min(1.0, 2 * self.lattice.draw_step + law.peak * rounding / law.scale)

    @property
    def wraps(self) -> bool:
        """Whether the mass at the upper bound is found at the lower one."""
        return isinstance(self.law, Uniform)

    def interval(
        self, x: Array, xp: ModuleType, special: ModuleType = host_special
    ) -> tuple[Array, Array]:
        """``F`` at the lower and at the upper end of the reals that round to each element."""
        below, above = self.lattice.neighbours(x, xp)
        law = self.exact
        ends = (law.cdf((x + below) / 2, special), law.cdf((x + above) / 2, special))
        return ends[0].clip(0, 1), ends[1].clip(0, 1)

    def transform(
        self, x: Array, v: Array, xp: ModuleType, special: ModuleType = host_special
    ) -> Array:
        """The randomised probability-integral transform, uniform on (0, 1) under the law.

        ``u = F(x−) + v·(F(x) − F(x−))`` with v uniform and independent (Ferguson 1967, p. 216;
        Brockwell 2007). A value without mass goes to the end of the unit interval that it lies
        at, where no lawful value is.

        Parameters
        ----------
        x : array or tensor
            Values of the lattice in double precision.
        v : array or tensor
            Uniform on (0, 1), independent of `x`, of its shape.
        xp, special : module
            The namespaces of the array functions and of the special functions.
        """
        lower, upper = self.interval(x, xp, special)
        u = lower + v * (upper - lower)
        law = self.exact
        if not self.wraps:
            return u
        low, top = (self.lattice.round(bound) for bound in law.support)
        # The lower bound has two intervals: its own, and the upper bound's.
        start = float(law.cdf((top + self.lattice.beside(top)[0]) / 2, host_special))
        at_low = v * (upper + (1 - start))
        wrapped = xp.where(at_low < upper, at_low, start + (at_low - upper))
        if low == top:
            return xp.where(x == low, v, xp.ones_like(u))
        u = xp.where(x == low, wrapped, u)
        return xp.where(x >= top, xp.ones_like(u), u)
