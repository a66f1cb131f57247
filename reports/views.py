"""What the templates show: cells with their pictures, matrices, panels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports import pictures
from reports.records import Cell, Effect, Finding
from reports.summary import diagnosis
from reports.verdict import INCOMPLETE, WRONG, finding_key, worst_finding, worst_first

GLYPHS = {
    "pass": "✓",
    "fail": "✕",
    "timed out": "◷",
    "crashed": "↯",
    "lost": "?",
    "error": "!",
    "not run": "–",
    "known defect": "⚑",
    "unsupported": "○",
    "incomplete": "!",
}
TITLES = {
    "law": "Laws",
    "gain": "Gains",
    "fan": "Fans",
    "convolution": "Identity convolutions",
    "deprecation": "Deprecated aliases",
    "known defect": "Known defects of PyTorch",
}
_DTYPES = ("float64", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Failure:
    """One diagnosis, and the findings that share it."""

    message: str
    findings: tuple[Finding, ...]

    @property
    def cases(self) -> tuple[str, ...]:
        """The cases that show it."""
        return tuple(dict.fromkeys(f.case for f in self.findings if f.case))


@dataclass(frozen=True)
class CellView:
    """A cell and all that its section shows."""

    anchor: str
    cell: Cell
    findings: tuple[Finding, ...]
    failures: tuple[Failure, ...]
    worst: Finding | None
    effects: tuple[Effect, ...]
    diagnosis: str
    pictures: tuple[pictures.Picture, ...]

    @property
    def tone(self) -> str:
        """The colour of the verdict: pass, fail, incomplete or unsupported."""
        return tone(self.cell.verdict)

    @property
    def open(self) -> bool:
        """Whether the section starts open."""
        return self.cell.verdict in WRONG

    @property
    def search(self) -> str:
        """The text that the page's filter looks at."""
        cell = self.cell
        words = (cell.subject, cell.dtype, cell.promise, cell.law_words, cell.law_formula)
        return " ".join((*words, *(f.check for f in self.findings))).lower()


@dataclass(frozen=True)
class Row:
    """One subject of a matrix: its cells under each dtype."""

    subject: str
    entries: tuple[tuple[CellView, ...], ...]


@dataclass(frozen=True)
class Group:
    """All cells of one promise: a matrix and the sections it links to."""

    promise: str
    title: str
    dtypes: tuple[str, ...]
    rows: tuple[Row, ...]
    cells: tuple[CellView, ...]


def tone(verdict: str) -> str:
    """Return the colour family of a verdict; colours never stand without its word."""
    if verdict in WRONG:
        return "fail"
    return "incomplete" if verdict in INCOMPLETE or verdict == "known defect" else verdict


def views(cells: Iterable[Cell], alpha: float, points: int) -> list[CellView]:
    """Return the sections of a page, the most worrying first.

    Cells that are not in order keep all their pictures; `points` thins, or with 0 leaves out,
    those of passing ones.
    """
    ordered = enumerate(worst_first(cells), start=1)
    return [_view(f"c{index}", cell, alpha, points) for index, cell in ordered]


def groups(cells: Sequence[CellView]) -> list[Group]:
    """Return cells by promise: laws first, then in the order of their worst cells."""
    by_promise: dict[str, list[CellView]] = defaultdict(list)
    for view in cells:
        by_promise[view.cell.promise].append(view)
    known = sorted(by_promise, key=lambda promise: promise != "law")
    return [_group(promise, by_promise[promise]) for promise in known]


def excluded(cells: Iterable[CellView]) -> dict[str, list[CellView]]:
    """Return the known defects whose region is left out, and the cells it is left out of."""
    found: dict[str, list[CellView]] = defaultdict(list)
    for view in cells:
        for defect in view.cell.excluded:
            found[defect].append(view)
    return dict(sorted(found.items()))


def _view(anchor: str, cell: Cell, alpha: float, points: int) -> CellView:
    findings = tuple(sorted(cell.findings, key=finding_key))
    detail = points if cell.verdict == "pass" else pictures.POINTS
    failed = [f for f in findings if not f.passed]
    shown = [f.effect for f in findings if f.effect is not None and f.scope == "cell"]
    most = max(1, sum(f.effect is not None and f.scope == "cell" for f in failed))
    return CellView(
        anchor=anchor,
        cell=cell,
        findings=findings,
        failures=tuple(_failures(failed)),
        worst=worst_finding(cell),
        effects=tuple(shown[:most]),
        diagnosis="" if cell.verdict == "pass" else diagnosis(cell),
        pictures=tuple(_pictures(cell, alpha, detail)) if detail else (),
    )


def _failures(failed: Iterable[Finding]) -> Iterable[Failure]:
    """Group failed findings by what they say, in their order."""
    by_message: dict[str, list[Finding]] = defaultdict(list)
    for finding in failed:
        by_message[finding.message or finding.check].append(finding)
    return (Failure(message, tuple(found)) for message, found in by_message.items())


def _pictures(cell: Cell, alpha: float, points: int) -> Iterable[pictures.Picture]:
    if sum(cell.histogram):
        yield pictures.deviation(cell.histogram, alpha, points)
        yield pictures.histogram(cell.histogram)
    strip = pictures.strip(cell.findings, alpha)
    if strip is not None:
        yield strip


def _group(promise: str, cells: Sequence[CellView]) -> Group:
    dtypes = sorted({view.cell.dtype for view in cells}, key=_dtype_key)
    subjects = dict.fromkeys(view.cell.subject for view in cells)
    table: dict[tuple[str, str], list[CellView]] = defaultdict(list)
    for view in cells:
        table[view.cell.subject, view.cell.dtype].append(view)
    rows = (Row(s, tuple(tuple(table[s, dtype]) for dtype in dtypes)) for s in subjects)
    title = TITLES.get(promise, promise.replace("_", " ").capitalize())
    return Group(promise, title, tuple(dtypes), tuple(rows), tuple(cells))


def _dtype_key(dtype: str) -> tuple[int, str]:
    return (_DTYPES.index(dtype) if dtype in _DTYPES else len(_DTYPES), dtype)
