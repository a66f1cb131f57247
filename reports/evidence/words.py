"""How numbers and foreign text are put into words, for pages and terminals alike."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from reports.evidence.records import Detectable, Effect, Finding, Kind

# What is said of a module as a whole has no tensor.
TOGETHER = "all tensors together"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Checks of which every comparison is exact; others compare to a stated rounding too.
_EXACT = frozenset(
    (
        "finite",
        "support",
        "permutation",
        "zero_count",
        "exact",
        "copies",
        "fresh",
        "canary",
        "state",
    )
)
# What a finding without a p-value was come by: in a column of p-values, and in a sentence.
_WITHOUT_P = {
    Kind.TIME_LIMIT: ("time limit", "a limit of time"),
    Kind.ERROR: ("error", "an exception"),
    Kind.STILL_THERE: ("witness", "the witness of a known defect"),
    Kind.FIXED_UPSTREAM: ("witness", "the witness of a known defect"),
}
_ALLOWED = "× allowed"
# Numbers as programs write them, in a sentence; what belongs to a name or a call stays.
_POWER = re.compile(r"(?<![\w.=(\[-])(\+?)(-?\d+(?:\.\d+)?e[+-]?\d+)(?![\w)\]]|\.\d)")
_NEGATIVE = re.compile(r"(?<=\s)-(?=\d+(?:\.\d+)?(?:\s|[:;,.]?(?:\s|$)))")
_COUNT = re.compile(
    r"(?<= of )\d{4,15}(?=[ ;]|$)|(?<![^\s])\d{4,15}(?= (?:of \d|values|further))"
    r"|(?<![^\s])\d{1,3}(?:,\d{3})+(?=[,;:.)]?(?: |$))"
)


def count(value: int) -> str:
    """Return a whole number in groups of three: ``16 777 216`` with narrow spaces."""
    return _grouped(f"{value:,}")


def number(value: float, digits: int = 3) -> str:
    """Return a number with few significant digits, in powers of ten where it is tiny or huge."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    exponent = math.floor(math.log10(abs(value)))
    if -4 <= exponent < 6:
        decimals = max(0, digits - 1 - exponent)
        text = _grouped(f"{value:,.{decimals}f}")
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        power = str(int(power)).translate(_SUPERSCRIPT)
        text = f"10{power}" if mantissa == "1" else f"{mantissa} × 10{power}"
    return text.replace("-", "−")


def ratio(value: float) -> str:
    """Return a number with at least two digits of its distance from one."""
    off = abs(value - 1)
    near = 0 < off < 1
    return number(value, max(3, 2 - math.floor(math.log10(off)))) if near else number(value)


def p_value(value: float) -> str:
    """Return a p-value."""
    if math.isnan(value):
        return "not a number"
    return "< 10⁻³⁰⁰" if value < 1e-300 else number(value, 2)


def p_words(value: float) -> str:
    """Return a p-value as part of a sentence."""
    return f"p {p_value(value)}" if value < 1e-300 else f"p = {p_value(value)}"


def decision(finding: Finding) -> str:
    """Return what decided a finding, as an entry of a column: its p-value, or what it has instead.

    A comparison with a bound on rounding says how many times the bound was seen.
    """
    return _without_p(finding)[0] if finding.p_value is None else p_value(finding.p_value)


def decided(finding: Finding) -> str:
    """Return what decided a finding, as part of a sentence: ``p = 0.3``, ``an exact comparison``.

    A comparison with a bound on rounding is called that: ``1.29 times the rounding bound``.
    """
    return _without_p(finding)[1] if finding.p_value is None else p_words(finding.p_value)


def said(message: str) -> str:
    """Return a message of a check with its numbers written as everywhere else.

    Powers of ten, the minus of a number, and counts of values; the numbers of a call or a name
    stay as they are typed.
    """
    text = _POWER.sub(lambda found: f"{found[1]}{number(float(found[2]))}", message)
    text = _COUNT.sub(lambda found: count(int(found[0].replace(",", ""))), text)
    return _NEGATIVE.sub("−", text)


def big(value: int) -> str:
    """Return a large count in words that the eye can weigh: ``1.2 billion``."""
    for size, name in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million")):
        if value >= size:
            return f"{number(value / size, 3)} {name}"
    return count(value)


def effect(value: Effect) -> str:
    """Return an estimate with as many digits as its interval deserves."""
    estimate, interval = sized(value)
    unit = f" {value.unit}" if value.unit else ""
    return f"{value.name} {estimate}{unit}{interval}"


def sized(value: Effect) -> tuple[str, str]:
    """Return an estimate with as many digits as its interval deserves, and the interval."""
    width = abs(value.high - value.low)
    if width == 0 or not math.isfinite(width + value.estimate):
        return number(value.estimate), ""
    decimals = min(12, max(0, 1 - math.floor(math.log10(width))))
    estimate, low, high = (
        _fixed(bound, decimals) for bound in (value.estimate, value.low, value.high)
    )
    return estimate, f" [{low}, {high}]"


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


def _without_p(finding: Finding) -> tuple[str, str]:
    """Return what decided a finding without a p-value, in a column and in a sentence."""
    if finding.kind in _WITHOUT_P:
        return _WITHOUT_P[finding.kind]
    if (times := _of_rounding(finding)) is not None:
        return f"{number(times)} × bound", f"{number(times)} times the rounding bound"
    is_exact = finding.check in _EXACT
    return ("exact", "an exact comparison") if is_exact else ("compared", "a comparison")


def _of_rounding(finding: Finding) -> float | None:
    """Return how many times its bound on rounding a comparison saw, if it has one."""
    if finding.effect is not None and finding.effect.unit == _ALLOWED:
        return finding.effect.estimate
    return finding.rounding


def _grouped(text: str) -> str:
    return text.replace(",", "\u202f")


def _fixed(value: float, decimals: int) -> str:
    # Adding 0.0 makes a negative zero positive.
    return _grouped(f"{round(value, decimals) + 0.0:,.{decimals}f}").replace("-", "−")
