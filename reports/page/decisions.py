"""Pictures of the decisions of a cell: p-values, effects, exact comparisons."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from reports.evidence.records import Effect, Finding, Kind
from reports.evidence.words import count, named, number, p_value, plain, plural, sized
from reports.page import svg
from reports.page.pictures import Picture

# The strip ends here; smaller p-values are drawn at its end.
MOST_LOG_P = 30.0
# Letters of a row's name.
LONGEST = 38
# Room for an estimate with its interval.
RATIOS = 200


def strip(findings: Iterable[Finding], alpha: float) -> Picture | None:
    """Draw the p-values of a cell's checks on a logarithmic line, with the threshold."""
    values = sorted(
        # What is no number has failed, and is drawn where the smallest are.
        (0.0 if math.isnan(f.p_value) else f.p_value, f.check, f.passed)
        for f in findings
        if f.p_value is not None
    )
    if not values:
        return None
    threshold = -math.log10(alpha)
    most = min(MOST_LOG_P, max(threshold + 2, *(_log_p(p) + 1 for p, _, _ in values)))
    frame = svg.Frame(1040, 88, (0.0, most), (0.0, 1.0), left=10, top=18, bottom=38, digits=0)
    stacks: dict[int, int] = {}
    calm, marks = [], []
    for p, check, passed in values:
        x, y = frame.at(min(_log_p(p), most), 0)
        height = stacks[round(x / 8)] = stacks.get(round(x / 8), -1) + 1
        y -= 6 + 8 * min(height, 3)
        if passed:
            calm.append((x, y))
            continue
        title = escape(f"{plain(check)}: p = {p_value(p)}")
        marks.append(
            f'<circle class="dot bad" cx="{x:g}" cy="{y:g}" r="3.5"><title>{title}</title></circle>'
        )
    x, _ = frame.at(threshold, 0)
    alpha_line = (
        f'<path class="limit" d="M{x:g} 8V50"/>'
        f'<text x="{x - 6:g}" y="17" text-anchor="end">α = {number(alpha)}</text>'
    )
    ticks = [
        (float(t), f"10{svg.power(t)}") for t in range(0, int(most) + 1, 4 if most > 14 else 2)
    ]
    axis = svg.x_axis(frame, ticks, "p-value of each check; the further right, the less likely")
    smallest, check, _ = values[0]
    beyond = sum(p < alpha for p, _, _ in values)
    held = f"{beyond} of {len(values)} lie" if beyond else f"none of {len(values)} lies"
    meaning = f"The smallest p-value is {p_value(smallest)} ({check}); {held} beyond α."
    drawn = svg.element(
        frame, "P-values of the checks", (axis, alpha_line, svg.dots("dots", calm), *marks)
    )
    return Picture(drawn, meaning, wide=True)


@dataclass(frozen=True)
class _Effect:
    """An effect and its interval, in units of the smallest error its check would have caught."""

    name: str
    estimate: float
    low: float
    high: float
    passed: bool
    ratio: Effect | None
    """As it was measured, if it is relative to the law: 1 is lawful."""

    @classmethod
    def of(cls, finding: Finding) -> _Effect | None:
        """Return the effect of a finding of a whole cell, if its size can be compared."""
        effect, seen = finding.effect, finding.detectable
        if effect is None or seen is None or finding.p_value is None or finding.scope != "cell":
            return None
        if not 0 < seen.size < math.inf:
            return None
        ratio = effect if seen.unit == "relative" else None
        law = 0.0 if ratio is None else 1.0
        estimate, low, high = (
            (x - law) / seen.size for x in (effect.estimate, effect.low, effect.high)
        )
        if not all(map(math.isfinite, (estimate, low, high))):
            return None
        return cls(named(finding), estimate, low, high, finding.passed, ratio)


