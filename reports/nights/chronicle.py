"""The history of runs as a page and as text."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from reports.evidence import words
from reports.evidence.verdict import RunVerdict
from reports.nights.history import LEGEND, Night, Point, Trace
from reports.page import render, svg

PAGE = "history.html"
# So many runs, the last ones, are drawn, and told in letters.
MOST_RUNS = 60
# So many cells that need attention are told in the terminal.
MOST_TOLD = 40
# Letters of pictures beyond which the calmest cells go without.
MOST_PICTURES = 2_000_000
_STEP = 14
_MOST_LOG_P = 20.0


@dataclass(frozen=True)
class Row:
    """A cell as the page shows it."""

    trace: Trace
    picture: str

    @property
    def where(self) -> str:
        """What, besides its subject, tells a cell from others."""
        cell = self.trace.cell
        return " · ".join(filter(None, (cell.promise, cell.dtype, cell.backend)))

    @property
    def effect(self) -> str:
        """The last effect, with its interval."""
        effect = self.trace.latest.effect
        return words.effect(effect) if effect else ""


def exit_code(nights: Sequence[Night]) -> int:
    """Return that of the last run."""
    return nights[-1].verdict.exit_code


def sentence(nights: Sequence[Night], found: Sequence[Trace]) -> str:
    """Return in one sentence what the last run shows, and what others did."""
    bad = sum(trace.latest.bad for trace in found)
    before = sum(trace.worst.bad for trace in found) - bad
    now = f"{words.plural(bad, 'cell')} need attention" if bad else "No cell needs attention"
    now = now.replace("1 cell need ", "1 cell needs ")
    which = f"the last of {words.plural(len(nights), 'run')}" if len(nights) > 1 else "the only run"
    last = f"{now} in {nights[-1].name}, {which}"
    return f"{last}; {words.count(before)} more did before." if before else f"{last}."


def text(nights: Sequence[Night], found: Sequence[Trace]) -> Iterator[str]:
    """Yield the lines of the text table."""
    yield f"{nights[-1].verdict.upper()}: {words.plain(sentence(nights, found))}"
    yield "runs: " + ", ".join(words.plain(night.name) for night in nights[-MOST_RUNS:])
    yield "letters: " + ", ".join(f"{letter} {name}" for name, letter in LEGEND.items())
    moved = [trace for trace in found if not trace.steady]
    width = max((len(_name(trace)) for trace in moved[:MOST_TOLD]), default=0)
    for trace in moved[:MOST_TOLD]:
        yield f"{_name(trace):<{width}}  {trace.letters[-MOST_RUNS:]}  {words.plain(trace.story)}"
    if len(moved) > MOST_TOLD:
        yield f"… and {words.plural(len(moved) - MOST_TOLD, 'cell')} more: see the page."
    yield f"{words.plural(len(found) - len(moved), 'cell')} without change."


def page(path: Path, nights: Sequence[Night], found: Sequence[Trace], notes: Sequence[str]) -> None:
    """Write the page; OSError is left to the caller."""
    rows = list(_rows(found, nights[-1].run.alpha))
    moved = [row for row in rows if not row.trace.steady]
    calm: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.trace.steady:
            calm[row.trace.cell.promise].append(row)
    render.write(
        path,
        "history.html",
        overview=nights[-1],
        title="run by run",
        sentence=sentence(nights, found),
        nights=nights,
        drawn=min(len(nights), MOST_RUNS),
        cells=len(found),
        moved=moved,
        calm=sorted(calm.items()),
        letters=LEGEND,
        problems=notes,
    )


def sparkline(points: Sequence[Point], alpha: float) -> str:
    """Draw −log10 of the smallest p-values from run to run, and the verdicts as letters."""
    frame = svg.Frame(
        width=_STEP * len(points) + 4, height=46, x=(-0.5, len(points) - 0.5),
        y=(0, _MOST_LOG_P), left=2, right=2, top=3, bottom=15,
    )  # fmt: skip
    seen = [(at, point) for at, point in enumerate(points) if point.verdict is not None]
    marks = [frame.at(at, _log_p(point.p_value)) for at, point in seen]
    left, level = frame.at(-0.5, _log_p(alpha))
    right = frame.at(len(points) - 0.5, 0)[0]
    parts = [f'<path class="limit" d="M{left:g} {level:g}H{right:g}"/>']
    parts += [svg.path("line", marks)] if marks else []
    for tone in (RunVerdict.FAIL, RunVerdict.INCOMPLETE, ""):
        own = [(mark, point) for mark, (_, point) in zip(marks, seen, strict=True)
               if _tone(point) == tone]  # fmt: skip
        if not own:
            continue
        if tone:
            parts += [f'<circle class="{tone}" cx="{x:g}" cy="{y:g}" r="3"/>' for (x, y), _ in own]
        across = " ".join(f"{x:g}" for (x, _), _ in own)
        letters = escape("".join(point.letter for _, point in own))
        parts.append(f'<text class="letter {tone}" x="{across}" y="43">{letters}</text>')
    label = f"Verdicts run by run: {''.join(point.letter for point in points)}"
    return (
        f'<svg class="spark" width="{frame.width}" height="{frame.height}" '
        f'viewBox="0 0 {frame.width} {frame.height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )


def _rows(found: Iterable[Trace], alpha: float) -> Iterator[Row]:
    room = MOST_PICTURES
    for trace in found:
        picture = sparkline(trace.points[-MOST_RUNS:], alpha)
        room -= len(picture)
        yield Row(trace, picture if room >= 0 else "")


def _tone(point: Point) -> str:
    if point.verdict is None or not point.verdict.needs_attention:
        return ""
    return RunVerdict.FAIL if point.verdict.is_wrong else RunVerdict.INCOMPLETE


def _log_p(p_value: float) -> float:
    return min(_MOST_LOG_P, -math.log10(p_value)) if p_value > 0 else _MOST_LOG_P


def _name(trace: Trace) -> str:
    cell = trace.cell
    return words.plain(
        " · ".join(filter(None, (cell.title, cell.dtype, cell.backend, cell.promise)))
    )
