"""Describe a model: find the law of every tensor from some dozens of builds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from initlaws.builds import Builds, Place, Progress, Unusable, with_threads
from initlaws.descriptions.choosing import NO_LAW, Line, choose, preference
from initlaws.descriptions.evidence import evidence
from initlaws.descriptions.formulas import DEFAULT, Formula, default_words
from initlaws.descriptions.gathering import Gathered, Gathering
from initlaws.descriptions.patterns import literal
from initlaws.descriptions.structures import REVIEW, WRITTEN, fixed, structure
from initlaws.descriptions.subjects import Subject
from initlaws.descriptions.writing import Entry, laws_file, quoted, table
from initlaws.reporting import Observed

_SHOWN = 4
"""Alternatives that are named; all are counted."""

_MARKS = ("AMBIGUOUS", "REVIEW")
"""How a sentence begins that asks for a decision of the author's."""

_HEADS = ("name", "shape", "dtype", "mean", "std", "smallest", "largest", "law")


@dataclass(frozen=True)
class Row:
    """A parameter or buffer, and the law that was found.

    Attributes
    ----------
    place : Place
    observed : Observed
        Of all entries in all builds.
    law : str
        What the laws file says of it; empty where it needs to say nothing.
    words : str
        The same for the eye.
    evidence : str
        What speaks for it, in a sentence.
    alternatives : tuple of str
        Other laws, in words, that its values and those of its line can have come from.
    """

    place: Place
    observed: Observed
    law: str
    words: str
    evidence: str
    alternatives: tuple[str, ...] = ()

    @property
    def ambiguous(self) -> bool:
        """Whether another law would do as well."""
        return bool(self.alternatives)


@dataclass(frozen=True)
class Description:
    """The laws that a model's builds show.

    Attributes
    ----------
    called : str
        What builds it.
    seed, builds : int
    rows : tuple of Row
        One for each parameter and buffer.
    entries : tuple of entry
        The lines of the laws file.
    """

    called: str
    seed: int
    builds: int
    rows: tuple[Row, ...]
    entries: tuple[Entry, ...]

    def laws_file(self) -> str:
        """Python source that defines ``LAWS``."""
        called = quoted(self.called)[1:-1].replace('"', "'")
        return laws_file(
            f"Described from {self.builds} builds of {called} (seed {self.seed}) under torch "
            f"{torch.__version__}.",
            self.entries,
        )

    def table(self) -> str:
        """Name, shape, dtype, what was observed, and the law, for the eye."""
        return table(_HEADS, [_cells(row) for row in self.rows], left=(0, 1, 2, 7))

    def summary(self) -> str:
        """How many lines there are, and how many ask to be looked at."""
        marks = [s.partition(":")[0] for _, _, above in self.entries for s in above]
        marked = [f"{n} marked {mark}" for mark in _MARKS if (n := marks.count(mark))]
        many = "lines" if len(self.entries) > 1 else "line"
        return f"{len(self.entries)} {many}, {' and '.join(marked) or 'none marked'}: review them."


def _cells(row: Row) -> tuple[str, ...]:
    place, seen = row.place, row.observed
    numbers = (seen.mean, seen.std, seen.low, seen.high)
    return (
        place.name,
        "×".join(map(str, place.shape)) or "·",
        place.dtype,
        *("" if math.isnan(number) else f"{number:.4g}" for number in numbers),
        row.words + (" (ambiguous)" if row.ambiguous else ""),
    )


@with_threads(1)
def describe(builds: Builds, count: int = 24, progress: Progress | None = None) -> Description:
    """Find the law of every parameter and buffer of a model.

    Parameters
    ----------
    builds : Builds
    count : int
        How many builds are looked at, two or more.
    progress : callable, optional

    Raises
    ------
    initlaws.builds.Unusable
        If the model cannot be built or holds no values, or if builds are too few.
    """
    if count < 2:
        raise Unusable("one build shows no law: describe from two or more.")
    found = _gathered(builds, count, progress)
    needed = {name: each for name, each in found.items() if _needs_line(each)}
    choice = choose(needed, builds.places)
    rows = {name: _without_line(each) for name, each in found.items() if name not in needed}
    entries = list[Entry]()
    for line in choice.lines:
        entries.append((line.pattern, line.claim, tuple(_above(line, choice.subjects, count))))
        for place in line.places:
            rows[place.name] = _row(line, found[place.name], choice.subjects)
    for place in builds.places:
        entries += ((literal(n), f"Same({quoted(place.name)})", ()) for n in place.names[1:])
    ordered = tuple(rows[place.name] for place in builds.places)
    return Description(builds.called, builds.seed, count, ordered, tuple(entries))