def effects(findings: Iterable[Finding]) -> Picture | None:
    """Draw the largest effect of each check with its interval, beside what it would have caught."""
    largest: dict[str, _Effect] = {}
    for finding in findings:
        effect = _Effect.of(finding)
        if effect is not None:
            rival = largest.setdefault(finding.check, effect)
            largest[finding.check] = max(rival, effect, key=_size)
    if not largest:
        return None
    rows = sorted(largest.values(), key=_size, reverse=True)
    limit = max(1.0, *(min(2.0, _size(row)) for row in rows)) * 1.12
    ratios = [(row.ratio, row.passed) for row in rows]
    scaled = any(ratio for ratio, _ in ratios)
    frame = row_frame(len(rows), (-limit, limit), RATIOS if scaled else 10)
    lines: list[str] = []
    marks: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for row, effect in enumerate(rows):
        x, y = frame.at(max(-limit, min(limit, effect.estimate)), row + 0.5)
        left, right = (
            frame.at(max(-limit, min(limit, end)), 0)[0] for end in (effect.low, effect.high)
        )
        lines.append(f"M{left:g} {y:g}H{right:g}")
        marks[effect.passed].append((x, y))
    ticks = [(t, number(t)) for t in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    words = "effect ÷ smallest error that its check would have caught"
    body = (
        _band_across(frame),
        *row_names(frame, [effect.name.replace("_", " ") for effect in rows]),
        f'<path class="reach" d="{"".join(lines)}"/>',
        svg.dots("dots", marks[True]),
        svg.dots("dots bad", marks[False]),
        *sizes(frame, ratios),
        svg.x_axis(frame, ticks, words),
    )
    meaning = (
        f"The largest effect, of {plain(rows[0].name)}, is {number(_size(rows[0]), 2)} times what "
        f"its check would have caught. Lines: 99.9 % intervals."
        + " On the right: observed ÷ lawful, which should be 1."
        * scaled
    )
    return Picture(svg.element(frame, "Effects of the checks", body), meaning, wide=True)


def comparisons(findings: Iterable[Finding]) -> Picture | None:
    """Draw how many exact comparisons each check made, and how many of them held."""
    asked: dict[str, int] = defaultdict(int)
    wrong: dict[str, float] = defaultdict(float)
    for finding in findings:
        seen = finding.detectable
        counted = finding.kind is Kind.COMPARISON and seen is not None and seen.of is not None
        if finding.scope == "cell" and counted:
            name = plain(finding.check).replace("_", " ")
            asked[name] += finding.n
            wrong[name] += finding.effect.estimate if finding.effect else 0
    asked = {name: n for name, n in asked.items() if n > 0}
    if not asked:
        return None
    frame = row_frame(len(asked), (0.0, max(1.0, *(math.log10(n) for n in asked.values())) * 1.3))
    bars, texts = [], []
    for row, (name, n) in enumerate(asked.items()):
        x, y = frame.at(math.log10(n), row + 0.5)
        bars.append(f"M{frame.left} {y:g}H{max(x, frame.left + 3):g}")
        held = f"{count(n - round(wrong[name]))} of {count(n)}"
        kind = ' class="label"' if not wrong[name] else ' class="label bad"'
        texts.append(f'<text{kind} x="{max(x, frame.left + 3) + 8:g}" y="{y + 4:g}">{held}</text>')
    ticks = [(float(t), count(10**t)) for t in range(int(frame.x[1]) + 1)]
    body = (
        *row_names(frame, list(asked)),
        f'<path class="rows" d="{"".join(bars)}"/>',
        *texts,
        svg.x_axis(frame, ticks[:: 1 + len(ticks) // 7], "exact comparisons that held"),
    )
    total, broken = sum(asked.values()), round(sum(wrong.values()))
    held = f"{count(broken)} failed" if broken else "all held"
    meaning = f"{plural(total, 'exact comparison')}: {held}."
    return Picture(svg.element(frame, "Exact comparisons", body), meaning, wide=True)


def row_frame(rows: int, x: tuple[float, float], right: int = 10) -> svg.Frame:
    """Return a frame of so many rows, with room for their names on the left."""
    height = 50 + 20 * rows
    return svg.Frame(
        1040, height, x, (float(rows), 0.0), left=260, right=right, top=8, bottom=38, digits=0
    )


def sizes(frame: svg.Frame, rows: Sequence[tuple[Effect | None, bool]]) -> Iterable[str]:
    """Write on the right of each row its estimate and interval, and whether it failed."""
    for row, (effect, passed) in enumerate(rows):
        if effect is not None:
            kind, y = "label" if passed else "label bad", frame.at(0, row + 0.5)[1] + 4
            x = frame.width - frame.right + 14
            yield f'<text class="{kind}" x="{x}" y="{y:g}">{"".join(sized(effect))}</text>'


def row_names(frame: svg.Frame, names: Sequence[str]) -> Iterable[str]:
    """Write the name of each row."""
    for row, name in enumerate(names):
        y = frame.at(frame.x[0], row + 0.5)[1] + 4
        text = plain(name)
        shown = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
        yield (
            f'<text class="label" x="{frame.left - 12}" y="{y:g}" text-anchor="end">'
            f"{escape(shown)}</text>"
        )


def _band_across(frame: svg.Frame) -> str:
    left, right = (frame.at(end, 0)[0] for end in (-1.0, 1.0))
    zero, top, base = frame.at(0, 0)[0], frame.top, frame.height - frame.bottom
    return (
        f'<path class="band" d="M{left:g} {top}H{right:g}V{base}H{left:g}Z"/>'
        f'<path class="zero" d="M{zero:g} {top}V{base}"/>'
    )


def _size(effect: _Effect) -> float:
    return abs(effect.estimate)


def _log_p(p: float) -> float:
    return MOST_LOG_P if p <= 0 else -math.log10(p)
