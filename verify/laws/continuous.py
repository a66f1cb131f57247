"""Continuous laws of independent entries: uniform, normal, exponential."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType

from scipy import special as host_special

from verify.laws.arguments import require_reals
from verify.laws.array import A
from verify.laws.base import Family, Law, Shape
from verify.laws.lattice import Lattice
from verify.laws.square import Square

_HALF = math.sqrt(0.5)
"""What a part of a complex value has of its standard deviation."""


@dataclass(frozen=True)
class Continuous(Law):
    """A continuous law of independent, identically distributed entries."""

    @property
    def support(self) -> tuple[float, float]:
        """Closed support ``(a, b)``, infinite where unbounded."""
        raise NotImplementedError

    @property
    def scale(self) -> float:
        """A width over which the density is spread, in units of the values."""
        raise NotImplementedError

    @property
    def max_scaled_density(self) -> float:
        """The density's supremum times `scale` (no unit)."""
        raise NotImplementedError

    @property
    def typical_magnitude(self) -> float:
        """A magnitude M with ``|x|·f(x) ≤ M·sup f`` for every x, where f is the density.

        A rounding moves a value by at most so many steps of its own magnitude, and so the cdf by
        as many steps of M times the largest density (see `resolution`). A value nearer to zero
        than M may be the difference of numbers of that size: it is moved like one of size M (see
        `displacement`). Any M above the least one is right, but sees less.
        """
        raise NotImplementedError

    @property
    def max_magnitude(self) -> float:
        """A magnitude that no value exceeds: the probability is below 1e-18."""
        return self.typical_magnitude + 9 * self.scale

    @property
    def is_accurate_in_float32(self) -> bool:
        """Whether the cdf loses no more in float32 than rounding the values to it does."""
        return True

    @property
    def is_rounded(self) -> bool:
        """Whether backends promise the reals of this law rounded to nearest (see `Rounded`)."""
        return True

    @property
    def is_half_open(self) -> bool:
        """Whether the upper bound of the support is excluded."""
        return False

    def widened(self, lattice: Lattice, held: Lattice) -> Continuous:
        """The law of all the reals that may be rounded to a value of the support.

        Parameters
        ----------
        lattice : Lattice
            Of the values.
        held : Lattice
            Of the parameters.
        """
        return self

    def cdf(self, x: A, special: ModuleType = host_special) -> A:
        """Cumulative distribution function of every element of `x`, in `x`'s precision.

        Parameters
        ----------
        x : float, array or tensor
        special : module
            ``scipy.special``, or ``torch.special`` for a tensor. There is no namespace for other
            functions: ``abs(x)`` is Python's, and in place of a ``where`` stands
            ``(x < c) * below + (x >= c) * above``, of two branches that are finite everywhere.

        Returns
        -------
        float, array or tensor
            Newly made: it may be written to.
        """
        raise NotImplementedError

    def sf(self, x: A, special: ModuleType = host_special) -> A:
        """Survival function ``P(X > x)``, accurate in the upper tail, of and to what `cdf` is."""
        raise NotImplementedError

    def displacement(self, x: float, step: float) -> float:
        """How far the dtype's lattice can move a value near `x` (see `resolution`)."""
        return 2 * step * max(abs(x), self.typical_magnitude)

    def resolution(self, step: float, draw_step: float) -> float:
        """Bound on how far the dtype's lattice can move the cdf.

        The contract law of a floating dtype is the mathematical law on its lattice. Three
        roundings lie between the two: of the law's parameters to the dtype (half a step), of
        the value (half a step), and at a half-open end the excluded bound, which falls back
        by one step; so a value is displaced by two steps at most. Underneath lies a generator
        of uniforms that is itself a lattice.

        Parameters
        ----------
        step : float
            The dtype's machine epsilon: the lattice step relative to magnitude.
        draw_step : float
            The step of the underlying uniform draws (2^-24 up to float32, else 2^-53).

        Returns
        -------
        float
            ``sup |F(x̃) − F(x)|`` over lawful displacements, at most 1.
        """
        return min(
            1.0,
            2 * self.max_scaled_density * self.typical_magnitude * step / self.scale + draw_step,
        )

    def point_mass(self, step: float, draw_step: float) -> float:
        """Bound on the probability of any single lattice point (see `resolution`)."""
        return min(1.0, self.resolution(step, draw_step) + draw_step)

    @property
    def standard_deviation(self) -> float:
        """That of a symmetric law.

        Raises
        ------
        TypeError
            For a law of which it is not known here.
        """
        raise TypeError(f"no moments are known of {self!r}")

    @property
    def square(self) -> Square:
        """What is known of the squares of a symmetric law; raises as `standard_deviation`."""
        raise TypeError(f"no moments are known of {self!r}")

    def fits(self, lattice: Lattice) -> bool:  # noqa: D102
        ends = (self.max_magnitude if math.isinf(end) else abs(end) for end in self.support)
        return max(ends) <= lattice.largest

    def entropy(self, shape: Shape, lattice: Lattice) -> float:
        """That of independent entries: as many times the entropy of one."""
        if not self.scale > 0:
            return 0.0
        return -math.prod(shape) * math.log2(self.point_mass(lattice.step, lattice.draw_step))

    def demands(self, shape: Shape) -> Iterator[tuple[str, bool]]:  # noqa: D102
        yield "a width that a double can hold", 0 < self.scale < math.inf


