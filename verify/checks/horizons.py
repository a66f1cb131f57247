"""From how many values on a check gets no sharper: there a sum of nights or a deep run stops.

A dtype and the uniform draws underneath are lattices. The contract allows a value to lie some
steps off the law. The horizon of a check is the number of values from which what is allowed, if
all of it leaned to one side, would be as large as what chance leaves. Most checks take it off
before they decide (see `verify.checks.statistics.FINE`): beyond the horizon they still hold, and
say that more values show nothing smaller. The others decide no more: it would be an alarm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_Z = 7.5
"""Standard errors at which a two-sided check among several places raises an alarm at 1e-12."""

_FINE = 2.0**-18
"""The coarsest lattice that is pooled: see `verify.checks.statistics.FINE`."""

_STEEPEST = 28.0
"""Total variation of the eighth Legendre component: a shift r of F(x) moves its mean so often."""


@dataclass(frozen=True)
class Horizon:
    """How many values a check may look at.

    Attributes
    ----------
    why : str
        What would show, in one clause.
    source : str
        Where the size of it comes from.
    values : float
        How many values, where the lattice is the coarsest that is pooled.
    per_step : float
        The same for a lattice that moves the cdf by r at most, times r to the `power`.
    power : int
        2 where what the lattice does adds up against a standard error, 1 against a single value.
    allowed : bool
        Whether the check takes off what the lattice may do, and so decides beyond it too.
    """

    why: str
    source: str
    values: float = math.inf
    per_step: float = math.inf
    power: int = 2
    allowed: bool = True

    def at(self, resolution: float) -> float:
        """The number of values for a lattice that moves the cdf by `resolution` at most."""
        own = self.per_step / resolution**self.power if resolution else math.inf
        return min(self.values, own)


_PAIRS = "of the product of two transforms, each moved by the resolution δ, the mean is at most δ²"

_ROUNDING = "half a step for each parameter and each value, and one at an excluded bound"
_SHIFT = _FINE / 0.3989
"""The shift, in standard deviations, of a normal whose cdf moves by `_FINE`."""

KOLMOGOROV_SMIRNOV = Horizon(
    "F(x) is moved by the resolution", _ROUNDING, per_step=math.log(2e12) / 2
)
TAILS = Horizon("a step more or less at the quantile 2⁻¹⁴", _ROUNDING, per_step=2.0**-14 * _Z**2)
FAR_TAILS = Horizon(
    "a step more or less at the quantile 2⁻¹⁵", _ROUNDING, per_step=2.0**-15 * _Z**2
)
LEGENDRE = Horizon(
    "F(x) is moved by the resolution, up where a component rises and down where it falls",
    _ROUNDING,
    per_step=(_Z / _STEEPEST) ** 2,
)
CHI_SQUARE = Horizon(
    "each of 64 cells gains or loses a step at both ends",
    _ROUNDING,
    # Its noncentrality is n·64·64·(2r)²; an alarm needs about 110.
    per_step=110 / (64 * 64 * 4),
)
MEAN = Horizon("the location is rounded to the dtype", _ROUNDING, values=(_Z / _SHIFT) ** 2)
SCALE = Horizon(
    "every value is rounded towards the location",
    _ROUNDING,
    # The variance loses 2·E|Z| shifts; its standard error is √(2/n).
    values=2 * (_Z / (2 * 0.7979 * _SHIFT)) ** 2,
)
PRODUCT_VARIANCE = Horizon(
    "the variances of both draws are off as one is",
    _ROUNDING,
    values=8 * (_Z / (4 * 0.7979 * _SHIFT)) ** 2,
    allowed=False,
)
EXTREMES = Horizon(
    "an empty end is no wider than a step of the draws",
    "the lattice of the uniform draws underneath; Box–Muller's largest normal lies inside it",
    per_step=math.log(4e12),
    power=1,
)
ENDS = Horizon(
    "the cdf is moved at both sides of an end",
    _ROUNDING,
    # The standard error of a share is a half over √n at most.
    per_step=(_Z / 4) ** 2,
)
CORRELATION = Horizon(
    "neighbours lean to one side", _PAIRS, values=(_Z / (12 * _FINE**2)) ** 2, allowed=False
)
LAGS = Horizon("values lean to one side", _PAIRS, values=(_Z / (16 * _FINE**2)) ** 2, allowed=False)
CELLS = Horizon(
    "values that are some cells apart lean to one side",
    "of the product of two waves, each moved by 2π·16 times the resolution, the mean is its square",
    values=(_Z / (32 * math.pi * _FINE) ** 2) ** 2 / 2,
    allowed=False,
)
BETWEEN = Horizon(
    "tensors lean to one side", _PAIRS, values=(_Z / (12 * _FINE**2)) ** 2, allowed=False
)
POSITION = Horizon(
    "the transforms of one place are moved by the resolution",
    _ROUNDING,
    values=(_Z / (8 * _FINE)) ** 2,
)
BITS = Horizon(
    "the density falls a little over 16 steps of the lattice",
    "the slope of a normal's density, at most 2⁻¹⁹ of it over 16 steps of float32",
    values=(_Z * 2.0**19) ** 2,
    allowed=False,
)
ZERO_SHARE = Horizon(
    "the probability of a zero is a multiple of 2⁻²⁴",
    "uniform draws of 24 bits",
    values=(_Z / 2 * 2.0**24) ** 2,
    allowed=False,
)
HAAR_ENTRY = Horizon(
    "the angle of a direction is moved by the rounding errors of Q",
    "rounding errors of Householder QR (Higham 2002, sec. 19.3)",
    per_step=2.0**-14 * _Z**2,
)
HAAR_TRACE = Horizon(
    "the entries on the diagonal of Q are off by some steps of float32",
    "rounding errors of Householder QR (Higham 2002, sec. 19.3)",
    values=(_Z / (3 * 128 * 2.0**-24)) ** 2,
    allowed=False,
)
CALL_MEANS = Horizon("every mean is moved by the resolution", "what a lattice does is taken off")
NO_LATTICE = Horizon("no lattice is in what it counts", "what is counted is there or not")
RATE = Horizon(
    "what a lattice does is in the rate of the count", "the rate grows as the count does"
)
SINGLE_CASES = Horizon("it decides of single cases", "the sizes that a profile draws")