def _gathered(builds: Builds, count: int, progress: Progress | None) -> dict[str, Gathered]:
    gatherings = {place.name: Gathering(place, count) for place in builds.places}
    for number in range(count):
        for name, tensor in builds.values(number).items():
            gatherings[name].add(tensor)
        if progress:
            progress(number + 1, count)
    return {name: each.gathered() for name, each in gatherings.items()}


def _needs_line(found: Gathered) -> bool:
    """Buffers that are written, and the same in every build, need none, but for constants."""
    if not found.place.is_buffer or found.first is None:
        return True
    return any(said.rank >= REVIEW or said.words != WRITTEN for said in structure(found))


def _without_line(found: Gathered) -> Row:
    words = fixed(found.place, found.first).words if found.first is not None else ""
    return Row(found.place, found.observed, "", words, f"the same in {found.builds} builds")


def _row(line: Line, found: Gathered, subjects: Mapping[str, Subject]) -> Row:
    name = found.place.name
    own = [subjects[name]] if name in subjects else []
    return Row(
        place=found.place,
        observed=found.observed,
        law=line.claim,
        words=_words(line.formula, found),
        evidence=evidence(line.formula, own, 1, found.builds),
        alternatives=tuple(each.words for each in line.alternatives),
    )


def _words(formula: Formula, found: Gathered) -> str:
    words = default_words(found.place) if formula is DEFAULT else formula.words
    if not formula.of:
        return words
    return "; ".join([words, *(f"row {row} is {value:g}" for row, value in found.rows.items())])


def _above(line: Line, subjects: Mapping[str, Subject], builds: int) -> Iterator[str]:
    """The sentences above a line of the file."""
    looked_at = [subjects[p.name] for p in line.places if p.name in subjects]
    yield evidence(line.formula, looked_at, len(line.places), builds)
    if line.formula.rank >= REVIEW:
        yield f"REVIEW: {line.formula.review}"
    elif line.formula.words == WRITTEN:
        yield "REVIEW: no law gives these values; if they look drawn, does the build set a seed?"
    if line.alternatives:
        named = [each.words for each in line.alternatives[:_SHOWN]]
        more = len(line.alternatives) - len(named)
        others = ", ".join(named) + (f" and {more} more" if more else "")
        yield f"AMBIGUOUS: {line.formula.words} is the simplest; {others} would do as well"


def likely(values: Tensor, place: Place) -> str:
    """The best short guess at the law of a tensor, in words; empty when nothing fits.

    Parameters
    ----------
    values : Tensor
        Of one build or of several, of shape ``(builds, numel)``.
    place : Place
    """
    if not place.tensor.numel() or values.numel() % place.tensor.numel():
        return ""
    stacked = values.reshape(-1, *place.shape)
    gathering = Gathering(place, len(stacked))
    for each in stacked:
        gathering.add(each)
    found = gathering.gathered()
    if found.first is not None and len(stacked) == 1:
        words = fixed(place, found.first).words
        if words != WRITTEN:
            return words
        found = replace(found, first=None)
    if known := structure(found):
        best = min(known, key=lambda formula: formula.rank)
        return "" if best.rank >= REVIEW else best.words
    subject = Subject(found, 0)
    options = [formula for formula in subject.candidates() if subject.keeps(formula)]
    best = min(options, key=lambda formula: preference(formula, [subject], {}), default=NO_LAW)
    vague = best is not DEFAULT and not subject.is_telling
    return "" if best is NO_LAW or vague else _words(best, found)
