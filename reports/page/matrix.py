"""Cells by promise, subject and dtype: the matrix of all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import starmap

from reports.evidence import promises
from reports.evidence.records import Verdict
from reports.page.views import CellView

# Beside rows that need attention, more quiet ones than this are folded.
MOST_CALM = 6
_DTYPES = ("float64", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Row:
    """One subject of a matrix: its cells under each dtype."""

    subject: str
    entries: tuple[tuple[CellView, ...], ...]

    @property
    def calm(self) -> bool:
        """Whether no cell of the row needs attention."""
        return all(view.calm for entry in self.entries for view in entry)


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
    dtypes: tuple[str, ...]
    cells: tuple[CellView, ...]
    shown: Part
    folded: Part

    @property
    def open(self) -> bool:
        """Whether the group starts open: something in it needs attention."""
        return not all(view.calm for view in self.cells)

    @property
    def tally(self) -> list[tuple[Verdict, int]]:
        """How many cells have each verdict, the most worrying first."""
        counts = Counter(view.cell.verdict for view in self.cells)
        return sorted(counts.items(), key=lambda entry: entry[0].rank)

    @property
    def subjects(self) -> int:
        """How many subjects are held to the promise."""
        return len(self.shown.rows) + len(self.folded.rows)


def groups(cells: Iterable[CellView]) -> list[Group]:
    """Return cells by promise: what is wrong, what has gaps, the rest; each by `promises.rank`."""
    by_promise: dict[str, list[CellView]] = defaultdict(list)
    for view in cells:
        by_promise[view.cell.promise].append(view)
    return sorted(starmap(_group, by_promise.items()), key=_urgency)


def _group(promise: str, cells: Sequence[CellView]) -> Group:
    dtypes = sorted({view.cell.dtype for view in cells}, key=_dtype_key)
    rows = _rows(cells, dtypes)
    wrong = [row for row in rows if not row.calm]
    calm = [row for row in rows if row.calm]
    folding = wrong and len(calm) > MOST_CALM
    shown, folded = (wrong, calm) if folding else (rows, [])
    parts = (_part(shown, cells), _part(folded, cells))
    return Group(promise, promises.title(promise), tuple(dtypes), tuple(cells), *parts)


def _rows(cells: Iterable[CellView], dtypes: Iterable[str]) -> list[Row]:
    table: dict[str, dict[str, list[CellView]]] = defaultdict(lambda: defaultdict(list))
    for view in cells:
        table[view.cell.title][view.cell.dtype].append(view)
    return [
        Row(subject, tuple(tuple(entries[dtype]) for dtype in dtypes))
        for subject, entries in table.items()
    ]


def _part(rows: Sequence[Row], cells: Iterable[CellView]) -> Part:
    subjects = {row.subject for row in rows}
    return Part(tuple(rows), tuple(view for view in cells if view.cell.title in subjects))


def _urgency(group: Group) -> tuple[bool, bool, int]:
    wrong = any(view.cell.verdict.is_wrong for view in group.cells)
    return (not wrong, not group.open, promises.rank(group.promise))


def _dtype_key(dtype: str) -> tuple[int, str]:
    return (_DTYPES.index(dtype) if dtype in _DTYPES else len(_DTYPES), dtype)
