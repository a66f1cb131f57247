"""What rounding to a lattice makes of a law."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cached_property
from types import ModuleType

from scipy import special as host_special

from verify.laws.array import A
from verify.laws.continuous import Continuous
from verify.laws.lattice import LATTICES, Lattice

_SINGLE = LATTICES["float32"]


@dataclass(frozen=True)
class Ends:
    """The values at the bounds of a support whose probabilities rounding leaves open.

    Attributes
    ----------
    last, first : float
        The lower end's values are those up to `last`, the upper end's those from `first` on:
        one or two of each. Infinite where the support is.
    start, stop : float
        The cdf of the reals where the values between the ends begin, and where they stop.
    least, most : tuple of float
        Bounds on the probabilities of the lower and of the upper end.
    """

    last: float
    first: float
    start: float
    stop: float
    least: tuple[float, float]
    most: tuple[float, float]

    @property
    def between(self) -> float:
        """The probability of the reals that round to a value between the ends."""
        return max(0.0, self.stop - self.start)

    @property
    def overlap(self) -> bool:
        """Whether some value belongs to both ends, so that nothing is known of either."""
        return self.first <= self.last


@dataclass(frozen=True)
class Rounded:
    """A continuous law whose values are rounded to nearest on a lattice.

    A value x of the lattice has the probability of the reals that round to it, those between the
    middles to its neighbours. At the bounds of the support no documentation says more than that
    values stay within, and there are several lawful ways:

    - What rounds to the excluded upper bound of a uniform law is drawn again, or takes the number
      below, or the lower bound. Where the bound is no number of the lattice it may be kept too.
    - What rounds to a bound of a window from outside is accepted, or nothing outside is drawn.
    - What rounds to a bound that was rounded outwards is kept, or drawn again, or takes the next
      number inside.

    They differ in the probabilities of one or two values at each bound, for which there are bounds
    (`ends`). Given that a value is none of these, its law is the same in all of these ways.

    Attributes
    ----------
    law : Continuous
        The law before rounding.
    lattice : Lattice

    Source: the documentation of ``torch.nn.init.uniform_`` (``[a, b)`` of ``Tensor.uniform_``) and
    of ``torch.nn.init.trunc_normal_`` ("redrawn until they are within the bounds").
    """

    law: Continuous
    lattice: Lattice

    @property
    def exact(self) -> Continuous:
        """The law of all the reals that may be rounded."""
        return self.law.widened(self.lattice, self._held)

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
        return min(1.0, 2 * self.lattice.draw_step + law.max_scaled_density * rounding / law.scale)

    @property
    def slack(self) -> float:
        """Bound on how far a lawful backend's transforms are from uniform.

        The law between the ends is ``(F(x) − F(s)) / (F(t) − F(s))``. If each value of F is off by
        `resolution` δ, the ratio is off by 2δ over its denominator at most.
        """
        between = self.ends.between
        if between == 1:
            return self.resolution
        return min(1.0, 2 * self.resolution / between) if between else 1.0

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """The values that the bounds of the support round to."""
        low, high = (self.exact if self.law.is_half_open else self.law).support
        return self.lattice.round(low), self.lattice.round(high)

    @property
    def holds_top(self) -> bool:
        """Whether the value that the upper bound rounds to is lawful.

        A bound is excluded where it can be drawn at all. What stands for one that the lattice lacks
        is the nearest number to reals below it.
        """
        high = self.law.support[1]
        return not self.law.is_half_open or self.lattice.round(high) != high

    @cached_property
    def ends(self) -> Ends:
        """The values at both bounds, and what any lawful way gives them."""
        exact, (low, top) = self.exact, self.bounds
        half_open = self.law.is_half_open
        outward = (
            low < max(self.law.support[0], exact.support[0]),
            half_open or top > self.law.support[1],
        )
        last = self.lattice.beside(low)[1] if outward[0] else low
        first = self.lattice.beside(top)[0] if outward[1] else top
        start, stop = self._below(self._middles(last)[1]), self._below(self._middles(first)[0])
        # What the end may lack: all that rounds to the bound, or what lies outside.
        spare = (
            self._below(self._middles(low)[1] if outward[0] else self.law.support[0]),
            1 - self._below(self._middles(top)[0] if outward[1] else self.law.support[1]),
        )
        wrapped = spare[1] if half_open else 0.0
        return Ends(last, first, start, stop, *_shares(start, 1 - stop, spare, wrapped))

    def _middles(self, x: float) -> tuple[float, float]:
        below, above = self.lattice.beside(x)
        return (below + x) / 2, (x + above) / 2

    def _below(self, x: float) -> float:
        return min(1.0, max(0.0, float(self.exact.cdf(x, host_special))))

    def interval(self, x: A, xp: ModuleType, special: ModuleType = host_special) -> tuple[A, A]:
        """``F`` at the lower and at the upper end of the reals that round to each element."""
        below, above = self.lattice.neighbours(x, xp)
        law = self.exact
        ends = (law.cdf((x + below) / 2, special), law.cdf((x + above) / 2, special))
        return xp.clip(ends[0], 0, 1), xp.clip(ends[1], 0, 1)

    def transform(self, x: A, v: A, xp: ModuleType, special: ModuleType = host_special) -> A:
        """The randomised probability-integral transform, uniform on (0, 1) under the law.

        ``u = F(x−) + v·(F(x) − F(x−))`` with v uniform and independent (Ferguson 1967, p. 216;
        Brockwell 2007), and F the cdf given that the value lies between the `ends`. A value at an
        end says nothing more: its u is v. So u is uniform in every lawful way of rounding, and
        independent if the values are. A value beyond the bounds goes to the end of the unit
        interval that it lies at.

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
        ends, (low, top) = self.ends, self.bounds
        width = ends.between or 1.0
        lower, upper = (xp.clip((f - ends.start) / width, 0, 1) for f in (lower, upper))
        u = xp.where(x >= ends.first, v, lower + v * (upper - lower))
        u = xp.where(x <= ends.last, v, u)
        u = xp.where(x < low, xp.zeros_like(u), u)
        beyond = x > top if self.holds_top or low == top else x >= top
        uniform: A = xp.where(beyond, xp.ones_like(u), u)
        return uniform


def _shares(
    lower: float, upper: float, spare: tuple[float, float], wrapped: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The least and the largest probabilities of both ends.

    Parameters
    ----------
    lower, upper : float
        Probabilities of the reals that round to a value of the end.
    spare : tuple of float
        What each end may lack of them; what remains is scaled up.
    wrapped : float
        What of the upper end the lower one may have.
    """
    between = 1 - lower - upper
    sure, full = (lower - spare[0], upper - spare[1]), (lower + wrapped, upper)
    least = _share(sure[0], between + full[1]), _share(sure[1], between + full[0])
    most = _share(full[0], between + sure[1]), _share(full[1], between + sure[0])
    return least, most


def _share(mass: float, rest: float) -> float:
    """A part's share of the whole, where there is a whole."""
    return mass / (mass + rest) if mass + rest > 0 else 0.0
