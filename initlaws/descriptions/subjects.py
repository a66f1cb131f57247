"""A random tensor whose law is looked for, and the formulas that its values can have come from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from initlaws.builds import Place
from initlaws.descriptions.fits import Values, centred, moments_agree
from initlaws.descriptions.formulas import DEFAULT, Formula, between, formula, means, parts_of
from initlaws.descriptions.gathering import Gathered
from initlaws.descriptions.kinds import UNIFORM, Kind, kinds
from initlaws.descriptions.scales import Scale, constants, of_sizes
from verify.laws import Continuous, Law
from verify.subjects.recipes.claims import Blocks, Rows


@dataclass(frozen=True)
class Subject:
    """A random tensor whose law is looked for.

    Attributes
    ----------
    found : Gathered
    layers : int
        How many there are of what it belongs to; 0 if it belongs to none.
    """

    found: Gathered
    layers: int

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.found.place

    @cached_property
    def values(self) -> Values:
        """Its random values."""
        return Values.of(self.found)

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """Those that its values can have come from."""
        return kinds(self.values)

    @property
    def is_telling(self) -> bool:
        """Whether a formula that agrees by chance is unlikely."""
        return any(kind.estimate(self.values)[1] < 0.02 for kind in self.kinds)

    def candidates(self) -> Iterator[Formula]:
        """Every formula that is tried."""
        yield DEFAULT
        middles = tuple(means(self.values))
        for kind in self.kinds:
            if kind is UNIFORM and middles != (0.0,):
                yield from between(self.values)
                continue
            for mean in middles:
                for scale in self._scales(kind):
                    yield formula(kind, mean, scale)
                if mean == 0 and (parts := parts_of(self.place)) > 1:
                    for scale in of_sizes(1):
                        yield replace(formula(kind, mean, scale, parts), rank=scale.rank + 0.5)

    def _scales(self, kind: Kind) -> Iterator[Scale]:
        estimate, error = kind.estimate(self.values)
        whole = math.sqrt(2) if self.place.tensor.is_complex() and kind is not UNIFORM else 1.0
        yield from of_sizes(self.layers)
        least = kind.least(self.values) * whole
        yield from constants(estimate * whole, error, self.place.name, self.layers, least)

    def keeps(self, said: Formula) -> bool:
        """Whether the values can have come from a said."""
        if said.kind and said.kind not in self._named:
            return False
        if self._is_far(said):
            return False
        law = self.law(said)
        return law is not None and moments_agree(law, self.values)

    def _is_far(self, said: Formula) -> bool:
        """Whether the standard deviation alone excludes a formula: most are, and cheaply so."""
        if said.std is None or self.place.tensor.is_complex():
            return False
        try:
            std = said.std(self.place)
        except (ValueError, ZeroDivisionError, IndexError):
            return True
        return not abs(math.log(self.values.std / std)) <= self._tolerances[said.kind]

    @cached_property
    def _tolerances(self) -> dict[str, float]:
        """How far the logarithm of the standard deviation may be off, by the name of the kind."""
        return {kind.name: self.values.tolerance(kind.make(0.0, 1.0)) for kind in self.kinds}

    def law(self, said: Formula) -> Continuous | None:
        """What a formula says of the values; None if nothing, or nothing of their kind."""
        if said.of is None or (said.parts > 1 and said.parts != parts_of(self.place)):
            return None
        try:
            law = said.of(self.place)
        except (ValueError, ZeroDivisionError, IndexError):
            return None
        if said is DEFAULT:
            law = self._default(law)
        return self._part(law) if isinstance(law, Continuous) else None

    def _default(self, law: object) -> object:
        """What the default says of the rows that are random, if the others and its kind agree."""
        row = {law.row % self.place.shape[0]: 0.0} if isinstance(law, Rows) else {}
        inner = law.law if isinstance(law, Rows | Blocks) else law
        named = isinstance(inner, Law) and f"a {inner.family.name}" in self._named
        return inner if named and row == self.found.rows else None

    def _part(self, law: Continuous) -> Continuous:
        """The law of the real part of a complex value; of others itself."""
        if not self.place.tensor.is_complex():
            return law
        part, _ = law.components()
        return part if isinstance(part, Continuous) else law

    @cached_property
    def _named(self) -> frozenset[str]:
        return frozenset(kind.name for kind in self.kinds)


def pooled_scale(said: Formula, subjects: Iterable[Subject]) -> tuple[float, float] | None:
    """The standard deviation of several tensors in that of a formula, and its standard error.

    None if the formula is no density of one of them.
    """
    weights = total = 0.0
    for subject in subjects:
        law = subject.law(said)
        if law is None:
            return None
        weight = subject.values.error(law) ** -2
        weights += weight
        total += weight * subject.found.std / centred(law).standard_deviation
    return (total / weights, 1 / math.sqrt(weights)) if weights else None
