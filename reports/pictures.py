"""Pictures of a cell as small inline SVG: the deviation from theory, with its band.

Colours come from the classes of the page's style sheet, so that dark mode and print work.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import accumulate, pairwise, takewhile

from reports.records import Finding
from reports.words import number, p_value, plain

POINTS = 256
BARS = 64
# Standard errors whose two-sided normal tail is 1e-12.
DEVIATES = 7.1
# The strip ends here; smaller p-values are drawn at its end.
MOST_LOG_P = 30.0


@dataclass(frozen=True)
class Picture:
    """An SVG element, one sentence that says what it shows, and whether it takes a whole line."""

    svg: str
    meaning: str
    wide: bool = False

    def of(self, subject: str) -> Picture:
        """Return the picture with the name of what it shows."""
        return replace(self, meaning=f"{subject}: {self.meaning[:1].lower()}{self.meaning[1:]}")


@dataclass(frozen=True)
class _Frame:
    """The plotting area, in pixels, and the range it stands for."""

    width: int
    height: int
    x: tuple[float, float]
    y: tuple[float, float]
    left: int = 40
    right: int = 10
    top: int = 24
    bottom: int = 38

    def at(self, x: float, y: float) -> tuple[float, float]:
        (x0, x1), (y0, y1) = self.x, self.y
        across = (x - x0) / (x1 - x0) * (self.width - self.left - self.right)
        up = (y - y0) / (y1 - y0) * (self.height - self.top - self.bottom)
        return round(self.left + across, 1), round(self.height - self.bottom - up, 1)


def deviation(counts: Sequence[int], alpha: float, points: int = POINTS) -> Picture:
    """Draw F_n(u) - u with its simultaneous Dvoretzky-Kiefer-Wolfowitz band."""
    n, bins = sum(counts), len(counts)
    sums = accumulate(counts)
    curve = [(i / bins, total / n - i / bins) for i, total in enumerate(sums, start=1)]
    band = math.sqrt(math.log(2 / alpha) / (2 * n))
    shown = [(0.0, 0.0), *_peaks(curve, points), (1.0, 0.0)]
    where, peak = max(curve, key=lambda point: abs(point[1]))
    scale, unit = _scale(max(band, abs(peak)))
    frame = _frame(560, scale * max(band, abs(peak)))
    scaled = [(u, scale * value) for u, value in shown]
    body = (
        _band(frame, scale * band),
        _axes(frame, "u, the probability transform", f"Fₙ(u) − u{unit}"),
        _path("line", (frame.at(u, y) for u, y in scaled)),
        _outside(frame, scaled, scale * band),
    )
    return Picture(_svg(frame, "Deviation from the law", body), _deviation_words(where, peak, band))


def histogram(counts: Sequence[int]) -> Picture:
    """Draw the transforms in 64 bins, relative to the law, with a band of 7.1 standard errors."""
    n, bars = sum(counts), _rebin(counts)
    expected = n / len(bars)
    relative = [count / expected - 1 for count in bars]
    band = DEVIATES * math.sqrt((1 - 1 / len(bars)) / expected)
    peak = max(relative, key=abs)
    scale, unit = 100.0, " (%)"
    frame = _frame(460, scale * max(band, abs(peak)))
    steps = [
        (edge / len(bars), scale * value) for i, value in enumerate(relative) for edge in (i, i + 1)
    ]
    body = (
        _band(frame, scale * band),
        _axes(frame, "u, in 64 bins", f"count against the law{unit}"),
        _path("line", (frame.at(u, y) for u, y in steps)),
        _outside(frame, steps, scale * band),
    )
    beyond = sum(abs(value) > band for value in relative)
    held = f"{beyond} of {len(bars)} bins leave" if beyond else "every bin stays inside"
    meaning = (
        f"Counts differ from the law by at most {_percent(peak)}; "
        f"{held} the band of ±{_percent(band)}."
    )
    return Picture(_svg(frame, "Counts against the law", body), meaning)


def signal(layers: Sequence[tuple[float, float]]) -> Picture | None:
    """Draw the standard deviation of a signal layer by layer, on a logarithmic scale.

    The dashed line is theory's. A layer where the signal is zero or not finite ends the curve.
    """
    seen = list(takewhile(lambda size: 0 < size < math.inf, (size for size, _ in layers)))
    curves = [
        [math.log10(size) for size in each if 0 < size < math.inf]
        for each in (seen, [expected for _, expected in layers])
    ]
    if not all(curves):
        return None
    low, high = min(map(min, curves)), max(map(max, curves))
    room = max(0.5, 0.08 * (high - low))
    frame = _Frame(560, 240, (0.0, float(len(layers))), (low - room, high + room), left=48)
    points = [[frame.at(i, y) for i, y in enumerate(curve, start=1)] for curve in curves]
    depths = [(len(layers) * t / 4, f"{len(layers) * t / 4:g}") for t in range(5)]
    body = (
        '<text class="label" x="0" y="12">standard deviation (log₁₀); dashed: theory</text>',
        _x_axis(frame, depths, "layer"),
        *_y_ticks(frame, _nice(*frame.y)),
        _path("theory", points[1]),
        _path("line", points[0]),
    )
    last, expected = 10 ** curves[0][-1], layers[len(seen) - 1][1]
    meaning = (
        f"After {len(seen)} layers the standard deviation is {number(last)}; "
        f"theory, for infinitely wide layers, says {number(expected)}."
    )
    return Picture(_svg(frame, "The signal layer by layer", body), meaning)


def strip(findings: Iterable[Finding], alpha: float) -> Picture | None:
    """Draw the p-values of a cell's checks on a logarithmic line, with the threshold."""
    values = sorted((f.p_value, f.check, f.passed) for f in findings if f.p_value is not None)
    if not values:
        return None
    threshold = -math.log10(alpha)
    most = min(MOST_LOG_P, max(threshold + 2, *(_log_p(p) + 1 for p, _, _ in values)))
    frame = _Frame(1040, 88, (0.0, most), (0.0, 1.0), left=10, top=18, bottom=38)
    stacks: dict[int, int] = {}
    marks = []
    for p, check, passed in values:
        x, y = frame.at(min(_log_p(p), most), 0)
        height = stacks[round(x / 8)] = stacks.get(round(x / 8), -1) + 1
        kind = "dot" if passed else "dot bad"
        title = escape(f"{plain(check)}: p = {p_value(p)}")
        marks.append(
            f'<circle class="{kind}" cx="{x:g}" cy="{y - 6 - 8 * min(height, 3):g}" r="3.5">'
            f"<title>{title}</title></circle>"
        )
    x, _ = frame.at(threshold, 0)
    alpha_line = (
        f'<path class="limit" d="M{x:g} 8V50"/>'
        f'<text class="tick" x="{x - 6:g}" y="17" text-anchor="end">α = {number(alpha)}</text>'
    )
    ticks = [(float(t), f"10{_power(t)}") for t in range(0, int(most) + 1, 4 if most > 14 else 2)]
    axis = _x_axis(frame, ticks, "p-value of each check; the further right, the less likely")
    smallest, check, _ = values[0]
    beyond = sum(p < alpha for p, _, _ in values)
    held = f"{beyond} of {len(values)} lie" if beyond else f"none of {len(values)} lies"
    meaning = f"The smallest p-value is {p_value(smallest)} ({check}); {held} beyond α."
    svg = _svg(frame, "P-values of the checks", (axis, alpha_line, *marks))
    return Picture(svg, meaning, wide=True)