@dataclass(frozen=True)
class Uniform(Continuous):
    """The uniform law on ``[low, high)``.

    Source: the documentation of ``torch.nn.init.uniform_``; Glorot & Bengio 2010, eq. 16,
    and He et al. 2015, sec. 2.2, for the symmetric bounds.
    """

    low: float
    high: float
    of_variance: bool = field(default=False, repr=False)
    """Whether the bounds were chosen for the variance that they give."""

    def __post_init__(self) -> None:
        require_reals(self, "low", "high")

    @classmethod
    def for_variance(cls, *, bound: float) -> Uniform:
        """U(−bound, bound), whose bound was chosen for the variance ``bound² / 3``.

        Of a complex value that variance is shared by its parts, so each has the bound
        ``bound / √2`` (see `components`). A bound that is given for itself is
        ``Uniform(-bound, bound)``, for each part too.
        """
        return cls(-bound, bound, of_variance=True)

    @property
    def support(self) -> tuple[float, float]:  # noqa: D102
        return self.low, self.high

    @property
    def family(self) -> Family:  # noqa: D102
        return Family("uniform", ())

    @property
    def scale(self) -> float:  # noqa: D102
        return self.high - self.low

    @property
    def max_scaled_density(self) -> float:  # noqa: D102
        return 1.0

    @property
    def typical_magnitude(self) -> float:
        """The bound farther from zero: the density is the same everywhere."""
        return max(abs(self.low), abs(self.high))

    @property
    def is_half_open(self) -> bool:  # noqa: D102
        return True

    def widened(self, lattice: Lattice, held: Lattice) -> Uniform:  # noqa: D102
        return Uniform(held.round(self.low), held.round(self.high))

    def point_mass(self, step: float, draw_step: float) -> float:
        """Bound on the probability of a lattice point, but for the bounds themselves.

        The draws lie ``scale · draw_step`` apart, and rounding sends to one point at most those
        within one lattice step, the largest of which is the last below `typical_magnitude`.
        """
        widest = step * 2.0 ** (math.ceil(math.log2(self.typical_magnitude)) - 1)
        # The parameters are themselves rounded, so a ratio just short of a whole number counts.
        ratio = widest / (self.scale * draw_step) * (1 + 1e-6)
        return min(1.0, draw_step * (1 + math.floor(ratio)))

    @property
    def standard_deviation(self) -> float:  # noqa: D102
        return self.scale / math.sqrt(12)

    @property
    def square(self) -> Square:  # noqa: D102
        return Square(0.8, 2 / 3)

    def components(self) -> tuple[Uniform, Uniform]:  # noqa: D102
        if not self.of_variance:
            return self, self
        part = Uniform(self.low * _HALF, self.high * _HALF, of_variance=True)
        return part, part

    def demands(self, shape: Shape) -> Iterator[tuple[str, bool]]:  # noqa: D102
        yield "low < high", -math.inf < self.low < self.high < math.inf
        yield from super().demands(shape)

    def cdf(self, x: A, special: ModuleType = host_special) -> A:  # noqa: D102
        return (x - self.low) / (self.high - self.low)

    def sf(self, x: A, special: ModuleType = host_special) -> A:  # noqa: D102
        return (self.high - x) / (self.high - self.low)


