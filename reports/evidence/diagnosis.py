"""What is wrong, in words that need no statistics: one row for each check of values.

The size is taken from the effect, never from a message, and told in natural units: how many times
too wide, how many standard deviations too high, one value in how many. Of a uniform law the
width follows from the share 1 − 1/g of values beyond its bounds, if they are g times too wide, and
from the spread of F(x), which is at a bound for these: √(3 − 2/g).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reports.evidence.records import CellRecord, Detectable, Effect, Finding
from reports.evidence.words import count, labelled, listing, number
from verify.checks.bounds import INTERVAL_Z

FACTORS = {"√2": math.sqrt(2), "5/3": 5 / 3, "√3": math.sqrt(3), "2": 2.0, "3": 3.0, "4": 4.0}
"""What scales are wrong by when a rule was misread: variances, gains and bounds mistaken."""
# An interval whose ends differ by more than this factor says nothing of a well-known one.
NARROW = 1.35
PARTS = ("real part", "imaginary part")
# A clause of more letters than this is cut.
LONGEST = 96
# A spread below this share of the right one is none.
_NONE = 0.01
# If no more than this share of the values lies outside, that says nothing of the width.
_STRAY = 0.05
# The places at the upper end: of the tails, the extremes and the bounds.
_UPPER = ("upper tail", "largest value", "at the upper end")


@dataclass(frozen=True)
class Subject:
    """What is spoken of: a failed finding, its cell, and the tensors that show the same."""

    cell: CellRecord
    finding: Finding
    tensors: tuple[str, ...] = ()

    @property
    def values(self) -> str:
        """What is wrong, as a noun in the plural."""
        names = [name for name in self.tensors if name]
        if set(names) == set(PARTS):
            return "complex values"
        if set(names) <= set(PARTS):
            return f"{names[0]}s" if names else "values"
        return f"values of {listing(names)}"

    @property
    def effect(self) -> Effect:
        """The size of the deviation in natural units; of what has none nothing is known."""
        shown = self.finding.effect or Effect("", math.nan, math.nan, math.nan)
        width = self._width
        if width is None:
            return shown
        if self.finding.check == "support":
            shown = _counted(shown, self.finding.n)
        estimate, low, high = map(width, (shown.estimate, shown.low, shown.high))
        return Effect("width", estimate, low, high, "× law")

    @property
    def smallest(self) -> Detectable | None:
        """The smallest size that would have been found, in the units of the effect."""
        seen, width = self.finding.detectable, self._width
        if seen is None or width is None:
            return seen
        least = seen.size if seen.of else 1 + seen.size
        return Detectable("width", width(least) - 1, "relative")

    @property
    def _width(self) -> Callable[[float], float] | None:
        """How many times too wide uniform values are, from what the check measures."""
        n, shown = self.finding.n, self.finding.effect
        if shown is None or self.cell.family(self.finding.tensor) != "uniform":
            return None
        if self.finding.check == "legendre":
            return _of_spread
        if self.finding.check == "support" and _STRAY < shown.estimate / max(1, n) < 1:
            return lambda outside: n / (n - outside)
        return None

    @property
    def share(self) -> float:
        """The effect as a share of the values: of a count, that of all; else itself."""
        estimate = abs(self.effect.estimate)
        counted = self.finding.check in COUNTS and self.finding.n
        return estimate / self.finding.n if counted else estimate


@dataclass(frozen=True)
class Saying:
    """How the deviation of one check is said.

    Attributes
    ----------
    over, under
        The sentence where the effect lies above what it should be, and below; of one that has no
        direction the first says all.
    right
        What the effect should be.
    size
        How its size is written; `{size}` in the sentence.

    """

    over: str
    under: str = ""
    right: float = 0.0
    size: Callable[[Subject], str] = lambda subject: number(abs(subject.effect.estimate), 2)


def times(effect: Effect) -> str:
    """Return a ratio as it is said: ``3.1 %``, ``about √2 times``, ``12 times``."""
    if not (math.isfinite(effect.estimate) and effect.estimate > 0):
        return "infinitely"
    ends = [1 / x if effect.estimate < 1 else x for x in (effect.low, effect.high) if x > 0]
    ratio = 1 / effect.estimate if effect.estimate < 1 else effect.estimate
    if len(ends) == 2 and max(ends) <= NARROW * min(ends):
        known = [name for name, x in FACTORS.items() if min(ends) <= x <= max(ends)]
        if len(known) == 1 and min(ends) > 1:
            return f"about {known[0]} times"
    return percent(abs(effect.estimate - 1)) if ratio < 1.5 else f"{number(ratio, 2)} times"


def percent(share: float) -> str:
    """Return a share in percent."""
    return f"{number(100 * share, 2)} %"


def part(share: float, noun: str) -> str:
    """Return a share of some values: ``28 % of the values``, ``one in 512 values``."""
    if not (math.isfinite(share) and share > 0):
        return noun
    if share >= 1:
        return f"all {noun}"
    return (
        f"{percent(share)} of the {noun}" if share > 0.05 else f"one in {whole(1 / share)} {noun}"
    )


def whole(value: float) -> str:
    """Return a large ratio as a whole number, rounded as far as one reads it."""
    return count(round(value)) if value < 10_000 else number(value, 2)


def _times(subject: Subject) -> str:
    return times(subject.effect)


def _part(subject: Subject) -> str:
    return part(subject.share, subject.values)


def _percent(subject: Subject) -> str:
    return percent(subject.share)


def _half(subject: Subject) -> str:
    """The share of a sign whose mean is the effect."""
    return percent((1 + abs(subject.effect.estimate)) / 2)


def _probability(subject: Subject) -> str:
    return percent(subject.effect.estimate)


def _many(subject: Subject) -> str:
    return whole(abs(subject.effect.estimate)) if math.isfinite(subject.effect.estimate) else "many"


# What measures a share of the values, and what counts them.
SHARES = {"contract", "kolmogorov_smirnov", "ends", "extremes", "zero_share", "zero_overlap"}
COUNTS = {"finite", "exact", "copies", "permutation", "extra_zeros", "atoms", "support"}
COUNTS |= {"repeats", "duplicates"}
SAYINGS: Mapping[str, Saying] = {
    "finite": Saying("{size} are NaN or infinite, or were never filled", size=_part),
    "fresh": Saying("every build gives the same values"),
    "exact": Saying("{size} differ from the exact ones", size=_part),
    "copies": Saying("{size} differ between a copy and its original", size=_part),
    "permutation": Saying("{size} are missing or repeated", size=_part),
    "zero_count": Saying("columns have the wrong number of zeros"),
    "extra_zeros": Saying("{size} are zero beyond those that should be", size=_part),
    "zero_share": Saying(
        "{size} too many {values} are zero", "{size} too few {values} are zero", size=_percent
    ),
    "scale": Saying("{values} are {size} too wide", "{values} are {size} too narrow", 1, _times),
    "mean": Saying(
        "the mean of {values} is {size} standard deviations too high",
        "the mean of {values} is {size} standard deviations too low",
    ),
    "width": Saying("{values} are {size} too wide", "{values} are {size} too narrow", 1, _times),
    "location": Saying("{values} are shifted as a whole"),
    "legendre": Saying(
        "{values} lie too far from the middle", "{values} crowd around the middle", 1
    ),
    "atoms": Saying("one number comes again and again: {size}", size=_part),
    "support": Saying("{size} lie outside the range that they may take", size=_part),
    "ends": Saying(
        "the {side} bound itself is drawn too often, by {size}",
        "the {side} bound itself is drawn too seldom, by {size}",
        size=_part,
    ),
    "extremes": Saying(
        "no {values} come near the {side} end: the last {size} stay empty",
        "the {extreme} of the {values} lies where none should",
        size=_probability,
    ),
    "tails": Saying(
        "in the {side} tail {values} come {size} too often",
        "in the {side} tail {values} come {size} too seldom",
        1,
        _times,
    ),
    "contract": Saying(
        "{size} of the {values} are more than one step of the number format off", size=_percent
    ),
    "kolmogorov_smirnov": Saying("{size} of the {values} lie in the wrong place", size=_percent),
    "chi_square": Saying("some {values} come too often, others too seldom"),
    "position": Saying("values depend on their place in the tensor: those {place} are others"),
    "lags": Saying(
        "{values} at a distance follow {place}: correlation +{size}",
        "{values} at a distance are opposed to {place}: correlation −{size}",
    ),
    "neighbours": Saying("{values} depend on the one or two just before"),
    "joint": Saying("two tensors that should share nothing depend on each other"),
    "stretches": Saying("a stretch of {values} comes again: {place}"),
    "repeats": Saying("whole rows, columns or blocks repeat, {size} of them", size=_many),
    "duplicates": Saying("values repeat each other: {size}", size=_part),
    "bits": Saying(
        "a bit of the mantissa is one in {size} of all values",
        "a bit of the mantissa is zero in {size} of all values",
        size=_half,
    ),
    "correlation": Saying(
        "{values} follow {place}: correlation +{size}",
        "{values} are opposed to {place}: correlation −{size}",
    ),
    "between": Saying(
        "two tensors that should share nothing are alike: {place}, correlation +{size}",
        "two tensors that should share nothing are opposed: {place}, correlation −{size}",
    ),
    "orthogonality": Saying(
        "rows or columns are not orthonormal, by {size} times the rounding allowed", size=_many
    ),
    "haar_entry": Saying("entries are not those of a random rotation"),
    "haar_sign": Saying(
        "an entry that should have either sign is positive in {size} of all matrices",
        "an entry that should have either sign is negative in {size} of all matrices",
        size=_half,
    ),
    "haar_determinant": Saying(
        "{size} of all matrices have the determinant +1, where half should",
        "{size} of all matrices have the determinant −1, where half should",
        size=_half,
    ),
    "haar_trace": Saying(
        "the trace averages {size}, not zero", "the trace averages −{size}, not 0"
    ),
    "zero_position": Saying("zeros prefer some rows"),
    "zero_overlap": Saying(
        "columns share {size} more zeros than by chance",
        "columns share {size} fewer zeros than by chance",
        size=_percent,
    ),
    "product_mean": Saying(
        "draws that should be independent are alike: correlation +{size}",
        "draws that should be independent are opposed: correlation −{size}",
    ),
    "product_variance": Saying(
        "products of independent draws have {size} too much variance",
        "products of independent draws have {size} too little variance",
        1,
        _times,
    ),
    "signal": Saying(
        "a layer makes the signal {size} too strong",
        "a layer makes the signal {size} too weak",
        1,
        _times,
    ),
}
"""By check, or by what its effect measures; what explains the others comes first."""
ORDER = {check: rank for rank, check in enumerate(SAYINGS)}


def measure(cell: CellRecord, finding: Finding) -> str:
    """Return the row of a finding: that of its check, or of what its effect measures."""
    if finding.check == "legendre" and finding.place == "location":
        return "location"
    return "width" if Subject(cell, finding).effect.name == "width" else finding.check


def deviation(cell: CellRecord, finding: Finding) -> float:
    """Return how far an effect is from what it should be, with its sign; NaN if it has none."""
    subject, name = Subject(cell, finding), measure(cell, finding)
    if name == "extremes":
        # What n values reach by chance is about 1/n.
        return subject.effect.estimate - 1 / max(1, finding.n)
    return subject.effect.estimate - SAYINGS[name].right if name in SAYINGS else math.nan


def sentence(cell: CellRecord, finding: Finding, tensors: Sequence[str] = ()) -> str:
    """Return what one failed finding says, in plain words.

    Parameters
    ----------
    cell, finding
        What was found, and where.
    tensors
        All tensors that show the same.

    """
    name = measure(cell, finding)
    saying = SAYINGS.get(name)
    if saying is None or (finding.effect is None and "{size}" in saying.over):
        names = listing(filter(None, tuple(tensors) or (finding.tensor,)))
        return labelled(names, clause(finding.message or finding.check))
    subject = Subject(cell, finding, tuple(tensors) or (finding.tensor,))
    off = deviation(cell, finding)
    if name in ("scale", "width") and subject.effect.high < _NONE:
        return f"{subject.values} are all alike, or nearly so"
    form = saying.under if saying.under and off < 0 else saying.over
    return form.format(
        values=subject.values,
        size=saying.size(subject),
        place=finding.place,
        side="upper" if finding.place in _UPPER else "lower",
        extreme="largest" if finding.place in _UPPER else "smallest",
    )


def clause(message: str) -> str:
    """Return a message, without its later clauses where it is long."""
    text = re.sub(r" \(run seed [^()]*\)$", "", message)
    if len(text) <= LONGEST:
        return text
    first = re.split(r"; |, |\. ", text)[0]
    whole = text[:LONGEST].rpartition(" ")[0] or text[:LONGEST]
    return f"{first if LONGEST // 3 < len(first) <= LONGEST else whole} …"


def _of_spread(spread: float) -> float:
    """Return how many times too wide uniform values are, from the spread of F(x)."""
    if not spread > 1:
        return spread
    return 2 / (3 - spread**2) if spread < math.sqrt(3) else math.inf


def _counted(shown: Effect, n: int) -> Effect:
    """Return a count with its 99.9 % interval."""
    half = INTERVAL_Z * math.sqrt(shown.estimate * (1 - shown.estimate / n))
    low, high = max(0.0, shown.estimate - half), min(shown.estimate + half, n - 1)
    return replace(shown, low=low, high=high)


def leading(cell: CellRecord, findings: Iterable[Finding]) -> Finding:
    """Return the finding that explains the others of its tensor.

    A mean that is off makes the spread about the right mean too wide, and a number that comes
    again and again makes it another one: then these lead.
    """
    ordered = sorted(findings, key=lambda finding: _rank(cell, finding))
    named = {measure(cell, finding): finding for finding in reversed(ordered)}
    scale = named.get("scale")
    if scale is None or scale.effect is None:
        return ordered[0]
    mean, low, high = named.get("mean"), scale.effect.low, scale.effect.high
    if mean and mean.effect and low <= math.hypot(1, mean.effect.estimate) <= high:
        return mean
    if (atom := named.get("atoms")) and Subject(cell, atom).share > abs(scale.effect.estimate - 1):
        return atom
    return ordered[0]


def _rank(cell: CellRecord, finding: Finding) -> tuple[int, bool, float]:
    """Order findings: what explains the others, then pools before cases, the sharpest first."""
    effect = finding.effect
    width = abs(effect.high - effect.low) if effect else math.inf
    rank = ORDER.get(measure(cell, finding), len(ORDER))
    return rank, finding.scope == "case", math.inf if math.isnan(width) else width