def bars(counts: Sequence[int], label: str) -> str:
    """Draw the p-values of a whole run as bars over [0, 1]."""
    frame = _Frame(460, 180, (0.0, 1.0), (0.0, 1.1 * max(*counts, 1)), left=36)
    width = 1 / len(counts)
    columns = []
    for index, count in enumerate(counts):
        x, y = frame.at(index * width, count)
        right, base = frame.at((index + 1) * width, 0)
        columns.append(f"M{x + 1:g} {base:g}V{y:g}H{right - 1:g}V{base:g}Z")
    left, level = frame.at(0, sum(counts) / len(counts))
    end, _ = frame.at(1, 0)
    body = (
        f'<path class="bar" d="{"".join(columns)}"/>',
        f'<path class="limit" d="M{left:g} {level:g}H{end:g}"/>',
        _x_axis(frame, [(t / 5, f"{t / 5:g}") for t in range(6)], "p-value"),
        *_y_ticks(frame, _nice(0.0, frame.y[1])),
    )
    return _svg(frame, label, body)


def _frame(width: int, reach: float) -> _Frame:
    return _Frame(width, 240, (0.0, 1.0), (-1.12 * reach, 1.12 * reach))


def _scale(reach: float) -> tuple[float, str]:
    """Return the power of a thousand that makes an axis readable, and its name."""
    power = max(0, math.ceil((-math.log10(reach) - 1) / 3)) * 3
    return 10.0**power, f" (× 10{_power(power)})" if power else ""