@dataclass(frozen=True)
class Normal(Continuous):
    """The normal law with the given mean and standard deviation.

    Source: the documentation of ``torch.nn.init.normal_``; Glorot & Bengio 2010 and
    He et al. 2015, eq. 10, for the standard deviations.
    """

    mean: float
    std: float

    def __post_init__(self) -> None:
        require_reals(self, "mean", "std")

    @property
    def support(self) -> tuple[float, float]:  # noqa: D102
        return -math.inf, math.inf

    @property
    def family(self) -> Family:  # noqa: D102
        return Family("normal", ())

    @property
    def scale(self) -> float:  # noqa: D102
        return self.std

    @property
    def max_scaled_density(self) -> float:  # noqa: D102
        return 1 / math.sqrt(2 * math.pi)

    @property
    def typical_magnitude(self) -> float:
        """One standard deviation beyond the mean: ``|x − mean|·f(x) ≤ std·e^{−1/2}·sup f``."""
        return abs(self.mean) + self.std

    @property
    def standard_deviation(self) -> float:  # noqa: D102
        return self.std

    @property
    def square(self) -> Square:  # noqa: D102
        return Square(2.0, 2.0)

    def components(self) -> tuple[Normal, Normal]:  # noqa: D102
        return Normal(self.mean, self.std * _HALF), Normal(0.0, self.std * _HALF)

    def demands(self, shape: Shape) -> Iterator[tuple[str, bool]]:  # noqa: D102
        yield "std > 0", 0 < self.std < math.inf
        yield "a finite mean", math.isfinite(self.mean)
        yield from super().demands(shape)

    def standardise(self, x: A) -> A:
        """``(x − mean) / std``."""
        return (x - self.mean) / self.std

    def cdf(self, x: A, special: ModuleType = host_special) -> A:  # noqa: D102
        below: A = special.ndtr(self.standardise(x))
        return below

    def sf(self, x: A, special: ModuleType = host_special) -> A:  # noqa: D102
        above: A = special.ndtr(-self.standardise(x))
        return above


@dataclass(frozen=True)
class Exponential(Continuous):
    """The exponential law with the given rate, on (0, ∞).

    Source: the documentation of ``torch.Tensor.exponential_``.
    """

    rate: float

    def __post_init__(self) -> None:
        require_reals(self, "rate")

    @property
    def support(self) -> tuple[float, float]:  # noqa: D102
        return 0.0, math.inf

    @property
    def family(self) -> Family:  # noqa: D102
        return Family("exponential", ())

    @property
    def scale(self) -> float:  # noqa: D102
        return 1 / self.rate

    @property
    def max_scaled_density(self) -> float:  # noqa: D102
        return 1.0

    @property
    def typical_magnitude(self) -> float:
        """Where ``x·f(x)`` is largest; there it is ``sup f / (e·rate)``."""
        return 1 / self.rate

    @property
    def max_magnitude(self) -> float:  # noqa: D102
        return 50 / self.rate

    @property
    def is_rounded(self) -> bool:
        """The logarithm is taken in the dtype's own arithmetic."""
        return False

    def demands(self, shape: Shape) -> Iterator[tuple[str, bool]]:  # noqa: D102
        yield "rate > 0", 0 < self.rate < math.inf
        yield from super().demands(shape)

    def cdf(self, x: A, special: ModuleType = host_special) -> A:  # noqa: D102
        above: A = special.expm1(-self.rate * x)
        return -above

    def sf(self, x: A, special: ModuleType = host_special) -> A:  # noqa: D102
        above: A = special.exp2(-self.rate / math.log(2) * x)
        return above
