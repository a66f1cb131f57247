"""Seeded streams that are not the same bits in two runs: subject by dtype by layout."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.evidence.records import CellRecord


@dataclass(frozen=True)
class Tally:
    """The streams of one cell: fixed cases under one fixed seed."""

    compared: int
    changed: int

    def __str__(self) -> str:
        """As a table shows it."""
        return "all" if self.changed == self.compared else f"{self.changed} of {self.compared}"


@dataclass(frozen=True)
class Streams:
    """What became of all seeded streams that both runs have.

    Attributes
    ----------
    rows
        Subjects with changes: for each dtype that changed, the tally of every promise that
        changed; the promises are the layouts and the other fill methods.
    dtypes
        Those that changed somewhere.
    compared, changed, cells, changed_cells
        Streams, and cells that have any.

    """

    rows: Mapping[str, Mapping[str, Mapping[str, Tally]]]
    dtypes: tuple[str, ...]
    compared: int
    changed: int
    cells: int
    changed_cells: int

    @property
    def grouped(self) -> list[tuple[list[str], list[tuple[list[str], Mapping[str, Tally]]]]]:
        """Subjects that changed alike, each group with its dtypes that changed alike."""
        groups: dict[str, list[str]] = defaultdict(list)
        for subject, row in self.rows.items():
            groups[str(row)].append(subject)
        return [(names, _alike(self.rows[names[0]])) for names in groups.values()]


def streams(pairs: Iterable[tuple[CellRecord, CellRecord]]) -> Streams:
    """Compare the fingerprints of cells that are in both runs."""
    rows: dict[str, dict[str, dict[str, Tally]]] = {}
    tallies = []
    for before, after in pairs:
        tally = _tally(before.streams, after.streams)
        if tally.compared:
            tallies.append(tally)
        if tally.changed:
            row = rows.setdefault(after.subject, {}).setdefault(after.dtype, {})
            row[after.promise.replace("_", " ")] = tally
    return Streams(
        rows=dict(sorted(rows.items())),
        dtypes=tuple(sorted({dtype for row in rows.values() for dtype in row})),
        compared=sum(tally.compared for tally in tallies),
        changed=sum(tally.changed for tally in tallies),
        cells=len(tallies),
        changed_cells=sum(tally.changed > 0 for tally in tallies),
    )


def _tally(before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]) -> Tally:
    cases = before.keys() & after.keys()
    return Tally(len(cases), sum(before[case] != after[case] for case in cases))


def _alike(row: Mapping[str, Mapping[str, Tally]]) -> list[tuple[list[str], Mapping[str, Tally]]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for dtype, promises in sorted(row.items()):
        groups[str(promises)].append(dtype)
    return [(dtypes, row[dtypes[0]]) for dtypes in groups.values()]
