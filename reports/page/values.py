"""The values themselves: a histogram over the density that they must have."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from reports.evidence.records import Family
from reports.evidence.words import number, plural
from reports.page import svg
from reports.page.pictures import COARSE, DEVIATES, Picture

Floats = npt.NDArray[np.float64]

# Bars of a picture; of a passing cell half as many.
BARS = 48


@dataclass(frozen=True)
class Density:
    """A density whose location and scale are taken off.

    Attributes
    ----------
    law
        Makes the distribution from the parameters of its family.
    parameters
        So many are those.
    axis
        What the values are, in which unit.
    which
        Which values are counted, if not all.

    """

    law: Callable[..., Any]
    parameters: int = 0
    axis: str = "standard deviations from the mean"
    which: str = ""


DENSITIES: Mapping[str, Density] = {
    "normal": Density(stats.norm),
    "truncated normal": Density(
        stats.truncnorm, 2, "standard deviations from the mean, before it is cut"
    ),
    "uniform": Density(stats.uniform, axis="from the lower bound to the upper"),
    "exponential": Density(stats.expon, axis="value ÷ its mean"),
    "sparse": Density(stats.norm, which=" that are not zeroed"),
}


@dataclass(frozen=True)
class _Bars:
    """Bars of about equal width: where each begins among the bins, and what it should hold."""

    starts: npt.NDArray[np.int64]
    edges: Floats
    shares: Floats
    curve: tuple[tuple[float, float], ...]
    """The density."""
    top: float


def values(counts: Sequence[int], family: Family | None, points: int) -> Picture | None:
    """Draw values over the density, if it is known and the same for all of them.

    Parameters
    ----------
    counts
        Of ``F(x)`` in equal bins: in the units of the law these are bins of the values.
    family
        That of the law.
    points
        How fine it is drawn, as of curves.

    """
    if family is None or not _is_known(family):
        return None
    shown, n = DENSITIES[family.name], sum(counts)
    bars = _bars(family, len(counts), BARS // 2 if points <= COARSE else BARS)
    below = np.concatenate([[0.0], np.cumsum(np.asarray(counts, dtype=np.float64))])
    held = np.diff(below[bars.starts])
    heights = held / n / np.diff(bars.edges)
    errors = np.sqrt(n * bars.shares * (1 - bars.shares))
    wrong = np.abs(held - n * bars.shares) > DEVIATES * errors
    frame = svg.Frame(
        460, 240, (float(bars.edges[0]), float(bars.edges[-1])),
        (0.0, 1.08 * max(bars.top, float(heights.max()))), left=32, digits=int(points > COARSE),
    )  # fmt: skip
    columns = np.stack([bars.edges[:-1], bars.edges[1:], heights], axis=1)
    ticks = [(t, svg.plainly(t)) for t in svg.round_numbers(*frame.x)]
    body = (
        svg.title("density"),
        svg.columns(frame, "bar", columns[~wrong]),
        svg.columns(frame, "bar bad", columns[wrong]),
        svg.path("density", (frame.at(*point) for point in bars.curve)),
        svg.x_axis(frame, ticks, shown.axis),
        *svg.y_ticks(frame, svg.round_numbers(*frame.y)),
    )
    told = f"{plural(n, 'value')}{shown.which}"
    meaning = _words(told, wrong, n - round(float(held.sum())), frame.x)
    return Picture(svg.element(frame, "Values over the density", body), meaning)


def _is_known(family: Family) -> bool:
    """Whether its density is: a damaged file may hold parameters that no law has."""
    shown, given = DENSITIES.get(family.name), family.parameters
    if shown is None or given is None or len(given) != shown.parameters:
        return False
    return all(map(math.isfinite, given))


@lru_cache
def _bars(family: Family, bins: int, most: int) -> _Bars:
    law = DENSITIES[family.name].law(*(family.parameters or ()))
    edges: Floats = law.ppf(np.arange(bins + 1) / bins)
    # A bin without end has no width.
    first, last = (0 if math.isfinite(edges[0]) else 1), bins - (not math.isfinite(edges[-1]))
    middles = (edges[first:last] + edges[first + 1 : last + 1]) / 2
    wanted = np.linspace(edges[first], edges[last], most + 1)
    starts = np.unique(first + np.searchsorted(middles, wanted))
    fine = np.linspace(edges[first], edges[last], 2 * most + 1)
    density = law.pdf(fine)
    curve = tuple(zip(map(float, fine), map(float, density), strict=True))
    return _Bars(starts, edges[starts], np.diff(starts) / bins, curve, float(density.max()))


def _words(told: str, wrong: npt.NDArray[np.bool_], beyond: int, ends: tuple[float, float]) -> str:
    amount = int(wrong.sum())
    held = "no bar by itself is farther from it than chance goes"
    if amount:
        verb = "is" if amount == 1 else "are"
        held = f"{amount} of {wrong.size} bars (red) {verb} farther from it than chance goes"
    said = f"Bars: {told}, on the scale of the law. Line: the density that they must have; {held}."
    low, high = (number(end, 3) for end in ends)
    left_out = f" Not drawn: {plural(beyond, 'value')} below {low} or above {high}."
    return said + left_out * bool(beyond)
