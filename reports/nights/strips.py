"""Verdicts run by run as pictures: one small bar for each run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from reports.evidence.records import Verdict
from reports.nights.history import Point
from reports.page import svg

# So many runs, the last ones, are drawn, and told in letters.
MOST_RUNS = 60
_WIDTH = 300
_STEPS = (5, 14)
_HEIGHT, _FLOOR = 32, 29
_MOST_LOG_P = 20.0
# How high a bar stands at least, in pixels, and where there is no p-value to tell.
_LEAST, _MIDDLE = 2.0, 9.0


def strip(points: Sequence[Point], alpha: float, turns: Sequence[int] = ()) -> str:
    """Draw a bar for each run: as high as −log10 of the smallest p-value, coloured by verdict.

    Parameters
    ----------
    points
        What each run says, in the order of time; a run that did not look leaves a blank.
    alpha
        The level of a decision, drawn as a line.
    turns
        The places of runs that begin another version of PyTorch.

    """
    step = max(_STEPS[0], min(_STEPS[1], _WIDTH // max(1, len(points))))
    frame = svg.Frame(
        width=step * max(1, len(points)), height=_HEIGHT, x=(-0.5, max(1, len(points)) - 0.5),
        y=(0, _MOST_LOG_P), left=0, right=0, top=2, bottom=_HEIGHT - _FLOOR,
    )  # fmt: skip
    marks: dict[str, list[str]] = {}
    for at, point in enumerate(points):
        if not point.blank:
            x, y = frame.at(at, _log_of(point.p_value))
            marks.setdefault(_kind(point), []).append(_mark(point, x, y))
    level = frame.at(0, _log_of(alpha))[1]
    edges = "".join(f"M{frame.at(at - 0.5, 0)[0]:g} 0v{_HEIGHT}" for at in turns if at)
    body = [f'<path class="turn" d="{edges}"/>'] if edges else []
    body += [
        f'<path class="{kind}" d="{"".join(each)}"{_thick(kind, step)}/>'
        for kind, each in marks.items()
    ]
    body.append(f'<path class="limit" d="M0 {level:g}H{frame.width}"/>')
    label = f"Verdicts run by run: {''.join(point.letter for point in points)}"
    return (
        f'<svg class="spark" width="{frame.width}" height="{_HEIGHT}" '
        f'viewBox="0 0 {frame.width} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{''.join(body)}</svg>"
    )


def _kind(point: Point) -> str:
    """The class of a mark: shape and colour tell verdicts apart."""
    if point.gap:
        return "lack"
    if point.wrong:
        return "fail"
    return "known" if point.verdict is Verdict.KNOWN_DEFECT else "calm"


def _mark(point: Point, x: float, y: float) -> str:
    if point.gap:
        return f"M{x - 2:g} {_FLOOR - 12}l4 4m0-4l-4 4"
    if point.verdict is Verdict.KNOWN_DEFECT:
        y = _FLOOR - _MIDDLE
    return f"M{x:g} {_FLOOR}V{min(y, _FLOOR - _LEAST):g}"


def _thick(kind: str, step: int) -> str:
    return "" if kind == "lack" else f' stroke-width="{step - 2}"'


def _log_of(p_value: float) -> float:
    return min(_MOST_LOG_P, -math.log10(p_value)) if p_value > 0 else _MOST_LOG_P
