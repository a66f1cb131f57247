"""What the templates show of cells: findings, diagnoses, pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reports import pictures, tensors
from reports.records import Cell, Effect, Finding
from reports.summary import diagnosis, failing_cases
from reports.tensors import Failure, Tensor
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
# Points of the curves of passing cells, all in all, and of one at least.
POINTS_OF_A_PAGE = 20_000
COARSE = 48
# Bytes of markup around a picture.
FIGURE = 120


@dataclass(frozen=True)
class CellView:
    """A cell and all that its section shows.

    Attributes
    ----------
    brief
        Whether the page has no room for its tables.
    crowded
        Whether the page has no room for its pictures.

    """

    anchor: str
    cell: Cell
    findings: tuple[Finding, ...]
    failures: tuple[Failure, ...]
    tensors: tuple[Tensor, ...]
    worst: Finding | None
    effects: tuple[Effect, ...]
    diagnosis: str
    cases: tuple[str, ...]
    brief: bool
    pictures: tuple[pictures.Picture, ...] = ()
    crowded: bool = False

    @property
    def tensor(self) -> str:
        """The tensor that fails worst, if one does and is named."""
        return self.worst.tensor if self.worst and not self.worst.passed else ""

    @property
    def tone(self) -> str:
        """The colour of the verdict: pass, fail, incomplete or unsupported."""
        return tone(self.cell.verdict)

    @property
    def open(self) -> bool:
        """Whether the section starts open."""
        return self.cell.verdict in WRONG

    @property
    def calm(self) -> bool:
        """Whether nothing about the cell needs attention."""
        return self.cell.verdict not in WRONG | INCOMPLETE


def tone(verdict: str) -> str:
    """Return the colour family of a verdict; colours never stand without its word."""
    if verdict in WRONG:
        return "fail"
    return "incomplete" if verdict in INCOMPLETE or verdict == "known defect" else verdict


def views(cells: Iterable[Cell], whole: int | None = None) -> list[CellView]:
    """Return the sections of a page, the most worrying first, without pictures.

    Sections beyond the first `whole`, if given, are brief.
    """
    return [
        _view(f"c{rank}", cell, brief=whole is not None and rank > whole)
        for rank, cell in enumerate(worst_first(cells), start=1)
    ]


def illustrated(cells: Sequence[CellView], alpha: float, room: int) -> list[CellView]:
    """Return sections with as many pictures as fit, the most worrying first.

    Passing cells are drawn more coarsely where there are many.
    """
    points = max(COARSE, min(pictures.POINTS, POINTS_OF_A_PAGE // max(1, len(cells))))
    shown = []
    for view in cells:
        drawn = tuple(_pictures(view, alpha, points))
        size = sum(map(_bytes, drawn))
        if view.brief or size > room:
            shown.append(replace(view, crowded=bool(drawn)))
        else:
            room -= size
            shown.append(replace(view, pictures=drawn))
    return shown


def excluded(cells: Iterable[CellView]) -> dict[str, list[CellView]]:
    """Return the known defects whose region is left out, and the cells it is left out of."""
    found: dict[str, list[CellView]] = defaultdict(list)
    for view in cells:
        for defect in view.cell.excluded:
            found[defect].append(view)
    return dict(sorted(found.items()))


def _view(anchor: str, cell: Cell, *, brief: bool) -> CellView:
    findings = tuple(sorted(cell.findings, key=finding_key))
    failed = [f for f in findings if not f.passed]
    shown = [f.effect for f in findings if f.effect is not None and f.scope == "cell"]
    most = max(1, sum(f.effect is not None and f.scope == "cell" for f in failed))
    return CellView(
        anchor=anchor,
        cell=cell,
        findings=findings,
        failures=tensors.failures(failed),
        tensors=tensors.tensors(cell),
        worst=worst_finding(cell),
        effects=tuple(shown[:most]),
        diagnosis="" if cell.verdict == "pass" else diagnosis(cell),
        cases=failing_cases(cell),
        brief=brief,
    )


def _pictures(view: CellView, alpha: float, points: int) -> Iterable[pictures.Picture]:
    cell = view.cell
    detail = points if cell.verdict == "pass" else pictures.POINTS
    if view.tensors:
        yield from tensors.drawn(view.tensors, cell.tensors, alpha, detail)
        return
    if sum(cell.histogram):
        yield pictures.deviation(cell.histogram, alpha, detail)
        yield pictures.histogram(cell.histogram)
    for drawn in (pictures.signal(cell.signal), pictures.strip(cell.findings, alpha)):
        if drawn is not None:
            yield drawn


def _bytes(picture: pictures.Picture) -> int:
    text = f"{picture.svg}{picture.meaning}"
    return len(text.encode("utf-8", errors="backslashreplace")) + FIGURE
