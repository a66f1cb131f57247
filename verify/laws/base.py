"""What every law answers for itself, so that nobody asks of which kind it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from verify.laws.lattice import Lattice

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Family:
    """Of which kind a law is, and what shapes it once location and scale are taken off.

    Attributes
    ----------
    name : str
    parameters : tuple of float or None
        In units of the law's own location and scale. None where they are not known, or are not
        the same in all that was pooled.
    """

    name: str
    parameters: tuple[float, ...] | None = None

    def __or__(self, other: Family) -> Family:
        """What is true of both: the same family, its name alone, or that there are several."""
        if self == other:
            return self
        return Family(self.name if self.name == other.name else "several")


class Law:
    """The law of the entries of one tensor."""

    @property
    def family(self) -> Family:
        """By default the name of the class; a density is known of those that say more."""
        return Family(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(self).__name__).lower())

    def is_random(self, shape: Shape) -> bool:
        """Whether a tensor of that shape leaves something to chance."""
        return 0 not in shape

    def fits(self, lattice: Lattice) -> bool:
        """Whether no value is too large for a format."""
        return True

    def entropy(self, shape: Shape, lattice: Lattice) -> float:
        """A lower bound for the min-entropy of a tensor, in bits; 0 where none is known.

        No tensor is drawn with a probability above ``2^−entropy``, so independent draws agree in
        every entry with that probability at most.
        """
        return 0.0

    def components(self) -> tuple[Law, ...]:
        """The laws of the real and the imaginary part of a complex tensor: they are independent.

        One law alone is that of both parts together, as if they were a last axis of two.

        A standard deviation is that of the complex value, ``E|z − mean|² = std²``, shared equally
        by the parts; so is the variance for which the bounds of a Glorot or He initializer are
        chosen. Bounds that the user gives hold for each part. What is known exactly is real.

        Source: the documentation of ``torch.randn`` (complex: "unit variance", each part 1/2);
        Trabelsi et al. 2018, *Deep complex networks*, sec. 3.6 (``Var(W) = E|W|²``).

        Raises
        ------
        TypeError
            For a law without a complex counterpart.
        """
        raise TypeError(
            f"the law {self!r} has no complex counterpart: define components(), or give its row "
            "dtypes without complex ones"
        )

    def demands(self, shape: Shape) -> Iterator[tuple[str, bool]]:
        """What the law asks of its numbers and of its tensor, in words, and whether it is so.

        Each may presume those before it.
        """
        yield from ()
