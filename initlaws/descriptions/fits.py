"""Whether values can follow a law: their moments, their extremes, the shape of their density."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch

from initlaws.descriptions.gathering import Gathered
from verify.laws import Continuous, Lattice, Normal, TruncatedNormal, Uniform
from verify.laws.lattice import LATTICES

ERRORS = 4.5
"""Standard errors by which a moment may be off: one in 150,000 is further off."""

_FARTHER, _NEARER = 1e-9, 20.0
"""Values expected beyond the extreme one: fewer, or more, are not believed."""

_KOLMOGOROV = 3.2
"""√n times the distance of two cdfs; beyond it lie 3·10⁻⁹ (Kolmogorov 1933)."""


_OUTLYING = 9.0
"""Interquartile ranges from the median: twelve standard deviations of a normal."""


@dataclass(frozen=True)
class Values:
    """The random values of a tensor.

    Attributes
    ----------
    count : int
        All of them.
    mean, std, low, high : float
        Of all of them.
    some : array
        Some of them, sorted.
    lattice : Lattice
        Of their dtype.
    """

    count: int
    mean: float
    std: float
    low: float
    high: float
    some: npt.NDArray[np.float64]
    lattice: Lattice

    @classmethod
    def of(cls, found: Gathered) -> Values:
        """Those of one tensor in all builds."""
        some = np.sort(found.kept.to(torch.float64).numpy())
        lattice = LATTICES[str(found.kept.dtype).removeprefix("torch.")]
        return cls(found.count, found.mean, found.std, found.low, found.high, some, lattice)

    @cached_property
    def without_outliers(self) -> Values | None:
        """The bulk of those that were kept, if some values lie where no sample of it reaches."""
        lower, middle, upper = np.quantile(self.some, (0.25, 0.5, 0.75))
        reach = _OUTLYING * (upper - lower)
        inner = self.some[np.abs(self.some - middle) <= reach]
        if max(middle - self.low, self.high - middle) <= reach or inner.size < 0.9 * self.some.size:
            return None
        if inner[0] == inner[-1]:
            return None  # One number, most of the time, is no density.
        mean, std = float(inner.mean()), float(inner.std())
        low, high = float(inner[0]), float(inner[-1])
        return Values(inner.size, mean, std, low, high, inner, self.lattice)

    @cached_property
    def slack(self) -> float:
        """How far rounding moves the largest value."""
        return self.lattice.step * max(abs(self.low), abs(self.high))

    def error(self, law: Continuous) -> float:
        """The relative standard error of the standard deviation, under a law."""
        return math.sqrt(spread(law) / (4 * self.count))

    def tolerance(self, law: Continuous) -> float:
        """How far the logarithm of the standard deviation may be off, under a law."""
        return ERRORS * self.error(law) + 5 / self.count + self.lattice.step


def spread(law: Continuous) -> float:
    """The kurtosis of a law less one: ``E(x − μ)⁴ / σ⁴ − 1``."""
    return centred(law).square.variance


def centred(law: Continuous) -> Continuous:
    """The same law about zero."""
    if isinstance(law, Uniform):
        half = law.scale / 2
        return Uniform(-half, half)
    if isinstance(law, Normal):
        return Normal(0.0, law.std)
    if isinstance(law, TruncatedNormal):
        return TruncatedNormal(0.0, law.std, law.a - law.mean, law.b - law.mean)
    raise TypeError(f"no centre is known of {law!r}")


def centre(law: Continuous) -> float:
    """The mean of a symmetric law."""
    low, high = law.support
    return law.mean if isinstance(law, Normal) else (low + high) / 2


def moments_agree(law: Continuous, values: Values) -> bool:
    """Whether mean, standard deviation, smallest and largest value can be those of a law."""
    sigma, mean = centred(law).standard_deviation, centre(law)
    if not values.std > 0 or not sigma > 0:
        return False
    if abs(math.log(values.std / sigma)) > values.tolerance(law):
        return False
    located = ERRORS * sigma / math.sqrt(values.count) + values.lattice.step * abs(mean)
    return abs(values.mean - mean) <= located and _ends_agree(law, values)


def _ends_agree(law: Continuous, values: Values) -> bool:
    slack, count = values.slack, values.count
    below, above = law.support
    if values.low < below - slack or values.high > above + slack:
        return False
    beyond = (
        (law.cdf(values.low - slack), law.cdf(values.low + slack)),
        (law.sf(values.high + slack), law.sf(values.high - slack)),
    )
    return all(count * least <= _NEARER and count * most >= _FARTHER for least, most in beyond)


def shape_agrees(law: Continuous, values: Values) -> bool:
    """Whether the empirical cdf can be that of a law whose moments agree."""
    some, lattice = values.some, values.lattice
    cdf = np.asarray(law.cdf(some))
    steps = np.arange(some.size + 1) / some.size
    distance = max(float((steps[1:] - cdf).max()), float((cdf - steps[:-1]).max()))
    lawful = law.resolution(lattice.step, lattice.draw_step)
    return distance <= _KOLMOGOROV / math.sqrt(some.size) + lawful
