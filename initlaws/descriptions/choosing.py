"""Choose one formula for each group of tensors, by what explains the most of a model."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from initlaws.audits.glances import repeated
from initlaws.builds import Place
from initlaws.descriptions.casting import cast_dtypes, uncast
from initlaws.descriptions.computed import norms
from initlaws.descriptions.fits import ERRORS
from initlaws.descriptions.formulas import DEFAULT, Formula
from initlaws.descriptions.gathering import Gathered
from initlaws.descriptions.kinds import NORMAL, kinds
from initlaws.descriptions.patterns import grouped, layers
from initlaws.descriptions.rivals import DIGITS, ODD, Options, is_constant, rivals
from initlaws.descriptions.structures import copy_of, structure, unchecked
from initlaws.descriptions.subjects import Subject, pooled_scale

_FAR = 3.5
"""Standard errors beyond which a formula is preferred to none that is nearer: 1 in 2,000."""

_REFUTED = 3.0
"""The same for a constant of two digits, of all tensors that it agrees with: one always is near."""

NO_LAW = unchecked("its values follow no law that is looked for")


@dataclass(frozen=True)
class Line:
    """A line of a laws file.

    Attributes
    ----------
    pattern : str
    places : tuple of Place
        Exactly those that it matches.
    formula : Formula
    claim : str
        Its code.
    alternatives : tuple of Formula
        Others that agree with all that the formula is said of.
    """

    pattern: str
    places: tuple[Place, ...]
    formula: Formula
    claim: str
    alternatives: tuple[Formula, ...] = ()


@dataclass(frozen=True)
class Choice:
    """What was chosen for a model.

    Attributes
    ----------
    lines : tuple of Line
    subjects : mapping
        The tensors whose density was looked at, by name.
    """

    lines: tuple[Line, ...]
    subjects: Mapping[str, Subject]


def choose(found: Mapping[str, Gathered], every: Sequence[Place]) -> Choice:
    """The lines for a model.

    Parameters
    ----------
    found : mapping
        What was gathered of each tensor that needs a line, by name.
    every : sequence of Place
        All parameters and buffers.
    """
    options: dict[str, Options] = {}
    subjects: dict[str, Subject] = {}
    copied, named = copies(found), {place.name: place for place in every}
    for name, each in found.items():
        if name in copied:
            formula = copy_of(copied[name])
            options[name] = {formula.code: formula}
        elif each.first is None and (computed := norms(each.place, named)):
            options[name] = {computed.code: computed}
        elif known := structure(each):
            options[name] = {formula.code: formula for formula in known}
        else:
            subjects[name] = Subject(each, layers(each.place, every))
    options |= _densities(subjects)
    groups = _Groups(found, options, subjects)
    places = [each.place for each in found.values()]
    return Choice(tuple(groups.lines(tuple(grouped(places, every, groups.agree)))), subjects)


def copies(found: Mapping[str, Gathered]) -> dict[str, str]:
    """Random tensors that hold in every build what another one holds, and that other."""
    return repeated(
        {
            name: (each.digest, each.place.shape, each.place.dtype)
            for name, each in found.items()
            if each.first is None
        }
    )


def _densities(subjects: Mapping[str, Subject]) -> dict[str, Options]:
    """Of each tensor, the formulas of all tensors that its values can have come from."""
    pool: dict[str, Formula] = {}
    for subject in subjects.values():
        for formula in subject.candidates():
            pool.setdefault(formula.key, formula)
    return {
        name: {key: formula for key, formula in pool.items() if subject.keeps(formula)}
        or _lawless(subject)
        for name, subject in subjects.items()
    }


def _lawless(subject: Subject) -> Options:
    """What is said of values that no formula agrees with: all but a few of them may have a law."""
    values, inner = subject.values, subject.values.without_outliers
    fitting = kinds(inner) if inner else ()
    if not (inner and fitting):
        return {NO_LAW.code: NO_LAW}
    farthest = max(values.low, values.high, key=lambda each: abs(each - inner.mean))
    said = unchecked(
        f"{fitting[0].name} of std {inner.std:.2g}, but for outliers: the farthest is "
        f"{farthest:.4g}, {abs(farthest - inner.mean) / inner.std:.0f} standard deviations off",
        advice="; a Mixture asks it of all but the outliers",
    )
    return {said.code: said}


class _Groups:
    """What may be said of several tensors by one line."""

    def __init__(
        self,
        found: Mapping[str, Gathered],
        options: Mapping[str, Options],
        subjects: Mapping[str, Subject],
    ) -> None:
        self.found = found
        self.options = options
        self.subjects = subjects

    def agree(self, places: Sequence[Place]) -> bool:
        """Whether one formula may be said of all."""
        return bool(self.common(places))

    def common(self, places: Sequence[Place]) -> Options:
        """The formulas that agree with each tensor and with all together."""
        first, *others = (place.name for place in places)
        rows = [self.found[n].rows for n in (first, *others) if n in self.subjects]
        if any(each != rows[0] for each in rows):
            return {}
        keys = set(self.options[first]).intersection(*(self.options[name] for name in others))
        looked_at = self._looked_at(places)
        return {
            key: formula
            for key, formula in self.options[first].items()
            if key in keys and (not others or _agrees_with_all(formula, looked_at))
        }

    def lines(self, groups: Sequence[tuple[str, tuple[Place, ...]]]) -> Iterator[Line]:
        """The line of each group."""
        commons = [self.common(places) for _, places in groups]
        votes = Counter[str]()
        for (_, places), common in zip(groups, commons, strict=True):
            telling = [p for p in places if (s := self.subjects.get(p.name)) and s.is_telling]
            votes.update(dict.fromkeys(common, len(telling)))
        refuted = self._refuted(groups, commons)
        chosen = [
            self._best(places, common, votes, refuted)
            for (_, places), common in zip(groups, commons, strict=True)
        ]
        cast = cast_dtypes(
            (self.subjects[place.name], formula)
            for (_, places), formula in zip(groups, chosen, strict=True)
            for place in places
            if place.name in self.subjects
        )
        every = zip(groups, chosen, rivals(chosen, commons), strict=True)
        for (pattern, places), formula, others in every:
            final = uncast(formula, places, self.subjects, cast)
            rows = self.found[places[0].name].rows if final.of else {}
            alternatives = others if final is formula else ()
            yield Line(pattern, places, final, final.claim(rows), alternatives)

    def _best(
        self,
        places: Sequence[Place],
        common: Options,
        votes: Mapping[str, int],
        refuted: Collection[str],
    ) -> Formula:
        looked_at = self._looked_at(places)
        return min(common.values(), key=lambda each: preference(each, looked_at, votes, refuted))

    def _refuted(
        self, groups: Sequence[tuple[str, tuple[Place, ...]]], commons: Sequence[Options]
    ) -> set[str]:
        """Constants of two digits that agree with each of several groups, but not with all.

        And those divided by the number of layers that are said of nothing without it.
        """
        formulas: dict[str, Formula] = {}
        of: dict[str, list[Subject]] = defaultdict(list)
        for (_, places), common in zip(groups, commons, strict=True):
            for key, formula in {} if DEFAULT.key in common else common.items():
                if is_constant(formula) and DIGITS <= formula.rank < ODD:
                    formulas[key] = formula
                    of[key] += self._looked_at(places)
        codes = {formula.code for common in commons for formula in common.values()}
        alone = {
            formula.key
            for common in commons
            for formula in common.values()
            if formula.ground and not formula.needs and formula.rank >= DIGITS
            if formula.ground not in codes
        }
        return alone | {key for key, each in formulas.items() if _errors(each, of[key]) > _REFUTED}

    def _looked_at(self, places: Sequence[Place]) -> list[Subject]:
        return [self.subjects[p.name] for p in places if p.name in self.subjects]


def _agrees_with_all(formula: Formula, subjects: Sequence[Subject]) -> bool:
    """Whether the pooled scale agrees too; rounding allowed for."""
    few = 5 / max(1, sum(subject.found.count for subject in subjects))
    return _errors(formula, subjects, few) <= ERRORS


def _errors(formula: Formula, subjects: Sequence[Subject], allowed: float = 0.0) -> float:
    """By how many standard errors the pooled scale is off; rounding allowed for."""
    pooled = pooled_scale(formula, subjects)
    if pooled is None:
        return 0.0
    ratio, error = pooled
    rounding = max(subject.values.lattice.step for subject in subjects)
    return max(0.0, abs(ratio - 1) - allowed - rounding) / error


def preference(
    formula: Formula,
    subjects: Sequence[Subject],
    votes: Mapping[str, int],
    refuted: Collection[str] = (),
) -> tuple[object, ...]:
    """PyTorch's default, then what is not far off, explains the most tensors, is the simplest."""
    return (
        formula is not DEFAULT,
        formula.key in refuted
        or (formula.by_depth and len(subjects) == 1)
        or _errors(formula, subjects) > _FAR,
        # A bound that few values kept may not be one: a normal is safer where it is possible.
        formula.kind != NORMAL.name and not votes.get(formula.key, 0),
        formula.rank >= ODD,
        -votes.get(formula.key, 0),
        formula.rank,
        formula.code,
    )
