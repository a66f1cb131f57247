"""How numbers and foreign text are put into words, for pages and terminals alike."""

from __future__ import annotations

import math
from collections.abc import Iterable

from reports.evidence.records import Detectable, Effect, Finding

# What is said of a module as a whole has no tensor.
TOGETHER = "all tensors together"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(value: int) -> str:
    """Return a whole number in groups of three: ``16 777 216`` with narrow spaces."""
    return f"{value:,}".replace(",", "\u202f")


def number(value: float, digits: int = 3) -> str:
    """Return a number with few significant digits, in powers of ten where it is tiny or huge."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    exponent = math.floor(math.log10(abs(value)))
    if -4 <= exponent < 6:
        decimals = max(0, digits - 1 - exponent)
        text = f"{value:.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        power = str(int(power)).translate(_SUPERSCRIPT)
        text = f"10{power}" if mantissa == "1" else f"{mantissa} × 10{power}"
    return text.replace("-", "−")


def p_value(value: float | None) -> str:
    """Return a p-value; exact comparisons have none."""
    if value is None:
        return "exact"
    if math.isnan(value):
        return "not a number"
    return "< 10⁻³⁰⁰" if value < 1e-300 else number(value, 2)


def p_words(value: float | None) -> str:
    """Return a p-value as part of a sentence."""
    if value is None:
        return "an exact comparison"
    return f"p {p_value(value)}" if value < 1e-300 else f"p = {p_value(value)}"


def big(value: int) -> str:
    """Return a large count in words that the eye can weigh: ``1.2 billion``."""
    for size, name in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million")):
        if value >= size:
            return f"{number(value / size, 3)} {name}"
    return count(value)


def effect(value: Effect) -> str:
    """Return an estimate with as many digits as its interval deserves."""
    unit = f" {value.unit}" if value.unit else ""
    width = abs(value.high - value.low)
    if width == 0 or not math.isfinite(width + value.estimate):
        return f"{value.name} {number(value.estimate)}{unit}"
    decimals = min(12, max(0, 1 - math.floor(math.log10(width))))
    estimate, low, high = (
        _fixed(bound, decimals) for bound in (value.estimate, value.low, value.high)
    )
    return f"{value.name} {estimate}{unit} [{low}, {high}]"


def detectable(value: Detectable) -> str:
    """Return the smallest error a check would have caught."""
    unit = value.unit if value.of is None else f"of {value.of}"
    return " ".join(filter(None, (value.name, number(value.size, 2), unit)))


def labelled(tensor: str, sentence: str) -> str:
    """Return what is said of a tensor, with its name: ``weight: the scale is off``."""
    return f"{tensor}: {sentence}" if tensor else sentence


def named(finding: Finding) -> str:
    """Return the name of a check and of its tensor: ``scale of weight``."""
    return f"{finding.check} of {finding.tensor}" if finding.tensor else finding.check


def plural(amount: int, noun: str) -> str:
    """Return ``1 cell`` or ``2 cells``."""
    return f"{count(amount)} {noun}{'' if amount == 1 else 's'}"


def listing(items: Iterable[str], most: int = 3) -> str:
    """Return ``a, b, c and 4 more``."""
    names = list(items)
    shown, more = names[:most], len(names) - most
    if more > 0:
        return f"{', '.join(shown)} and {count(more)} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""


def plain(text: str) -> str:
    """Return text on one line, without anything that a terminal would obey."""
    return "".join(x if x.isprintable() else " " if x.isspace() else repr(x)[1:-1] for x in text)


def _fixed(value: float, decimals: int) -> str:
    # Adding 0.0 makes a negative zero positive.
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "−")
