"""The width of each tensor of a model, beside the width that it should have."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeGuard

from reports.evidence.diagnosis import Subject
from reports.evidence.records import CellRecord, Effect
from reports.evidence.words import count, number, plain, plural
from reports.page import svg
from reports.page.decisions import RATIOS, row_frame, row_names, sizes
from reports.page.pictures import Picture
from reports.page.tensors import Tensor

# Letters of a tensor's name.
MOST_LETTERS = 35
# Tensors that are drawn, the worst; the others are counted.
MOST = 24
# A bar that is longer is cut, and its number tells the rest.
LONGEST = 4.0
# What measures a width, the sharpest first.
_CHECKS = ("scale", "support", "legendre")


@dataclass(frozen=True)
class _Width:
    """The width of a tensor's values as a multiple of what it should be."""

    tensor: str
    effect: Effect
    passed: bool

    @property
    def worry(self) -> tuple[bool, float]:
        """Order by it: what failed first, then what is farthest off for its interval."""
        spread = self.effect.high - self.effect.low
        return self.passed, -abs(self.effect.estimate - 1) / (spread or math.inf)


def widths(cell: CellRecord, shown: Iterable[Tensor]) -> Picture | None:
    """Draw one bar for each kind of tensors: its observed width over that of its law.

    Parameters
    ----------
    cell, shown
        A cell and its tensors: `reports.page.tensors.tensors`.

    """
    found = sorted(_widths(cell, shown), key=lambda width: width.worry)
    if not found:
        return None
    rows, more = found[:MOST], len(found) - MOST
    longest = max(1.12, *(min(LONGEST, 1.06 * row.effect.high) for row in rows))
    frame = row_frame(len(rows), (0.0, longest), RATIOS)
    top = frame.height - frame.bottom
    ends: dict[bool, list[str]] = {True: [], False: []}
    lines = []
    for place, row in enumerate(rows):
        x, y = frame.at(min(row.effect.estimate, longest), place + 0.5)
        ends[row.passed].append(f"M{frame.left} {y:g}H{x:g}")
        low, high = (
            frame.at(max(0.0, min(end, longest)), 0)[0] for end in (row.effect.low, row.effect.high)
        )
        lines.append(f"M{low:g} {y:g}H{high:g}")
    one, _ = frame.at(1.0, 0)
    ticks = [(t, svg.plainly(t)) for t in svg.round_numbers(*frame.x) if t <= longest]
    body = (
        *row_names(frame, [_shortened(row.tensor) for row in rows]),
        *(
            f'<path class="{kind}" d="{"".join(ends[passed])}"/>'
            for kind, passed in (("rows", True), ("rows bad", False))
            if ends[passed]
        ),
        f'<path class="reach" d="{"".join(lines)}"/>',
        f'<path class="right" d="M{one:g} {frame.top}V{top}"/>',
        *sizes(frame, [(row.effect, row.passed) for row in rows]),
        svg.x_axis(frame, ticks, "observed width ÷ lawful width; the upright line is 1"),
    )
    return Picture(svg.element(frame, "Widths of the tensors", body), _words(found, more), True)


def _shortened(name: str) -> str:
    """Return the end of a long name, which tells tensors of one model apart."""
    return name if len(name) <= MOST_LETTERS else f"…{name[1 - MOST_LETTERS :]}"


def _words(found: list[_Width], more: int) -> str:
    worst = found[0]
    wrong = sum(not width.passed for width in found)
    said = f"One bar for each of {plural(len(found), 'kind')} of tensors that have a width. "
    said += (
        f"{count(wrong)} failed: {plain(worst.tensor)} is "
        f"{number(worst.effect.estimate, 4)} times as wide as its law."
        if wrong
        else f"The farthest from its law for its 99.9 % interval, {plain(worst.tensor)}, is "
        f"{number(worst.effect.estimate, 5)} times as wide."
    )
    return said + (f" Not drawn: {count(more)} more." if more > 0 else "")


def _widths(cell: CellRecord, shown: Iterable[Tensor]) -> Iterator[_Width]:
    for tensor in (each for each in shown if each.tensor):
        measured = sorted(
            (f for f in tensor.findings if f.check in _CHECKS),
            key=lambda f: (_CHECKS.index(f.check), f.passed),
        )
        # Of values that are much too wide the spread of F(x) is known alone.
        effects = (e for f in measured for e in (Subject(cell, f).effect, f.effect) if _is_width(e))
        if effect := next(effects, None):
            yield _Width(tensor.tensor, effect, tensor.passed)


def _is_width(effect: Effect | None) -> TypeGuard[Effect]:
    if effect is None or effect.unit != "× law" or not math.isfinite(effect.estimate):
        return False
    return not math.isnan(effect.low + effect.high)
