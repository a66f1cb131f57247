"""What needs attention: one fault for each cause, worst first by what it means for a user."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from reports.evidence import promises
from reports.evidence.causes import Cause, Kind, causes, sharpest_first
from reports.evidence.diagnosis import COUNTS, SHARES, Subject, clause, deviation, measure, percent
from reports.evidence.dtypes import dtype_key
from reports.evidence.records import CellRecord, Defect, Finding
from reports.evidence.verdict import cell_key, known_on
from reports.evidence.words import big, count, listing, number, plural, ratio

_KINDS = {"complex": ("complex",), "real": ("float", "bfloat"), "whole": ("int", "uint")}
# The bar of a size ends where it is this power of ten of the smallest that would have been found.
MOST_DECADES = 3


@dataclass(frozen=True)
class Place:
    """A subject, and those of its cells that show a fault, by dtype."""

    subject: str
    cells: tuple[CellRecord, ...]

    @property
    def cell(self) -> CellRecord:
        """The cell that leads to the others."""
        return self.cells[0]


@dataclass(frozen=True)
class Fault:
    """Cells with one cause; the first speaks for all.

    Attributes
    ----------
    causes
        What each cell says of it, the sharpest first.
    tried
        The dtypes and the backends of all cells of its subjects and promises.
    known
        What was known to be wrong before the run, by id.

    """

    causes: tuple[Cause, ...]
    tried: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    known: Mapping[str, Defect] = field(default_factory=dict)

    @cached_property
    def worst(self) -> Cause:
        """What speaks for all: of those that looked at most values the one of middle size."""
        most = max(cause.finding.n if cause.finding else 0 for cause in self.causes)
        seen = [c for c in self.causes if c.finding is None or c.finding.n == most]
        middle = sorted(map(_middle, seen))[len(seen) // 2]
        return min(
            (cause for cause in seen if _middle(cause) == middle),
            key=lambda cause: cell_key(cause.cell),
        )

    @property
    def cell(self) -> CellRecord:
        """The cell that speaks for all."""
        return self.worst.cell

    @property
    def finding(self) -> Finding | None:
        """The finding that speaks for all; None where there is no result."""
        return self.worst.finding

    @property
    def kind(self) -> Kind:
        """What it means for a user, at worst."""
        return min((cause.kind for cause in self.causes), key=lambda kind: kind.rank)

    @property
    def label(self) -> str:
        """What is wrong, in a word: the kind, or why there is no result."""
        return self.cell.verdict if self.kind is Kind.GAP else self.kind

    @cached_property
    def cells(self) -> tuple[CellRecord, ...]:
        """The cells, that which speaks first, then the most worrying."""
        found = {cause.cell.nodeid: cause.cell for cause in self.causes}
        rest = sorted((cell for cell in found.values()), key=cell_key)
        return tuple({cell.nodeid: cell for cell in (self.cell, *rest)}.values())

    @cached_property
    def sentence(self) -> str:
        """What is wrong, in one sentence."""
        if self.defect:
            return f"known on {known_on(self.known, [self.defect])}: {self.defect}"
        worst, asked = self.worst, dict.fromkeys(cause.question for cause in self.causes)
        raised = worst.key[0] == "raises"
        if raised and (len(asked) > 1 or (worst.finding and worst.finding.check == "raises")):
            return clause(f"a lawful call fails: {worst.answer}")
        if len(asked) > 1:
            return _of_questions(self.causes, worst.answer)
        tensors = dict.fromkeys(name for cause in self.causes for name in cause.tensors)
        return replace(worst, tensors=tuple(sorted(tensors))).sentence

    @property
    def defect(self) -> str:
        """The known defect of other backends that explains all of it, by its id; or nothing."""
        return self.worst.key[1] if self.kind is Kind.KNOWN else ""

    @property
    def questions(self) -> str:
        """The ids of its questions, which known defects name, folded; nothing if it has none."""
        asked = (cause.finding.question for cause in self.causes if cause.finding)
        return listing(filter(None, dict.fromkeys(asked)))

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Its dtypes, in the order of readers."""
        return tuple(sorted({cell.dtype for cell in self.cells} - {""}, key=dtype_key))

    @property
    def backends(self) -> tuple[str, ...]:
        """Its backends by name."""
        return tuple(sorted({cell.backend for cell in self.cells} - {""}))

    @property
    def places(self) -> tuple[Place, ...]:
        """Its subjects, each once, and their cells: that which speaks for all leads."""
        return _places(self.cells)

    @property
    def by_promise(self) -> dict[str, tuple[Place, ...]]:
        """Its subjects and cells under the title of each promise."""
        found: dict[str, list[CellRecord]] = defaultdict(list)
        for cell in sorted(self.cells, key=_by_promise):
            found[promises.title(cell.promise)].append(cell)
        return {title: _places(cells) for title, cells in found.items()}

    @property
    def where(self) -> str:
        """Where it shows, folded: ``xavier_uniform_ and 6 more · float32 · cpu · law``."""
        subjects = listing(place.subject for place in self.places)
        promised = listing(
            dict.fromkeys(cell.promise for cell in sorted(self.cells, key=_by_promise))
        )
        return " · ".join(filter(None, (subjects, self.of_dtypes, self.on_backends, promised)))

    @property
    def of_dtypes(self) -> str:
        """Its dtypes, folded: ``all dtypes``, ``all dtypes but float16``."""
        return _all_but(self.dtypes, self.tried[0], "dtypes")

    @property
    def on_backends(self) -> str:
        """Its backends, folded likewise."""
        return _all_but(self.backends, self.tried[1], "backends")

    @property
    def since(self) -> str:
        """The first night in which it showed, by its run seed; nothing of a single run."""
        seeds = {seed for cell in self.cells for seed in cell.failed_nights}
        return min(seeds, key=lambda seed: (len(seed), seed), default="")

    @property
    def size(self) -> str:
        """How large it is, without the name of what was measured."""
        finding = None if self.defect else self.finding
        shown = Subject(self.cell, finding).effect if finding else None
        if finding is None or shown is None or math.isnan(shown.estimate):
            return ""
        counted = finding.detectable is not None and finding.detectable.of is not None
        if counted and shown.name != "width":
            return f"{count(round(shown.estimate))} of {big(finding.n)}"
        if finding.check in SHARES:
            return percent(shown.estimate)
        shown_size = (ratio if shown.unit == "× law" else number)(shown.estimate)
        return f"{shown_size} {shown.unit}".strip()

    @property
    def smallest(self) -> str:
        """The smallest size that would have been found."""
        seen = Subject(self.cell, self.finding).smallest if self.finding else None
        if seen is None or not math.isfinite(seen.size) or self.defect:
            return ""
        if seen.unit == "relative" or (self.finding and self.finding.check in SHARES):
            return percent(seen.size) if seen.size < 10 else f"{number(seen.size, 2)} times"
        if seen.of is not None:
            return plural(math.ceil(seen.size), "value")
        return f"{number(seen.size, 2)} {seen.unit}".strip()

    @property
    def decades(self) -> float:
        """By how many of `MOST_DECADES` powers of ten it exceeds the smallest, from 0 to 1."""
        seen = Subject(self.cell, self.finding).smallest if self.finding else None
        off = abs(self._off)
        if not (seen and 0 < seen.size < math.inf and 0 < off < math.inf):
            return math.nan
        return min(1.0, max(0.0, math.log10(off / seen.size) / MOST_DECADES))

    @property
    def _off(self) -> float:
        return math.nan if self.finding is None else deviation(self.cell, self.finding)

    @property
    def _largest(self) -> float:
        """How far it is off, as a share of the values where it counts them."""
        if self.finding and measure(self.cell, self.finding) in COUNTS:
            return Subject(self.cell, self.finding).share
        return abs(self._off)

    def key(self) -> tuple[object, ...]:
        """Order faults: what they mean, how large they are, how far they reach."""
        off = math.nan if self.defect else self._largest
        unknown = math.isnan(off)
        gap = self.cell.verdict.rank if self.kind is Kind.GAP else 0
        largest = 0.0 if unknown else min(1.0, off)
        return (
            self.kind.rank,
            gap,
            unknown,
            -largest,
            -len(self.cells),
            self.sentence,
            self.cell.nodeid,
        )


