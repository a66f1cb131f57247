"""Laws of which neighbouring entries have one each, as arguments that are tensors give them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from verify.laws.array import A
from verify.laws.base import Law, Shape
from verify.laws.discrete import Discrete
from verify.laws.lattice import Lattice

_NEVER = 1e-30
"""What has a smaller probability is never drawn."""


@dataclass(frozen=True)
class Entries(Law):
    """Independent entries of which number i, in row-major order, follows law ``i mod k``.

    Attributes
    ----------
    laws : tuple of Law
        The k laws.
    """

    laws: tuple[Law, ...]

    def fits(self, lattice: Lattice) -> bool:  # noqa: D102
        return all(law.fits(lattice) for law in self.laws)

    def entropy(self, shape: Shape, lattice: Lattice) -> float:
        """That of the entries of every law."""
        share = math.prod(shape) // len(self.laws)
        return sum(law.entropy((share,), lattice) for law in self.laws)


@dataclass(frozen=True)
class Real(Law):
    """A law of one real entry by its uniform transform, for functions that no cdf here has."""

    def transform(self, x: A, xp: ModuleType) -> A:
        """The cdf of every element of `x` in doubles."""
        raise NotImplementedError

    def contains(self, x: A) -> A:
        """Which elements lie in the support."""
        raise NotImplementedError

    def resolution(self, step: float, draw_step: float) -> float:
        """Bound on how far rounding moves the cdf (see `Continuous.resolution`)."""
        raise NotImplementedError


@dataclass(frozen=True)
class LogNormal(Real):
    """A value whose logarithm is normal.

    Source: the documentation of ``torch.Tensor.log_normal_``; Johnson, Kotz & Balakrishnan 1994,
    *Continuous univariate distributions 1*, ch. 14.
    """

    mean: float
    std: float

    def transform(self, x: A, xp: ModuleType) -> A:  # noqa: D102
        z: A = (xp.log(x) - self.mean) / self.std
        cdf: A = xp.special.ndtr(z)
        return cdf

    def contains(self, x: A) -> A:  # noqa: D102
        inside: A = (x > 0) & (x < math.inf)
        return inside

    def resolution(self, step: float, draw_step: float) -> float:
        """A relative step of the value is an absolute one of its logarithm, itself rounded."""
        return step * (1 + abs(self.mean) + self.std) / self.std + draw_step


@dataclass(frozen=True)
class Cauchy(Real):
    """The law of ``median + scale·tan(π(U − 1/2))``.

    Source: the documentation of ``torch.Tensor.cauchy_``; Johnson, Kotz & Balakrishnan 1994,
    ch. 16.
    """

    median: float
    width: float

    def transform(self, x: A, xp: ModuleType) -> A:  # noqa: D102
        angle: A = xp.arctan((x - self.median) / self.width)
        return angle / math.pi + 0.5

    def contains(self, x: A) -> A:  # noqa: D102
        inside: A = abs(x) < math.inf
        return inside

    def resolution(self, step: float, draw_step: float) -> float:
        """The density times a value is at most ``(1/2 + |median|/scale)/π``."""
        return 4 * step * (1 + abs(self.median) / self.width) / math.pi + 2 * draw_step


@dataclass(frozen=True)
class Geometric(Discrete):
    """The number of trials up to the first success, from one on.

    Source: the documentation of ``torch.Tensor.geometric_`` (``P(X = k) = (1 − p)^(k−1) p``);
    Johnson, Kemp & Kotz 2005, *Univariate discrete distributions*, ch. 5.
    """

    p: float

    @property
    def support(self) -> tuple[int, int]:  # noqa: D102
        if self.p == 1:
            return 1, 1
        return 1, math.ceil(math.log(_NEVER) / math.log1p(-self.p))

    @property
    def resolution(self) -> float:
        """A uniform of 24 bits is transformed in single precision, a few steps off."""
        return 2.0**-21

    def fits(self, lattice: Lattice) -> bool:
        """Whether the format holds every whole number that may come."""
        return self.support[1] <= 1 << lattice.digits

    def interval(self, x: A, xp: ModuleType) -> tuple[A, A]:  # noqa: D102
        rate = math.log1p(-self.p)
        return -xp.expm1(x * rate), -xp.expm1((x + 1) * rate)


@dataclass(frozen=True)
class Tabulated(Discrete):
    """A law with a table of probabilities of ``0, 1, …``."""

    @cached_property
    def cumulative(self) -> NDArray[np.float64]:
        """``P(X < k)`` for k from zero to one beyond the largest value."""
        raise NotImplementedError

    @property
    def support(self) -> tuple[int, int]:  # noqa: D102
        return 0, len(self.cumulative) - 2

    def interval(self, x: A, xp: ModuleType) -> tuple[A, A]:  # noqa: D102
        below = xp.asarray(self.cumulative)
        at = xp.asarray(x, dtype=xp.int64)
        return below[at], below[at + 1]

    def possible(self, x: A, xp: ModuleType) -> A:
        """Which elements of the support have a mass."""
        lower, upper = self.interval(x, xp)
        massive: A = upper - lower > 0
        return massive


@dataclass(frozen=True)
class Poisson(Tabulated):
    """The number of events of a rate.

    Source: the documentation of ``torch.poisson``; Johnson, Kemp & Kotz 2005, ch. 4.
    """

    rate: float

    @cached_property
    def cumulative(self) -> NDArray[np.float64]:  # noqa: D102
        counts = np.arange(math.ceil(self.rate + 14 * math.sqrt(self.rate)) + 100)
        most = int((stats.poisson.sf(counts, self.rate) >= _NEVER).sum())
        return np.concatenate([[0.0], stats.poisson.cdf(np.arange(most), self.rate), [1.0]])

    @property
    def resolution(self) -> float:
        """Uniforms of 24 bits are compared, one for each event or one for all."""
        return 2.0**-22

    def fits(self, lattice: Lattice) -> bool:  # noqa: D102
        return self.support[1] <= 1 << lattice.digits

    def possible(self, x: A, xp: ModuleType) -> A:
        """Every count may come; doubles do not show it far out."""
        every: A = x >= 0
        return every


@dataclass(frozen=True)
class Categorical(Tabulated):
    """Number k with a probability in proportion to weight k.

    Source: the documentation of ``torch.multinomial``.
    """

    weights: tuple[float, ...]

    @cached_property
    def cumulative(self) -> NDArray[np.float64]:  # noqa: D102
        sums = np.cumsum(self.weights)
        return np.concatenate([[0.0], sums[:-1] / sums[-1], [1.0]])

    @property
    def resolution(self) -> float:
        """A uniform of 24 bits is compared with sums of weights in single precision."""
        return len(self.weights) * 2.0**-23
