"""What stands on a tile of the matrix: how far off a cell is, in natural units."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reports.evidence.records import CellRecord, Effect, Finding, Kind, Verdict
from reports.evidence.verdict import finding_key, worst_finding
from reports.evidence.words import count, number, p_value, p_words
from reports.page.svg import power

# Of a diagnosis, so many letters.
MOST_LETTERS = 160
# A ratio this near to one is said in per cent.
NEAR = 1.25


@dataclass(frozen=True)
class Tile:
    """The few letters on a tile beside its glyph, these with the verdict, and the diagnosis."""

    size: str
    name: str
    diagnosis: str = ""


@dataclass(frozen=True)
class Size:
    """Which effects are of one kind, and how the size of such a one is written."""

    is_of: Callable[[Effect], bool]
    write: Callable[[float, Finding], str]


def tile(cell: CellRecord) -> Tile:
    """Return what the tile of a cell shows: the size of what is wrong, else the smallest p."""
    if cell.verdict.is_wrong:
        return _wrong(cell)
    if cell.verdict is Verdict.PASS:
        return _passed(worst_finding(cell))
    size = "" if cell.verdict.is_sound else str(cell.verdict)
    return Tile(size, str(cell.verdict), _cut(cell.reason))


def _wrong(cell: CellRecord) -> Tile:
    failed = [finding for finding in cell.findings if not finding.passed]
    if not failed:
        return Tile(str(cell.verdict), str(cell.verdict), _cut(cell.reason))
    telling = min(failed, key=_obscurity)
    said = size(telling)
    name = f"{cell.verdict}, {said}" if said else str(cell.verdict)
    return Tile(said or str(cell.verdict), name, _cut(telling.message or telling.check))


def _passed(worst: Finding | None) -> Tile:
    if worst is None or worst.p_value is None:
        return Tile("", str(Verdict.PASS))
    return Tile(short(worst.p_value), f"{Verdict.PASS}, {p_words(worst.p_value)}")


def _cut(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"


def size(finding: Finding) -> str:
    """Return how far off a finding is, signed, in a few letters; nothing if it has no size."""
    effect = finding.effect
    if effect is not None and math.isfinite(effect.estimate) and (known := _kind(effect)):
        return known.write(effect.estimate, finding)
    if finding.p_value is not None:
        return f"p {short(finding.p_value)}"
    return _WORDS.get(finding.kind, "")


def short(p: float) -> str:
    """Return a p-value in a few letters: one digit, or the power of ten below it."""
    if 1e-300 <= p < 1e-3:
        return f"10{power(-math.floor(math.log10(p)))}"
    return number(p, 1) if p >= 1e-3 else p_value(p)


def _obscurity(finding: Finding) -> tuple[int, tuple[bool, float]]:
    """Order failures: the size that says most to a reader first."""
    known = _kind(finding.effect) if finding.effect else None
    return (SIZES.index(known) if known else len(SIZES), finding_key(finding))


def _kind(effect: Effect) -> Size | None:
    return next((size for size in SIZES if size.is_of(effect)), None)


def _ratio(value: float, _: Finding) -> str:
    near = 1 / NEAR <= value <= NEAR
    return f"{_signed(100 * (value - 1))} %" if near else _times(value, _)


def _times(value: float, _: Finding) -> str:
    return f"×{number(10.0 ** math.floor(math.log10(value)) if value >= 1e4 else value)}"


def _comparisons(value: float, finding: Finding) -> str:
    of = finding.detectable.of if finding.detectable else None
    return f"{_amount(value)} of {_amount(of or finding.n)}"


def _amount(value: float) -> str:
    for least, unit, letter in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if value >= least:
            return f"{number(value / unit)} {letter}"
    return count(round(value))


def _signed(value: float) -> str:
    text = number(value, 2)
    return text if text == "0" or text.startswith("−") else f"+{text}"


SIZES = (
    Size(lambda effect: effect.name in ("scale", "gain"), _ratio),
    Size(lambda effect: effect.unit in ("std", "σ"), lambda value, _: f"{_signed(value)} σ"),
    Size(lambda effect: effect.name == "mismatches", _comparisons),
    Size(lambda effect: effect.unit == "× allowed", _times),
    Size(lambda effect: effect.unit.startswith("×"), _ratio),
    Size(lambda effect: effect.name.startswith("correlation"), lambda v, _: f"r {_signed(v)}"),
    Size(lambda effect: effect.name == "KS distance", lambda v, _: f"KS {number(v, 2)}"),
    # The tail probability of an extreme is nearly 0 or 1: its p-value says as much.
    Size(lambda effect: not effect.name.startswith("tail prob"), lambda v, _: _signed(v)),
)
"""The kinds of effects, what says most to a reader first."""
_WORDS: Mapping[Kind, str] = {Kind.ERROR: "raises", Kind.TIME_LIMIT: "too slow"}
