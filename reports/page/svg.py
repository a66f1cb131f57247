"""Small inline SVG: a frame with its scales, axes, bands and lines.

Colours come from the classes of the page's style sheet, so that dark mode and print work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from reports.evidence.words import number


@dataclass(frozen=True)
class Frame:
    """The plotting area, in pixels of so many digits, and the range it stands for."""

    width: int
    height: int
    x: tuple[float, float]
    y: tuple[float, float]
    left: int = 40
    right: int = 10
    top: int = 24
    bottom: int = 38
    digits: int = 1

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel that stands for a point, rounded to so many digits."""
        (x0, x1), (y0, y1) = self.x, self.y
        across = (x - x0) / (x1 - x0) * (self.width - self.left - self.right)
        up = (y - y0) / (y1 - y0) * (self.height - self.top - self.bottom)
        x_pixel, y_pixel = self.left + across, self.height - self.bottom - up
        return round(x_pixel, self.digits), round(y_pixel, self.digits)


def readable(largest: float) -> tuple[float, str]:
    """Return the power of a thousand that makes an axis readable, and its name."""
    thousands = max(0, math.ceil((-math.log10(largest) - 1) / 3)) * 3
    return 10.0**thousands, f" (× 10{power(thousands)})" if thousands else ""


def path(kind: str, points: Iterable[tuple[float, float]]) -> str:
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


def dots(kind: str, points: Iterable[tuple[float, float]]) -> str:
    """Draw dots as the round ends of lines without length, many in one element."""
    marks = "".join(f"M{x:g} {y:g}h0" for x, y in points)
    return f'<path class="{kind}" d="{marks}"/>' if marks else ""


def band(frame: Frame, half_width: float) -> str:
    """Draw the band that a lawful curve keeps to, and zero in its middle."""
    left, top = frame.at(frame.x[0], half_width)
    right, bottom = frame.at(frame.x[1], -half_width)
    _, zero = frame.at(0, 0)
    return (
        f'<path class="band" d="M{left:g} {top:g}H{right:g}V{bottom:g}H{left:g}Z"/>'
        f'<path class="zero" d="M{left:g} {zero:g}H{right:g}"/>'
    )


def columns(frame: Frame, kind: str, bars: Iterable[tuple[float, float, float]]) -> str:
    """Draw bars as one element, each from where to where and how tall; what is there is seen."""
    marks = []
    for low, high, height in bars:
        if height > 0:
            (x, base), (right, y) = frame.at(low, 0), frame.at(high, height)
            marks.append(f"M{x:g} {base:g}V{min(y, base - 1):g}H{max(x + 1, right - 1):g}V{base:g}")
    return f'<path class="{kind}" d="{"".join(marks)}"/>' if marks else ""


def box(frame: Frame, across: tuple[float, float], up: tuple[float, float]) -> str:
    """Draw the rectangle in which what is lawful lies."""
    (left, bottom), (right, top) = (frame.at(*corner) for corner in zip(across, up, strict=True))
    return f'<path class="band" d="M{left:g} {top:g}H{right:g}V{bottom:g}H{left:g}Z"/>'


def rule(frame: Frame, start: tuple[float, float], end: tuple[float, float]) -> str:
    """Draw a thin straight line, where what is right lies."""
    return '<path class="zero" d="M{:g} {:g}L{:g} {:g}"/>'.format(
        *frame.at(*start), *frame.at(*end)
    )


def axes(frame: Frame, across: str, up: str) -> str:
    """Draw both axes in quarters and round numbers, and say what they are."""
    low, high = frame.x
    quarters = [low + (high - low) * t / 4 for t in range(5)]
    ticks = y_ticks(frame, round_numbers(*frame.y))
    return "".join(
        (title(up), x_axis(frame, [(at, plainly(at)) for at in quarters], across), *ticks)
    )


def title(words: str) -> str:
    """Write what a picture shows above it."""
    return f'<text class="label" x="0" y="12">{escape(words)}</text>'


def plainly(tick: float) -> str:
    """Return the number of a tick."""
    return number(tick, 6)


# A tick so near to the right edge is written to the left of its place, so that none is cut.
_NEAR = 30


def x_axis(frame: Frame, ticks: Iterable[tuple[float, str]], label: str) -> str:
    """Draw the horizontal axis with the given ticks, and say what it is."""
    y = frame.height - frame.bottom
    left, right = frame.left, frame.width - frame.right
    texts = "".join(
        f'<text x="{frame.at(at, 0)[0]:g}" y="{y + 16}" '
        f'text-anchor="{_anchor(frame, at)}">{text}</text>'
        for at, text in ticks
    )
    name = f'<text class="label" x="{right}" y="{y + 32}" text-anchor="end">{escape(label)}</text>'
    return f'<path class="axis" d="M{left} {y}H{right}"/>{texts}{name}'


def _anchor(frame: Frame, at: float) -> str:
    if frame.at(at, 0)[0] > frame.width - _NEAR:
        return "end"
    return "start" if at == frame.x[0] else "middle"


def y_ticks(
    frame: Frame, ticks: Iterable[float], words: Callable[[float], str] = plainly
) -> Iterable[str]:
    """Write the numbers of the vertical axis."""
    for tick in ticks:
        y = frame.at(0, tick)[1] + 3.5
        yield f'<text x="{frame.left - 6}" y="{y:g}" text-anchor="end">{words(tick)}</text>'


def round_numbers(low: float, high: float) -> list[float]:
    """Return about five round numbers within a range."""
    raw = (high - low) / 4
    unit = 10.0 ** math.floor(math.log10(raw))
    step: float = next(unit * nice for nice in (1, 2, 2.5, 5, 10) if unit * nice >= raw * 0.999)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(f"{index * step:.6g}") for index in range(first, last + 1)]


def element(frame: Frame, label: str, body: Iterable[str]) -> str:
    """Return a whole picture."""
    return (
        f'<svg width="{frame.width}" viewBox="0 0 {frame.width} {frame.height}" '
        f'role="img" aria-label="{escape(label)}">{"".join(body)}</svg>'
    )


def power(exponent: int) -> str:
    """Return the exponent of ten to the minus `exponent`."""
    text = f"−{exponent}" if exponent else "0"
    return text.translate(str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
