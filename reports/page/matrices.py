"""Pictures of whole matrices: their singular values, and the rows in which zeros lie."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from reports.evidence.words import count, number, plural
from reports.page import svg
from reports.page.pictures import Picture, chance
from verify.checks import spectrum

_SIDE = 2 * spectrum.BEYOND / spectrum.WITHIN
"""Width of what lies beyond rounding, on either side, in half widths of what lies within."""


def singular_values(counts: Sequence[float]) -> Picture | None:
    """Draw singular values relative to the gain: all should equal it, within rounding."""
    total = sum(counts)
    if not total or len(counts) != spectrum.BINS:
        return None
    last = spectrum.BEYOND + spectrum.WITHIN
    ends = [-1 - _SIDE + 2 * i / spectrum.WITHIN for i in range(spectrum.BINS + 1)]
    tall = 100 * max(counts) / total
    frame = svg.Frame(460, 240, (ends[0], ends[-1]), (0.0, 1.12 * tall), left=32, digits=0)
    bars = [(ends[i], ends[i + 1], 100 * c / total) for i, c in enumerate(counts)]
    below, above = counts[: spectrum.BEYOND], counts[last:]
    ticks = [(side * _place(size), words) for size, words in _SIZES.items() for side in (-1, 1)]
    signed = [(at, f"{'−' if at < 0 else '+'}{words}") for at, words in ticks]
    body = (
        svg.title("share of the singular values (%)"),
        svg.box(frame, (-1.0, 1.0), frame.y),
        svg.rule(frame, (0.0, 0.0), (0.0, frame.y[1])),
        svg.columns(frame, "bar", bars[spectrum.BEYOND : last]),
        svg.columns(frame, "bar bad", [*bars[: spectrum.BEYOND], *bars[last:]]),
        svg.x_axis(frame, [*signed, (0.0, "gain")], "off the gain; grey: what rounding may do"),
        *svg.y_ticks(frame, svg.round_numbers(*frame.y)),
    )
    meaning = _spread(round(total), round(sum(below)), round(sum(above)), _farthest(below, above))
    return Picture(svg.element(frame, "Singular values", body), meaning)


def rows_of_zeros(counts: Sequence[float]) -> Picture | None:
    """Draw how many zeros lie in each part of the columns, against the same number in all."""
    total = sum(counts)
    if not total:
        return None
    lawful = total / len(counts)
    band = chance(len(counts), lawful)
    heights = [c / lawful for c in counts]
    frame = svg.Frame(
        460, 240, (0.0, 1.0), (0.0, 1.12 * max(*heights, 1 + min(band, 1.0))), left=32, digits=0
    )
    bars = [(i / len(counts), (i + 1) / len(counts), height) for i, height in enumerate(heights)]
    inside = [abs(height - 1) <= band for height in heights]
    body = (
        svg.title("zeros ÷ as many everywhere"),
        svg.box(frame, frame.x, (max(0.0, 1 - band), min(1 + band, frame.y[1]))),
        svg.rule(frame, (0.0, 1.0), (1.0, 1.0)),
        *(
            svg.columns(
                frame, kind, [bar for bar, held in zip(bars, inside, strict=True) if held is own]
            )
            for kind, own in (("bar", True), ("bar bad", False))
        ),
        svg.x_axis(frame, [(0.0, "first row"), (0.5, "middle"), (1.0, "last row")], ""),
        *svg.y_ticks(frame, svg.round_numbers(*frame.y)),
    )
    most = max(range(len(counts)), key=lambda part: abs(heights[part] - 1))
    wrong = inside.count(False)
    held = f"{wrong} (red) leave the band of chance" if wrong else "all keep to the band of chance"
    meaning = (
        f"{count(round(total))} zeros, from the first row of a matrix to the last in "
        f"{len(counts)} parts: {held}. Farthest from 1 is {number(heights[most], 3)}, "
        f"at {number(100 * (most + 0.5) / len(counts), 2)} % of the way down."
    )
    return Picture(svg.element(frame, "Rows of the zeros", body), meaning)


PICTURES: Mapping[str, Callable[[Sequence[float]], Picture | None]] = {
    "singular_values": singular_values,
    "zero_rows": rows_of_zeros,
}
"""How each tally is drawn, by its name."""

# Relative distances that the axis names.
_SIZES = {1e-4: "0.01 %", 1.0: "100 %"}


def _place(size: float) -> float:
    """Return where a relative distance beyond rounding lies on the axis, above the gain."""
    bins = (math.log10(size) - spectrum.FIRST) / spectrum.STEP
    return 1 + 2 * bins / spectrum.WITHIN


def _farthest(below: Sequence[float], above: Sequence[float]) -> str:
    """Return the largest distance from the gain, of any direction."""
    reach = {False: list(reversed(below)), True: list(above)}
    far = {up: max((i for i, c in enumerate(side) if c), default=-1) for up, side in reach.items()}
    up = far[True] >= far[False]
    low, high = (100 * 10.0 ** (spectrum.FIRST + spectrum.STEP * (far[up] + i)) for i in (0, 1))
    return f"{number(low, 2)} to {number(high if up else min(high, 100.0), 2)} %"


def _spread(total: int, below: int, above: int, farthest: str) -> str:
    if not below + above:
        return (
            f"All {count(total)} singular values that were taken equal the gain, but for rounding."
        )
    return (
        f"Of {plural(total, 'singular value')}, {count(below)} are smaller than the gain and "
        f"{count(above)} larger, by more than rounding may do; the farthest by {farthest}."
    )
