"""What the templates show of cells: findings, diagnoses, pictures."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from reports.evidence.records import CellRecord, Effect, Finding, Verdict
from reports.evidence.verdict import RunVerdict, finding_key, worst_finding, worst_first
from reports.page import decisions, matrices, pictures, tensors, values, widths
from reports.page.tensors import Failure, Tensor
from reports.text.summary import failing_cases, in_plain_words, parts_of_diagnosis

T = TypeVar("T")
GLYPHS = {
    RunVerdict.PASS: "✓",
    RunVerdict.FAIL: "✕",
    RunVerdict.INCOMPLETE: "!",
}
# More effects than this are left to the table.
MOST_EFFECTS = 8


@dataclass(frozen=True)
class CellView:
    """A cell and all that its section shows.

    Attributes
    ----------
    telling
        The finding that speaks for the cell: a failed one, or the most worrying of its pools
        that has an effect to show.
    plainly
        What is wrong, in one sentence that needs no statistics; nothing where the first message is
        one.
    diagnosis
        The tensor that is wrong, if it has a name, and what is wrong; of what passed nothing.
    detail
        The markup of its words, of its tables, and of its pictures, one by one.
    told, inline
        Whether the words, and all the rest, stand in the page as they are; otherwise they are
        packed.

    """

    anchor: str
    cell: CellRecord
    findings: tuple[Finding, ...]
    failures: tuple[Failure, ...]
    tensors: tuple[Tensor, ...]
    worst: Finding | None
    telling: Finding | None
    effects: tuple[Effect, ...]
    plainly: str
    diagnosis: tuple[str, str]
    cases: tuple[str, ...]
    detail: tuple[str, ...] = ()
    told: bool = False
    inline: bool = False

    @property
    def tensor(self) -> str:
        """The tensor that fails worst, if one does and is named."""
        return self.worst.tensor if self.worst and not self.worst.passed else ""

    @property
    def calm(self) -> bool:
        """Whether nothing about the cell needs attention."""
        return not self.cell.verdict.needs_attention

    @property
    def hidden(self) -> tuple[str, ...]:
        """What does not stand in the page, by its places in the detail."""
        if self.inline:
            return ()
        return ("", *self.detail[1:]) if self.told else self.detail

    @property
    def open(self) -> bool:
        """Whether the section starts open."""
        return self.cell.verdict.is_wrong and self.inline

    def pictures(self, alpha: float) -> list[pictures.Picture | None]:
        """Draw what was pooled and what was decided; passing cells with fewer points."""
        return list(_pictures(self, alpha))


def slug(verdict: str) -> str:
    """Return the class of a verdict in the style sheet; colours never stand without its word."""
    return re.sub(r"[^a-z]+", "-", verdict.lower()).strip("-") or "none"


def views(cells: Iterable[CellRecord]) -> list[CellView]:
    """Return the sections of a page, the most worrying first, without their details."""
    return [_view(f"c{rank}", cell) for rank, cell in enumerate(worst_first(cells), start=1)]


def placed(
    cells: Sequence[CellView], details: Iterable[Sequence[str]], words: float, pictures: float
) -> list[CellView]:
    """Give cells their details, and say which of them stand in the page.

    Parameters
    ----------
    cells
        The sections of a page, the most worrying first.
    details
        Of each the markup of its words, its tables and its pictures.
    words, pictures
        The room for words, and that for tables and pictures of what needs attention, in bytes.

    """
    shown = []
    for view, detail in zip(cells, details, strict=True):
        said, *rest = (len(part.encode("utf-8", errors="backslashreplace")) for part in detail)
        told = said <= words
        inline = told and not view.calm and sum(rest) <= pictures
        words -= said if told else 0
        pictures -= sum(rest) if inline else 0
        shown.append(replace(view, detail=tuple(detail), told=told, inline=inline))
    return shown


def defects(cells: Iterable[CellView]) -> dict[str, list[CellView]]:
    """Return the known defects by id, and the cells that they are left out of or witnessed in."""
    found: dict[str, list[CellView]] = defaultdict(list)
    for view in cells:
        for defect in view.cell.defects:
            found[defect].append(view)
    return dict(sorted(found.items()))


def _view(anchor: str, cell: CellRecord) -> CellView:
    findings = tuple(sorted(cell.findings, key=finding_key))
    failed = [f for f in findings if not f.passed]
    pooled = [f for f in findings if f.effect is not None and f.scope == "cell"]
    if not failed:
        pooled.sort(key=lambda finding: finding.p_value is None)
    most = min(MOST_EFFECTS, max(1, sum(not f.passed for f in pooled)))
    worst, diagnosis = worst_finding(cell), parts_of_diagnosis(cell)
    return CellView(
        anchor=anchor,
        cell=cell,
        findings=findings,
        failures=tensors.failures(failed),
        tensors=tensors.tensors(cell),
        worst=worst,
        telling=worst if failed else next(iter(pooled), worst),
        effects=tuple(f.effect for f in pooled[:most] if f.effect is not None),
        plainly=in_plain_words(cell, diagnosis[1]),
        diagnosis=("", "") if cell.verdict is Verdict.PASS else diagnosis,
        cases=failing_cases(cell),
    )


def _pictures(view: CellView, alpha: float) -> Iterable[pictures.Picture | None]:
    """Yield pictures, nothing for what a cell lacks: those of one kind have one place."""
    cell = view.cell
    points = pictures.COARSE if view.calm else pictures.POINTS
    single = sum(cell.histogram) > 0 and not view.tensors
    if single:
        yield _tried(lambda: _of_case(cell, pictures.deviation(cell.histogram, alpha, points)))
        yield _tried(lambda: _of_case(cell, _shape(cell, points)))
    else:
        yield from (None, None)
    yield _tried(lambda: pictures.signal(cell.signal, cell.dtype))
    yield _tried(lambda: decisions.strip(cell.findings, alpha))
    yield _tried(lambda: decisions.effects(cell.findings))
    yield _tried(lambda: decisions.comparisons(cell.findings))
    yield _tried(lambda: widths.widths(cell, view.tensors))
    of_module = _tried(lambda: tensors.module_pictures(view.tensors, cell, alpha, points)) or ()
    for drawn in (*of_module, *_others(view, alpha, points)):
        yield drawn and _of_case(cell, drawn)


def _others(view: CellView, alpha: float, points: int) -> Iterable[pictures.Picture | None]:
    """Yield pictures of what else was added up."""
    cell = view.cell
    for name, counts in cell.others.items():
        if sum(counts):
            curve = _tried(partial(pictures.deviation, counts, alpha, points))
            yield curve and curve.of(name.replace("_", " "))
    wrong = [tensor.tensor for tensor in view.tensors if not tensor.passed]
    for name, draw in matrices.PICTURES.items():
        held = [tensor for tensor, tallies in cell.tallies.items() if name in tallies]
        for tensor in sorted(held, key=lambda each: each not in wrong)[:1]:
            drawn = _tried(partial(draw, cell.tallies[tensor][name]))
            yield drawn.of(tensor) if drawn and tensor else drawn
    failed = {finding.check for finding in cell.findings if not finding.passed}
    for name, sums in cell.places.items():
        # Of one case there are few values at each place: they say something where they failed.
        if cell.of_case and name not in failed:
            continue
        yield _tried(partial(pictures.places, name, sums, alpha))


def _of_case(cell: CellRecord, drawn: pictures.Picture) -> pictures.Picture:
    """Say of a picture that it shows one case, or that what failed in one is not in it."""
    if cell.of_case:
        return drawn.of("The case that failed")
    left_out = any(not f.passed and f.scope == "case" for f in cell.findings)
    return drawn.of("The cases that passed") if left_out else drawn


def _shape(cell: CellRecord, points: int) -> pictures.Picture:
    """Draw values over their density; where that is not known, the transforms in bins."""
    drawn = values.values(cell.histogram, cell.families.get(""), points)
    return drawn or pictures.histogram(cell.histogram)


def _tried(draw: Callable[[], T]) -> T | None:
    """Return what is drawn; nothing for numbers that no axis holds, such as NaN."""
    try:
        return draw()
    except (ArithmeticError, ValueError):
        return None