def _peaks(curve: Sequence[tuple[float, float]], points: int) -> list[tuple[float, float]]:
    """Thin a curve, keeping the largest deviation of each stretch."""
    size = max(1, len(curve) // points)
    stretches = (curve[start : start + size] for start in range(0, len(curve), size))
    return [max(stretch, key=lambda point: abs(point[1])) for stretch in stretches]


def _rebin(counts: Sequence[int]) -> list[int]:
    size = max(1, len(counts) // BARS)
    return [sum(counts[start : start + size]) for start in range(0, len(counts), size)]


def _outside(frame: _Frame, line: Sequence[tuple[float, float]], band: float) -> str:
    """Redraw the stretches of a line that leave the band."""
    strokes = []
    joined = False
    for start, end in pairwise(line):
        if max(abs(start[1]), abs(end[1])) <= band:
            joined = False
            continue
        if not joined:
            strokes.append("M{:g} {:g}".format(*frame.at(*start)))
        strokes.append("L{:g} {:g}".format(*frame.at(*end)))
        joined = True
    return f'<path class="line bad" d="{"".join(strokes)}"/>' if strokes else ""


def _path(kind: str, points: Iterable[tuple[float, float]]) -> str:
    """Draw a line by relative steps, which take half the letters."""
    first, *rest = points
    steps = (
        f"{_short(x1 - x0)} {_short(y1 - y0)}" for (x0, y0), (x1, y1) in pairwise((first, *rest))
    )
    return f'<path class="{kind}" d="M{first[0]:g} {first[1]:g}l{" ".join(steps)}"/>'


def _short(step: float) -> str:
    text = f"{round(step, 1) + 0.0:g}"
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    return sign + (digits[1:] if digits.startswith("0.") else digits)


def _band(frame: _Frame, band: float) -> str:
    left, top = frame.at(0, band)
    right, bottom = frame.at(1, -band)
    _, zero = frame.at(0, 0)
    return (
        f'<path class="band" d="M{left:g} {top:g}H{right:g}V{bottom:g}H{left:g}Z"/>'
        f'<path class="zero" d="M{left:g} {zero:g}H{right:g}"/>'
    )


def _axes(frame: _Frame, across: str, up: str) -> str:
    quarters = [(t / 4, f"{t / 4:g}") for t in range(5)]
    title = f'<text class="label" x="0" y="12">{escape(up)}</text>'
    return "".join((title, _x_axis(frame, quarters, across), *_y_ticks(frame, _nice(*frame.y))))


def _x_axis(frame: _Frame, ticks: Iterable[tuple[float, str]], label: str) -> str:
    y = frame.height - frame.bottom
    left, right = frame.left, frame.width - frame.right
    texts = "".join(
        f'<text class="tick" x="{frame.at(at, 0)[0]:g}" y="{y + 16}" '
        f'text-anchor="{_anchor(frame, at)}">{text}</text>'
        for at, text in ticks
    )
    name = f'<text class="label" x="{right}" y="{y + 32}" text-anchor="end">{escape(label)}</text>'
    return f'<path class="axis" d="M{left} {y}H{right}"/>{texts}{name}'


def _anchor(frame: _Frame, at: float) -> str:
    return {frame.x[0]: "start", frame.x[1]: "end"}.get(at, "middle")


def _y_ticks(frame: _Frame, ticks: Iterable[float]) -> Iterable[str]:
    for tick in ticks:
        y = frame.at(0, tick)[1] + 3.5
        text = f"{tick:g}".replace("-", "−")
        yield f'<text class="tick" x="{frame.left - 6}" y="{y:g}" text-anchor="end">{text}</text>'


def _nice(low: float, high: float) -> list[float]:
    """Return about five round numbers within a range."""
    raw = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step: float = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= raw * 0.999)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(f"{index * step:.6g}") for index in range(first, last + 1)]


def _svg(frame: _Frame, label: str, body: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {frame.width} {frame.height}" '
        f'role="img" aria-label="{escape(label)}">{"".join(body)}</svg>'
    )


def _deviation_words(where: float, peak: float, band: float) -> str:
    largest = f"The largest deviation is {number(abs(peak))} at u = {number(where, 2)}"
    if abs(peak) <= band:
        return f"{largest}, inside the band of ±{number(band)} that the law keeps to."
    excess = "more" if peak > 0 else "fewer"
    return (
        f"{largest}, {number(abs(peak) / band, 2)} times the band of ±{number(band)}: "
        f"{excess} values lie below that point than the law allows."
    )


def _percent(value: float) -> str:
    return f"{number(100 * abs(value), 2)} %"


def _log_p(p: float) -> float:
    return MOST_LOG_P if p <= 0 else -math.log10(p)


def _power(exponent: int) -> str:
    text = f"−{exponent}" if exponent else "0"
    return text.translate(str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
