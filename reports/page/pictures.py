"""Pictures of what a cell pooled: the deviation from theory, with its simultaneous band."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile

import numpy as np
import numpy.typing as npt

from reports.evidence.words import count, number, plain, plural
from reports.page import svg
from verify.checks.words import WORDS

Floats = npt.NDArray[np.float64]

POINTS = 256
# Points of the curves of a passing cell.
COARSE = 128
BARS = 64
# The smallest and the largest positive number of a dtype.
LIMITS = {
    "float16": (2.0**-24, 65504.0),
    "bfloat16": (2.0**-133, 3.39e38),
    "float32": (2.0**-149, 3.4e38),
}
# Standard errors whose two-sided normal tail is 1e-12.
DEVIATES = 7.1


@dataclass(frozen=True)
class Picture:
    """An SVG element, one sentence that says what it shows, and whether it takes a whole line."""

    svg: str
    meaning: str
    wide: bool = False

    def of(self, subject: str) -> Picture:
        """Return the picture with the name of what it shows."""
        return replace(self, meaning=f"{subject}: {self.meaning[:1].lower()}{self.meaning[1:]}")


def deviation(counts: Sequence[int], alpha: float, points: int = POINTS) -> Picture:
    """Draw F_n(u) - u with its simultaneous Dvoretzky-Kiefer-Wolfowitz band."""
    curve, band = _deviations(counts), _band(counts, alpha)
    at = int(np.abs(curve).argmax())
    where, largest = (at + 1) / len(curve), float(curve[at])
    scale, unit = svg.readable(max(band, abs(largest)))
    frame = _frame(max(band, abs(largest)) * scale, points)
    shown = [(u, scale * value) for u, value in _thinned(curve, points)]
    body = (
        svg.band(frame, scale * band),
        svg.axes(frame, "u, the probability transform", f"Fₙ(u) − u{unit}"),
        svg.path("line", (frame.at(u, y) for u, y in shown)),
        _outside(frame, shown, scale * band),
    )
    drawn = svg.element(frame, "Deviation from the law", body)
    return Picture(drawn, _deviation_words(where, largest, band))


def histogram(counts: Sequence[int]) -> Picture:
    """Draw the transforms in 64 bins, relative to the law, with a band of 7.1 standard errors."""
    n, bars = sum(counts), _rebin(counts)
    expected = n / len(bars)
    relative = [count / expected - 1 for count in bars]
    band = chance(len(bars), expected)
    largest = max(relative, key=abs)
    scale, unit = 100.0, " (%)"
    tall = 1.12 * scale * max(band, abs(largest))
    frame = svg.Frame(460, 240, (0.0, 1.0), (-tall, tall), left=44, digits=0)
    steps = [
        (edge / len(bars), scale * value) for i, value in enumerate(relative) for edge in (i, i + 1)
    ]
    body = (
        svg.band(frame, scale * band),
        svg.axes(frame, "u, in 64 bins", f"count against the law{unit}"),
        svg.path("line", (frame.at(u, y) for u, y in steps)),
        _outside(frame, steps, scale * band),
    )
    beyond = sum(abs(value) > band for value in relative)
    held = f"{beyond} of {len(bars)} bins leave" if beyond else "every bin stays inside"
    meaning = (
        f"Counts differ from the law by at most {_percent(largest)}; "
        f"{held} the band of ±{_percent(band)}."
    )
    return Picture(svg.element(frame, "Counts against the law", body), meaning)


def chance(parts: int, expected: float) -> float:
    """Return how far the count of one of equal parts may stray from what is expected, over that.

    By `DEVIATES` standard errors of the binomial law.
    """
    return DEVIATES * math.sqrt((1 - 1 / parts) / expected)


def together(histograms: Mapping[str, Sequence[int]], alpha: float, points: int) -> Picture:
    """Draw F_n(u) - u of every kind of tensors, each in units of its own simultaneous band."""
    curves = {
        kind: _deviations(counts) / _band(counts, alpha) for kind, counts in histograms.items()
    }
    heights = {kind: float(np.abs(curve).max()) for kind, curve in curves.items()}
    worst = max(heights, key=lambda kind: heights[kind])
    frame = _frame(max(1.0, heights[worst]), points)
    thinned = [_thinned(curve, points // 2) for curve in curves.values()]
    body = (
        svg.band(frame, 1.0),
        svg.axes(frame, "u, the probability transform", "Fₙ(u) − u, in units of the band"),
        *(svg.path("line thin", (frame.at(*point) for point in curve)) for curve in thinned),
        *(_outside(frame, curve, 1.0) for curve in thinned),
    )
    held = "inside" if heights[worst] <= 1 else "and leaves"
    meaning = (
        f"One line for each of {plural(len(curves), 'kind')} of tensors. The largest deviation, of "
        f"{plain(worst)}, is {number(heights[worst], 2)} times its band, {held} it."
    )
    return Picture(svg.element(frame, "Deviation from the laws", body), meaning)


def places(check: str, sums: Sequence[tuple[int, float]], alpha: float) -> Picture:
    """Draw the standardised sums of a check place by place, with their simultaneous band.

    The scores are sub-Gaussian: all sums stay inside with probability at least 1 - alpha.
    """
    band = math.sqrt(2 * math.log(2 * len(sums) / alpha))
    where, largest = max(sums, key=lambda each: abs(each[1]))
    last = max(1, sums[-1][0])
    tall = 1.12 * max(band, abs(largest))
    frame = svg.Frame(460, 240, (0.0, float(last)), (-tall, tall), left=48, digits=0)
    words = WORDS.get(check)
    quantity = (words.quantity if words else "") or check
    named = words.places[where] if words and where < len(words.places) else ""
    inside, outside = (
        [frame.at(at, z) for at, z in sums if (abs(z) <= band) is held] for held in (True, False)
    )
    body = (
        svg.band(frame, band),
        svg.title(f"{plain(quantity)}, in standard errors"),
        svg.x_axis(
            frame, [(t, f"{t:g}") for t in svg.round_numbers(*frame.x) if t % 1 == 0], "place"
        ),
        *svg.y_ticks(frame, svg.round_numbers(*frame.y)),
        svg.dots("dots", inside),
        svg.dots("dots bad", outside),
    )
    held = "inside" if abs(largest) <= band else "outside"
    meaning = (
        f"{plain(quantity)} {named}".rstrip()
        + f" is the largest of {count(len(sums))}: {number(abs(largest), 2)} standard errors, "
        f"{held} the band of ±{number(band, 2)} that all keep to together."
    )
    label = f"{plain(quantity)} place by place"
    return Picture(svg.element(frame, label, body), meaning[:1].upper() + meaning[1:])


def signal(layers: Sequence[tuple[float, float]], dtype: str = "") -> Picture | None:
    """Draw the standard deviation of a signal layer by layer, on a logarithmic scale.

    The dashed line is theory's. A layer where the signal is zero or not finite ends the curve.
    The ends of what the dtype can hold are drawn where the signal comes near.
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
    frame = svg.Frame(560, 240, (0.0, float(len(layers))), (low - room, high + room), left=52)
    points = [[frame.at(i, y) for i, y in enumerate(curve, start=1)] for curve in curves]
    depths = [(len(layers) * t / 4, f"{len(layers) * t / 4:g}") for t in range(5)]
    ends = [end for end in LIMITS.get(dtype, ()) if low - room < math.log10(end) < high + room]
    body = (
        svg.title("standard deviation; dashed: theory"),
        svg.x_axis(frame, depths, "layer"),
        *svg.y_ticks(frame, svg.round_numbers(*frame.y), lambda tick: number(10**tick, 2)),
        *(_limit(frame, math.log10(end), f"{dtype} ends here") for end in ends),
        svg.path("theory", points[1]),
        svg.path("line", points[0]),
    )
    last, expected = 10 ** curves[0][-1], layers[len(seen) - 1][1]
    meaning = (
        f"After {count(len(seen))} layers the standard deviation is {number(last)}; "
        f"theory, for infinitely wide layers, says {number(expected)}.{_fate(seen, dtype)}"
    )
    return Picture(svg.element(frame, "The signal layer by layer", body), meaning)


