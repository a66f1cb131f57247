"""A law of values of which each follows one of several laws, chosen at random."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from scipy import special as host_special

from verify.laws import Continuous, Lattice
from verify.laws.array import A
from verify.laws.base import Family, Shape


@dataclass(frozen=True)
class Mixture(Continuous):
    """The law ``F(x) = Σ wᵢ Fᵢ(x)`` of independent entries.

    Source: Titterington, Smith & Makov 1985, *Statistical Analysis of Finite Mixture
    Distributions*, eq. 1.1.1.

    Attributes
    ----------
    parts : tuple of (float, Continuous)
        Weights, which add up to 1, and laws.
    """

    parts: tuple[tuple[float, Continuous], ...]

    def __post_init__(self) -> None:
        for weight, law in self.parts:
            if not isinstance(law, Continuous):
                raise TypeError(f"a mixture is of continuous laws, and {law!r} is none")
            if not isinstance(weight, int | float):
                raise TypeError(f"a weight is a number, and {weight!r} is none")

    @property
    def _laws(self) -> tuple[Continuous, ...]:
        return tuple(law for _, law in self.parts)

    @property
    def support(self) -> tuple[float, float]:  # noqa: D102
        return min(law.support[0] for law in self._laws), max(law.support[1] for law in self._laws)

    @property
    def family(self) -> Family:  # noqa: D102
        return Family("mixture")

    @property
    def scale(self) -> float:  # noqa: D102
        return sum(weight * law.scale for weight, law in self.parts)

    @property
    def max_scaled_density(self) -> float:
        """No less than it is: the density is at most the sum of what those of the parts are."""
        highest = sum(weight * law.max_scaled_density / law.scale for weight, law in self.parts)
        return highest * self.scale

    @property
    def typical_magnitude(self) -> float:
        """The largest of the parts': ``|x|·f(x) ≤ Σ wᵢ Mᵢ sup fᵢ``."""
        return max(law.typical_magnitude for law in self._laws)

    @property
    def max_magnitude(self) -> float:  # noqa: D102
        return max(law.max_magnitude for law in self._laws)

    @property
    def is_accurate_in_float32(self) -> bool:  # noqa: D102
        return all(law.is_accurate_in_float32 for law in self._laws)

    @property
    def is_rounded(self) -> bool:  # noqa: D102
        return all(law.is_rounded for law in self._laws)

    @property
    def is_half_open(self) -> bool:
        """Whether every part that reaches the upper end leaves it out."""
        upper = self.support[1]
        return all(law.is_half_open for law in self._laws if law.support[1] == upper)

    def widened(self, lattice: Lattice, held: Lattice) -> Mixture:  # noqa: D102
        return Mixture(tuple((w, law.widened(lattice, held)) for w, law in self.parts))

    def resolution(self, step: float, draw_step: float) -> float:
        """What the lattice moves the cdf of each part by, by its weight."""
        moved = (weight * law.resolution(step, draw_step) for weight, law in self.parts)
        return min(1.0, sum(moved))

    def point_mass(self, step: float, draw_step: float) -> float:  # noqa: D102
        masses = (weight * law.point_mass(step, draw_step) for weight, law in self.parts)
        return min(1.0, sum(masses))

    def demands(self, shape: Shape) -> Iterator[tuple[str, bool]]:  # noqa: D102
        yield "parts", bool(self.parts)
        weights = [weight for weight, _ in self.parts]
        yield "weights above 0 that add up to 1", min(weights) > 0 and math.isclose(sum(weights), 1)
        for law in self._laws:
            yield from law.demands(shape)
        yield from super().demands(shape)

    def cdf(self, x: A, special: ModuleType = host_special) -> A:  # noqa: D102
        first, *others = (weight * law.cdf(_within(law, x), special) for weight, law in self.parts)
        return sum(others, first)

    def sf(self, x: A, special: ModuleType = host_special) -> A:  # noqa: D102
        first, *others = (weight * law.sf(_within(law, x), special) for weight, law in self.parts)
        return sum(others, first)


def _within(law: Continuous, x: A) -> A:
    """The values, those outside the support at its ends: a part's cdf is asked of no others."""
    low, high = law.support
    if math.isfinite(low):
        x = (x < low) * low + (x >= low) * x
    if math.isfinite(high):
        x = (x > high) * high + (x <= high) * x
    return x