def faults(cells: Iterable[CellRecord], known: Mapping[str, Defect] | None = None) -> list[Fault]:
    """Return what needs attention, one fault for each cause, the worst first.

    Parameters
    ----------
    cells
        Those of a run, or of a page.
    known
        What was known to be wrong before the run, by id.

    """
    every = list(cells)
    found = [cause for cell in every if cell.verdict.needs_attention for cause in causes(cell)]
    groups: dict[tuple[str, ...], list[list[Cause]]] = defaultdict(list)
    for cause in sharpest_first(found):
        alike = groups[cause.key]
        # Each joins the leader that it may belong to and whose size is nearest.
        near = [group for group in alike if cause.is_as(group[0])]
        if near:
            min(near, key=lambda group: _distance(group[0], cause)).append(cause)
        else:
            alike.append([cause])
    whole = _folded([Fault(tuple(group)) for alike in groups.values() for group in alike])
    tried = _tried(every)
    told = (replace(fault, tried=_near(fault, tried), known=known or {}) for fault in whole)
    return sorted(told, key=Fault.key)


def parted(found: Sequence[Fault]) -> tuple[list[Fault], list[Fault]]:
    """Return the faults of the backends' own, and what other backends are known to do."""
    own = [fault for fault in found if not fault.defect]
    return own, [fault for fault in found if fault.defect]


