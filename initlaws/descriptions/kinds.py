"""Kinds of densities: how each is made, written, said, and estimated from values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from initlaws.descriptions.fits import ERRORS, Values, moments_agree, shape_agrees
from verify.laws import Continuous, Normal, TruncatedNormal, Uniform

_BEYOND = (0.3, 4.5)
"""Cuts, in standard deviations, beyond which a cut normal is a uniform or a normal."""


@dataclass(frozen=True)
class Kind:
    """A kind of densities with a mean and a scale.

    Attributes
    ----------
    name : str
        With its article.
    rank : float
        The simplest are lowest.
    make : callable from mean and scale to law
    code : callable from the code of mean and scale
    words : callable from the words of mean, scale and squared scale
    ratio : float
        The standard deviation, in scales.
    bound : float
        The largest distance from the mean, in scales.
    """

    name: str
    rank: float
    make: Callable[[float, float], Continuous] = field(compare=False, repr=False)
    code: Callable[[str, str], str] = field(compare=False, repr=False)
    words: Callable[[str, str, str], str] = field(compare=False, repr=False)
    ratio: float = field(compare=False, repr=False)
    bound: float = field(default=math.inf, compare=False, repr=False)

    def middle(self, values: Values) -> float:
        """The mean of some values: zero if it can be, else by what tells it best."""
        if abs(values.mean) <= ERRORS * values.std / math.sqrt(values.count):
            return 0.0
        return values.mean if self.bound == math.inf else (values.low + values.high) / 2

    def estimate(self, values: Values) -> tuple[float, float]:
        """The scale of some values, and its relative standard error."""
        law = self.make(0.0, 1.0)
        if self.bound == math.inf:
            return values.std / self.ratio, values.error(law) + values.lattice.step / 8
        # Beyond the largest of n values lies 1/n: it is as far from the bound as this density says.
        gap = 1 / (values.count * _edge(law) * self.bound)
        return self._farthest(values) * (1 + gap), 3 * gap + values.lattice.step / 4

    def _farthest(self, values: Values) -> float:
        """The scale whose bound is the value farthest from the mean."""
        middle = self.middle(values)
        return max(values.high - middle, middle - values.low) / self.bound

    def least(self, values: Values) -> float:
        """The smallest scale whose bound no value exceeds by more than rounding."""
        return self._farthest(values) - values.slack / self.bound


def _edge(law: Continuous) -> float:
    """The density at the upper bound."""
    _, above = law.support
    short = above * 1e-4
    return float(law.sf(above - short)) / short


def is_for_variance(bound: str) -> bool:
    """Whether a bound is chosen for the variance: if its code speaks of the shape."""
    return "shape" in bound


def _uniform_code(mean: str, bound: str) -> str:
    if mean == "0.0":
        if is_for_variance(bound):
            return f"Uniform.for_variance(bound={bound})"
        return f"Uniform(-{bound}, {bound})"
    return f"Uniform({mean} - {bound}, {mean} + {bound})"


def _about(mean: str) -> str:
    return "" if mean == "0.0" else f"{mean} "


UNIFORM = Kind(
    "a uniform",
    0.0,
    lambda mean, bound: Uniform(mean - bound, mean + bound, of_variance=not mean),
    _uniform_code,
    lambda mean, bound, _: f"U({_about(mean)}±{bound})",
    1 / math.sqrt(3),
    1.0,
)

NORMAL = Kind(
    "a normal",
    0.1,
    Normal,
    lambda mean, std: f"Normal({mean}, {std})",
    lambda mean, _, square: f"N({'0' if mean == '0.0' else mean}, {square})",
    1.0,
)


def cut_ratio(cut: float) -> float:
    """The standard deviation of a standard normal cut at ±`cut` (Johnson et al. 1994, 13.10)."""
    mass = math.erf(cut / math.sqrt(2))
    return math.sqrt(1 - 2 * cut * math.exp(-(cut**2) / 2) / math.sqrt(2 * math.pi) / mass)


def truncated(mean: float, std: float, cut: float) -> TruncatedNormal:
    """A normal cut `cut` standard deviations from its mean."""
    return TruncatedNormal(mean, std, mean - cut * std, mean + cut * std)


def cut_at(cut: float) -> Kind:
    """Normals that are cut so many standard deviations from their mean."""
    return Kind(
        f"a normal cut at ±{cut:g}σ",
        0.2 if cut == 2 else 0.4,
        lambda mean, std: truncated(mean, std, cut),
        lambda mean, std: f"truncated({mean}, {std}, {cut!r})",
        lambda mean, _, square: f"N({'0' if mean == '0.0' else mean}, {square}) cut at ±{cut:g}σ",
        cut_ratio(cut),
        cut,
    )


def corrected(cut: float) -> Kind:
    """The same, wide enough for the scale to be the standard deviation of what is left."""
    ratio = cut_ratio(cut)
    return Kind(
        f"a normal cut at ±{cut:g}σ",
        1.0,
        lambda mean, std: truncated(mean, std / ratio, cut),
        lambda mean, std: f"truncated({mean}, {std} / {ratio!r}, {cut!r})",
        lambda mean, _, square: (
            f"N({'0' if mean == '0.0' else mean}, ·) cut at ±{cut:g}σ, of variance {square}"
        ),
        1.0,
        cut / ratio,
    )


def kinds(values: Values) -> tuple[Kind, ...]:
    """Those whose shape values can have, whatever the scale.

    A cut of one, two or three standard deviations, else one of a digit behind the point.
    """
    whole = [cut_at(2.0), cut_at(1.0), cut_at(3.0)]
    found = [kind for kind in (UNIFORM, NORMAL, *whole) if _shaped(kind, values)]
    if not found:
        found = [kind for kind in _estimated_cut(values) if _shaped(kind, values)]
    return (*found, *(corrected(2.0) for kind in found if kind.name == whole[0].name))


def excluded(values: Values) -> tuple[str, ...]:
    """The common kinds that values cannot have come from."""
    return tuple(kind.name for kind in (NORMAL, UNIFORM, cut_at(2.0)) if not _shaped(kind, values))


def _shaped(kind: Kind, values: Values) -> bool:
    law = kind.make(kind.middle(values), kind.estimate(values)[0])
    return moments_agree(law, values) and shape_agrees(law, values)


def _estimated_cut(values: Values) -> Iterator[Kind]:
    """By the largest value in standard deviations, which grows with the cut."""
    largest = max(values.high - values.mean, values.mean - values.low) / values.std
    low, high = _BEYOND
    if not low / cut_ratio(low) < largest < high / cut_ratio(high):
        return
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if middle / cut_ratio(middle) < largest else (low, middle)
    for digits in (1, 2):
        yield cut_at(round(low, digits))