def _limit(frame: svg.Frame, height: float, words: str) -> str:
    left, y = frame.at(frame.x[0], height)
    right, _ = frame.at(frame.x[1], height)
    return (
        f'<path class="limit" d="M{left:g} {y:g}H{right:g}"/>'
        f'<text x="{left + 4:g}" y="{y - 5:g}">{words}</text>'
    )


def _fate(sizes: Sequence[float], dtype: str) -> str:
    """Say from which layer on a dtype cannot hold the signal, if it cannot."""
    least, most = LIMITS.get(dtype, (0.0, math.inf))
    for layer, size in enumerate(sizes, start=1):
        if not least <= size <= most:
            how = "overflows" if size > most else "vanishes"
            return f" It is computed in float64; in {dtype} it {how} at layer {layer}."
    return ""


def bars(counts: Sequence[int], label: str) -> str:
    """Draw the p-values of a whole run as bars over [0, 1]."""
    frame = svg.Frame(460, 180, (0.0, 1.0), (0.0, 1.1 * max(*counts, 1)), left=36)
    columns = ((i / len(counts), (i + 1) / len(counts), height) for i, height in enumerate(counts))
    left, level = frame.at(0, sum(counts) / len(counts))
    end, _ = frame.at(1, 0)
    body = (
        svg.columns(frame, "bar", columns),
        f'<path class="limit" d="M{left:g} {level:g}H{end:g}"/>',
        svg.x_axis(frame, [(t / 5, f"{t / 5:g}") for t in range(6)], "p-value"),
        *svg.y_ticks(frame, svg.round_numbers(0.0, frame.y[1])),
    )
    return svg.element(frame, label, body)


