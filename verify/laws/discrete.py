"""Laws on the integers."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from verify.laws.array import A
from verify.laws.base import Law


@dataclass(frozen=True)
class Discrete(Law):
    """A law of independent, identically distributed whole numbers."""

    @property
    def support(self) -> tuple[int, int]:
        """The smallest and the largest value."""
        raise NotImplementedError

    def interval(self, x: A, xp: ModuleType) -> tuple[A, A]:
        """``P(X < low + x)`` and ``P(X ≤ low + x)``, for every element of `x` in doubles."""
        raise NotImplementedError

    @property
    def resolution(self) -> float:
        """Bound on how far lawful draws move a probability: doubles, if nothing else is said."""
        return 2.0**-52

    def transform(self, x: A, v: A, xp: ModuleType) -> A:
        """The randomised probability-integral transform (see `Rounded.transform`)."""
        lower, upper = self.interval(x, xp)
        return lower + v * (upper - lower)


@dataclass(frozen=True)
class DiscreteUniform(Discrete):
    """Every whole number of ``[low, high)`` alike.

    Source: the documentation of ``torch.randint`` and ``torch.Tensor.random_``.
    """

    low: int
    high: int

    @property
    def support(self) -> tuple[int, int]:  # noqa: D102
        return self.low, self.high - 1

    def interval(self, x: A, xp: ModuleType) -> tuple[A, A]:  # noqa: D102
        count = float(self.high - self.low)
        return x / count, (x + 1) / count


@dataclass(frozen=True)
class Bernoulli(Discrete):
    """One with probability `p`, else zero.

    Source: the documentation of ``torch.bernoulli``.
    """

    p: float

    @property
    def support(self) -> tuple[int, int]:  # noqa: D102
        return (0 if self.p < 1 else 1), (1 if self.p > 0 else 0)

    @property
    def resolution(self) -> float:
        """A uniform draw of 24 bits or more is compared with `p`."""
        return 2.0**-24

    def interval(self, x: A, xp: ModuleType) -> tuple[A, A]:  # noqa: D102
        zero, split = xp.zeros_like(x), 1 - self.p
        if self.p in (0, 1):
            return zero, zero + 1
        return xp.where(x > 0, zero + split, zero), xp.where(x > 0, zero + 1, zero + split)


@dataclass(frozen=True)
class Permutation(Law):
    """Every order of ``0 … n − 1`` alike.

    Source: the documentation of ``torch.randperm``; Knuth, *The Art of Computer Programming 2*,
    sec. 3.3.2 P (the permutation test) for the number of an order.
    """

    n: int

    @property
    def ranked(self) -> bool:
        """Whether there are few enough orders to number them all."""
        return self.n <= 12
