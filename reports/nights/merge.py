"""Parts of one run joined, and the evidence of several nights added up.

Whatever parts are given, and in whatever order and groups they are merged, the result is the
same, byte for byte; only where two accounts of one cell under one run seed contradict each
other, the worse verdict is kept beside the evidence of the part that is first by its path.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from reports.evidence import store
from reports.evidence.records import Line, Verdict
from reports.evidence.words import plural
from reports.nights.parts import (
    Part,
    Refused,
    all_nights,
    identities_of,
    parts,
    refuse_unlike,
    run_line,
    suite_versions_note,
)
from reports.nights.pool import Pool, Unlike, digest
from verify.checks.bounds import ALPHA

T = TypeVar("T")


@dataclass(frozen=True)
class Result:
    """What came of a merge.

    Attributes
    ----------
    text
        The evidence file.
    notes
        A sentence for each thing that was not simply added.
    complete
        Whether every line of every part could be used.

    """

    text: str
    notes: tuple[str, ...]
    complete: bool


def merge(paths: Sequence[Path]) -> Result:
    """Merge report folders and evidence files.

    Raises
    ------
    Refused
        If the parts do not belong together, or none can be used.

    """
    notes: list[str] = []
    given = parts(paths, notes)
    if not given:
        raise Refused(f"{' '.join(notes).rstrip('.')}: name report folders or evidence files")
    refuse_unlike(given)
    notes += suite_versions_note(given)
    runs = [run for part in given for run in part.runs]
    several = len(all_nights(runs)) > 1
    alpha = float(runs[0].get("alpha") or ALPHA)
    unread: list[str] = []
    lines, said = (
        _added(_Pooled(alpha=alpha), given, unread) if several else _added(_Joined(), given, unread)
    )
    text = "".join(f"{line}\n" for line in (store.canonical(run_line(runs)), *lines))
    whole = len(given) == len(paths) and not unread
    return Result(text, (*notes, *unread, *said), whole)


def _added(
    merged: _Merged[T], given: Sequence[Part], unread: list[str]
) -> tuple[Iterator[str], list[str]]:
    """Add the cells of all parts; return their lines, and what there is to say.

    `unread` gets a sentence for each line that cannot be used.
    """
    for part in given:
        for seed, cell in part.cells(merged.read, unread):
            merged.add(part, seed, cell)
    merged.finish(given)
    return merged.lines(), merged.notes()


@dataclass
class _Merged(ABC, Generic[T]):
    """Cells that are added in turn, and what is there twice: as before, or otherwise."""

    again: Counter[str] = field(default_factory=Counter)
    conflicts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @abstractmethod
    def read(self, line: Line, seed: str) -> T:
        """Return what a cell line holds; raise one of `store.MALFORMED` where it cannot."""

    @abstractmethod
    def add(self, part: Part, seed: str, cell: T) -> None:
        """Add a cell; raise `Refused` where it does not belong to the others."""

    @abstractmethod
    def lines(self) -> Iterator[str]:
        """Yield the serialised cells, in order of their node ids."""

    def finish(self, given: Sequence[Part]) -> None:
        """See to what is missing; whoever reads the cells of one run sees it without help."""

    def notes(self) -> list[str]:
        """What was not simply added, one sentence each."""
        found = [
            f"{plural(amount, 'result')} in {path} had been added already, and count once."
            for path, amount in sorted(self.again.items())
        ]
        found += [
            f"Run seed {seed} has two accounts of {plural(len(names), 'cell')}, such as "
            f"{names[0]}: the worse verdict of each was kept."
            for seed, names in sorted(self.conflicts.items())
        ]
        return found


@dataclass
class _Joined(_Merged[Line]):
    """The cells of one run, each as its part wrote it."""

    texts: dict[str, str] = field(default_factory=dict)

    def read(self, line: Line, seed: str) -> Line:
        store.canonical(line)  # What cannot be written again is of no use either.
        return line

    def add(self, part: Part, seed: str, cell: Line) -> None:
        name, text = cell["nodeid"], store.canonical(cell)
        old = self.texts.setdefault(name, text)
        if old is text:
            return
        if old == text:
            self.again[f"{part.path}"] += 1
            return
        known = json.loads(old)
        if Verdict.LOST not in (known["verdict"], cell["verdict"]):
            self.conflicts[seed].append(name)
        self.texts[name] = store.canonical(min(known, cell, key=_worse_line))

    def lines(self) -> Iterator[str]:
        yield from (self.texts[name] for name in sorted(self.texts))


@dataclass
class _Pooled(_Merged[Pool]):
    """The cells of several nights, added up as they come."""

    alpha: float = ALPHA
    pools: dict[str, Pool] = field(default_factory=dict)

    def read(self, line: Line, seed: str) -> Pool:
        return Pool.from_line(line, seed)

    def add(self, part: Part, seed: str, cell: Pool) -> None:
        name = cell.identity["nodeid"]
        known = self.pools.get(name)
        try:
            self.pools[name] = cell if known is None else self._added(part, known, cell)
        except Unlike as difference:
            raise Refused(
                f"the parts are of different suites: {name} in {part.path} {difference}"
            ) from None

    def _added(self, part: Part, one: Pool, other: Pool) -> Pool:
        less, more = sorted((other, one), key=lambda pool: len(pool.nights))
        rest, whole = less.found(more), more.found(less)
        if rest is None or whole is None:
            return rest or whole or one
        both = rest.nights.keys() & whole.nights.keys()
        if not both:
            return whole + rest
        if rest.nights.keys() - both:
            raise Refused(
                f"{part.path} and another part both hold the night of run seed {min(both)}, each "
                f"among other nights: give the nights themselves"
            )
        return self._twice(part, whole, rest)

    def _twice(self, part: Part, whole: Pool, again: Pool) -> Pool:
        """Count what is there already once, and keep the worse of two verdicts."""
        for seed, night in sorted(again.nights.items()):
            if night["digest"] == whole.nights[seed]["digest"]:
                self.again[f"{part.path}"] += 1
            else:
                self.conflicts[seed].append(whole.identity["nodeid"])
                worse = min(night, whole.nights[seed], key=_worse_night)
                whole = whole.with_night(seed, worse)
        return whole

    def finish(self, given: Sequence[Part]) -> None:
        """Give a night that planned a cell, and has no result of it, the verdict "lost"."""
        planned: dict[str, set[str]] = defaultdict(set)
        for seed, name in (each for part in given for each in part.planned):
            planned[seed].add(name)
        identities = identities_of(run for part in given for run in part.runs)
        for seed, names in planned.items():
            seen = {name for name, pool in self.pools.items() if seed in pool.nights}
            for line in store.lost(names, seen, identities):
                known, lost = self.pools.get(line["nodeid"]), Pool.from_line(line, seed)
                self.pools[line["nodeid"]] = lost if known is None else known + lost

    def lines(self) -> Iterator[str]:
        for name in sorted(self.pools):
            yield store.canonical(self.pools[name].to_line(self.alpha))


def _worse_line(line: Line) -> tuple[bool, int, str]:
    verdict = Verdict(line["verdict"])
    return (verdict is Verdict.LOST, verdict.rank, digest(line))


def _worse_night(night: Line) -> tuple[int, str]:
    return (Verdict(night["verdict"]).rank, night["digest"])
