"""Cells by promise, subject and dtype: the matrix of all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias

from reports.evidence import promises
from reports.evidence.dtypes import dtype_key
from reports.evidence.records import Verdict
from reports.page.views import CellView
from verify.outcome.promises import FILLS

# Beside rows that need attention, more quiet ones than this are folded.
MOST_CALM = 6
_PLACES = {fill: place for place, fill in enumerate(FILLS)}


@dataclass(frozen=True, order=True)
class Column:
    """What the cells under one heading share: a backend, if a matrix has several, and a dtype."""

    backend: str
    place: tuple[int, str]

    @property
    def dtype(self) -> str:
        """The dtype, as it is written."""
        return self.place[1]


@dataclass(frozen=True)
class Row:
    """One subject of a matrix: its cell under each column, if there is one.

    Attributes
    ----------
    aside
        What tells rows of one subject apart: the item without backend, dtype and subject.

    """

    subject: str
    entries: tuple[CellView | None, ...]
    aside: str = ""

    @property
    def cells(self) -> list[CellView]:
        """The cells of the row, in the order of the columns."""
        return [view for view in self.entries if view]

    @property
    def calm(self) -> bool:
        """Whether no cell of the row needs attention."""
        return all(view.calm for view in self.cells)


_Placed: TypeAlias = tuple[Column, CellView]


@dataclass(frozen=True)
class Law:
    """A law as it is said to readers, and the cells that are held to it."""

    words: str
    formula: str
    history: str
    source: str
    cells: tuple[CellView, ...]


@dataclass(frozen=True)
class Part:
    """Some rows of a matrix, and the sections that they link to."""

    rows: tuple[Row, ...]
    cells: tuple[CellView, ...]

    @property
    def subjects(self) -> int:
        """How many subjects the rows are of."""
        return len({row.subject for row in self.rows})

    @property
    def laws(self) -> list[Law]:
        """The cells by what is promised of them, so that it is said once."""
        found: dict[tuple[str, str, str, str], list[CellView]] = defaultdict(list)
        for view in self.cells:
            cell = view.cell
            said = (cell.law_words, cell.law_formula, cell.law_history, cell.source)
            found[said].append(view)
        return [Law(*said, cells=tuple(views)) for said, views in found.items()]


@dataclass(frozen=True)
class Group:
    """All cells of one promise: what needs attention, and what is folded away beside it."""

    promise: str
    title: str
    columns: tuple[Column, ...]
    cells: tuple[CellView, ...]
    shown: Part
    folded: Part

    @property
    def open(self) -> bool:
        """Whether the group starts open: something in it needs attention."""
        return not all(view.calm for view in self.cells)

    @property
    def fill(self) -> str:
        """The fill method that the promise is about."""
        return promises.fill(self.promise)

    @property
    def tally(self) -> list[tuple[Verdict, int]]:
        """How many cells have each verdict, the most worrying first."""
        counts = Counter(view.cell.verdict for view in self.cells)
        return sorted(counts.items(), key=lambda entry: entry[0].rank)

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, as they are shown one below the other."""
        return (*self.shown.rows, *self.folded.rows)

    @property
    def subjects(self) -> int:
        """How many subjects are held to the promise."""
        return self.shown.subjects + self.folded.subjects

    @property
    def backends(self) -> list[tuple[str, int]]:
        """The backends, and how many columns each has."""
        return list(Counter(column.backend for column in self.columns).items())

    @property
    def edges(self) -> set[int]:
        """The columns at which a backend begins."""
        amounts = [amount for _, amount in self.backends]
        return {0, *accumulate(amounts[:-1])}


def groups(cells: Iterable[CellView]) -> list[Group]:
    """Return cells by promise: what is wrong, what has gaps, the rest; each by `promises.rank`."""
    return _groups({"": cells})


def across(pages: Mapping[str, Iterable[CellView]]) -> list[Group]:
    """Return the cells of several backends by promise, as far as backends share one."""
    own = {name: [view for view in cells if view.cell.backend] for name, cells in pages.items()}
    return [group for group in _groups(own) if len(group.backends) > 1]


def _groups(pages: Mapping[str, Iterable[CellView]]) -> list[Group]:
    by_promise: dict[str, list[_Placed]] = defaultdict(list)
    for backend, cells in pages.items():
        for view in cells:
            column = Column(backend, dtype_key(view.cell.dtype))
            by_promise[view.cell.promise].append((column, view))
    return sorted((_group(*entry) for entry in by_promise.items()), key=_urgency)


def _group(promise: str, placed: Sequence[_Placed]) -> Group:
    columns = sorted({column for column, _ in placed})
    cells = tuple(view for _, view in placed)
    rows = list(_rows(placed, columns))
    wrong = [row for row in rows if not row.calm]
    calm = [row for row in rows if row.calm]
    folding = wrong and len(calm) > MOST_CALM
    shown, folded = (wrong, calm) if folding else (rows, [])
    parts = (_part(shown, cells), _part(folded, cells))
    return Group(promise, promises.title(promise), tuple(columns), cells, *parts)


def _rows(placed: Iterable[_Placed], columns: Sequence[Column]) -> Iterable[Row]:
    """Yield a row for each subject, or several where it has two cells under one column."""
    by_subject: dict[str, list[_Placed]] = defaultdict(list)
    for column, view in placed:
        by_subject[view.cell.title].append((column, view))
    for subject, own in by_subject.items():
        alone = len({column for column, _ in own}) == len(own)
        by_aside: dict[str, dict[Column, CellView]] = defaultdict(dict)
        for column, view in own:
            aside = "" if alone else _aside(view)
            while column in by_aside[aside]:
                aside += "′"
            by_aside[aside][column] = view
        for aside, found in by_aside.items():
            yield Row(subject, tuple(found.get(column) for column in columns), aside)


def _aside(view: CellView) -> str:
    """Return what an item is called, without what its row and column say already."""
    cell = view.cell
    function, _, parameters = cell.nodeid.rpartition("::")[2].partition("[")
    said = {cell.backend, cell.dtype, cell.subject, cell.witness}
    return "-".join((function, *(p for p in parameters.rstrip("]").split("-") if p not in said)))


def _part(rows: Sequence[Row], cells: Iterable[CellView]) -> Part:
    subjects = {row.subject for row in rows}
    return Part(tuple(rows), tuple(view for view in cells if view.cell.title in subjects))


def _urgency(group: Group) -> tuple[bool, bool, int, int]:
    """Order groups: what is wrong first; those of one fill method stand together."""
    wrong = any(view.cell.verdict.is_wrong for view in group.cells)
    return (not wrong, not group.open, _PLACES[group.fill], promises.rank(group.promise))