def _folded(found: Sequence[Fault]) -> list[Fault]:
    """Join questions that differ in their case alone: answered alike in the same cells."""
    folded: dict[object, list[Fault]] = defaultdict(list)
    for fault in found:
        cause = fault.worst
        is_case = cause.question and cause.finding and cause.finding.case == cause.question
        nodeids = frozenset(cell.nodeid for cell in fault.cells)
        alike = is_case and cause.key[0] != "raises"
        folded[(cause.key[0], cause.answer, nodeids) if alike else id(fault)].append(fault)
    return [Fault(tuple(c for f in group for c in f.causes)) for group in folded.values()]


def _of_questions(found: Sequence[Cause], answer: str) -> str:
    """Return several questions in one sentence: what they share is said once."""
    findings = [cause.finding for cause in found if cause.finding]
    stems = {finding.asked for finding in findings}
    ways = dict.fromkeys(finding.under for finding in findings)
    if len(stems) == 1 and all(ways):
        listed = listing(way.replace(", ", "/") for way in ways)
        return f"{clause(stems.pop())} under {listed}"
    asked = dict.fromkeys(cause.question for cause in found)
    return ": ".join(filter(None, (listing(map(clause, asked), most=2), clause(answer))))


def _places(cells: Iterable[CellRecord]) -> tuple[Place, ...]:
    by_subject: dict[str, list[CellRecord]] = defaultdict(list)
    for cell in cells:
        by_subject[cell.title or cell.nodeid].append(cell)
    return tuple(Place(subject, tuple(found)) for subject, found in by_subject.items())


def _by_promise(cell: CellRecord) -> tuple[int, str, str, tuple[int, str], str]:
    promise = cell.promise
    return promises.rank(promise), promise, cell.title, dtype_key(cell.dtype), cell.nodeid


def _tried(cells: Iterable[CellRecord]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Return by promise and subject in which dtypes and on which backends it was looked at."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for cell in cells:
        found[cell.promise, cell.title].add((cell.dtype, cell.backend))
    return found


def _near(
    fault: Fault, tried: Mapping[tuple[str, str], set[tuple[str, str]]]
) -> tuple[frozenset[str], frozenset[str]]:
    asked = {(cell.promise, cell.title) for cell in fault.cells}
    near = {place for pair in asked for place in tried[pair]}
    return frozenset(dtype for dtype, _ in near), frozenset(backend for _, backend in near)


def _all_but(names: Sequence[str], tried: frozenset[str], noun: str) -> str:
    rest = sorted(tried - {*names, ""})
    if not rest:
        return f"all {noun}" if len(names) > 2 else listing(names)
    for kind, begins in _KINDS.items():
        if len(names) > 1 and {*names} == {name for name in tried if name.startswith(begins)}:
            return f"{kind} {noun}"
    return f"all {noun} but {rest[0]}" if len(rest) == 1 and len(names) > 2 else listing(names, 4)


def _distance(some: Cause, other: Cause) -> float:
    return abs(_middle(some) - _middle(other))


def _middle(cause: Cause) -> float:
    """Return the size that a cause has of its own; 0 of what has none."""
    sized = cause.finding is not None and all(map(math.isfinite, cause.span))
    return Subject(cause.cell, cause.finding).effect.estimate if sized and cause.finding else 0.0