def _deviations(counts: Sequence[int]) -> Floats:
    bins = len(counts)
    sums = np.cumsum(np.asarray(counts, dtype=np.float64))
    curve: Floats = sums / sums[-1] - np.arange(1, bins + 1) / bins
    return curve


def _band(counts: Sequence[int], alpha: float) -> float:
    """Return how far F_n strays from the law with probability alpha, at most."""
    return math.sqrt(math.log(2 / alpha) / (2 * sum(counts)))


def _frame(height: float, points: int) -> svg.Frame:
    # Coarse curves are drawn in whole pixels, at even steps: that packs three times better.
    return svg.Frame(
        560, 240, (0.0, 1.0), (-1.12 * height, 1.12 * height), left=38, digits=int(points > COARSE)
    )


def _thinned(curve: Floats, points: int) -> list[tuple[float, float]]:
    """Thin a curve, keeping the largest deviation of each stretch."""
    stretches = np.array_split(curve, min(points, len(curve)))
    largest = [float(stretch[np.abs(stretch).argmax()]) for stretch in stretches]
    middles = ((i + 0.5) / len(largest) for i in range(len(largest)))
    return [(0.0, 0.0), *zip(middles, largest, strict=True), (1.0, 0.0)]


def _rebin(counts: Sequence[int]) -> list[int]:
    size = max(1, len(counts) // BARS)
    return [sum(counts[start : start + size]) for start in range(0, len(counts), size)]


def _outside(frame: svg.Frame, line: Sequence[tuple[float, float]], band: float) -> str:
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


def _deviation_words(where: float, largest: float, band: float) -> str:
    sentence = f"The largest deviation is {number(abs(largest))} at u = {number(where, 2)}"
    if abs(largest) <= band:
        return f"{sentence}, inside the band of ±{number(band)} that the law keeps to."
    excess = "more" if largest > 0 else "fewer"
    return (
        f"{sentence}, {number(abs(largest) / band, 2)} times the band of ±{number(band)}: "
        f"{excess} values lie below that point than the law allows."
    )


def _percent(value: float) -> str:
    return f"{number(100 * abs(value), 2)} %"
