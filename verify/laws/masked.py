"""The masked law: independent values, those near zero set to zero."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from verify.laws.arguments import require_reals
from verify.laws.array import A
from verify.laws.base import Law, Shape
from verify.laws.continuous import Uniform
from verify.laws.lattice import Lattice


@dataclass(frozen=True)
class Masked(Law):
    """Independent uniform values, of which those nearer to zero than `threshold` are zeroed.

    ``W = X · 1(|X| ≥ t)`` with X uniform: an atom at zero of mass ``P(|X| < t)``, and X
    conditioned on ``|X| ≥ t`` beside it. Given ``W = 0``, X is uniform on what was masked; so
    zeros replaced by independent draws from there give independent values of X again, exactly
    (the randomised probability-integral transform, in units of the values: Ferguson 1967,
    *Mathematical Statistics*, sec. 5.3).

    Attributes
    ----------
    law : Uniform
        Of the values before the mask.
    threshold : float
        Positive; some value must be able to reach it.
    """

    law: Uniform
    threshold: float

    def __post_init__(self) -> None:
        if not isinstance(self.law, Uniform):
            raise TypeError(f"Masked needs a Uniform law, not {self.law!r}")
        require_reals(self, "threshold")

    def fits(self, lattice: Lattice) -> bool:  # noqa: D102
        return self.law.fits(lattice)

    def demands(self, shape: Shape) -> Iterator[tuple[str, bool]]:  # noqa: D102
        yield "low < high", self.law.low < self.law.high
        yield "a threshold within reach", 0 < self.threshold < self.law.typical_magnitude

    @property
    def masked(self) -> Uniform:
        """The law of what became zero."""
        low, high = self.law.support
        return Uniform(max(low, -self.threshold), min(high, self.threshold))

    @property
    def zeros(self) -> float:
        """The probability of a zero."""
        return self.masked.scale / self.law.scale

    def restored(self, v: A) -> A:
        """What a zero may have been, for every `v` uniform on [0, 1)."""
        return self.masked.low + self.masked.scale * v
