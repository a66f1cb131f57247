"""What was found of a model, for the eye: the parameter first, in its own units."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from initlaws.claims import Computed, Parts, Transformed
from initlaws.reporting import Observed, Report, Row
from verify.laws import Constant, Continuous, Law
from verify.quoting import shown
from verify.subjects.recipes.claims import Blocks, Rows
from verify.subjects.recipes.known import Exactly, Known, Unchecked

_BARS = " ▁▂▃▄▅▆▇█"
_BINS = 48
_NAMED = 4
"""Tensors of one fault that are named; all are counted."""
_TOLD = 3
"""Sentences of a tensor that are shown; all are counted."""
_PROBLEMS = 12
"""Tensors without a law that are listed."""


def of_report(report: Report) -> str:
    """The table of a verification.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
        What is wrong, each fault once with its tensors; or all laws, with what would be seen.
    """
    if report.problems:
        return _of_problems(report)
    wrong = [row for row in report.rows if row.wrong]
    blocks = [_fault([*rows]) for _, rows in groupby(sorted(wrong, key=_alike), key=_alike)]
    between = [f"  between tensors: {sentence}" for sentence in report.whole[:_TOLD]]
    return "\n".join([_verdict(report, len(wrong)), "", *(blocks or between or _kept(report))])


def _verdict(report: Report, wrong: int) -> str:
    made = f"{report.called}, {report.builds} builds, seed {report.seed}"
    tensors = f"{len(report.rows)} tensors"
    if report.passed:
        return f"All {tensors} follow their laws ({made}; {len(report.findings)} decisions)."
    if not wrong:
        return f"Each of {tensors} follows its law, but not all together ({made})."
    fails = "does not follow its law" if wrong == 1 else "do not follow their laws"
    return f"{wrong} of {tensors} {fails} ({made})."


def _of_problems(report: Report) -> str:
    sentences = [f"  {sentence}" for sentence in report.problems.values()]
    more = [f"  and {len(sentences) - _PROBLEMS} more"] if len(sentences) > _PROBLEMS else []
    return "\n".join([f"The laws do not fit {report.called}:", "", *sentences[:_PROBLEMS], *more])


def _alike(row: Row) -> tuple[str, str, str]:
    """What tensors of one fault share: the pattern, what they look like, and the first check."""
    return row.claimed.key, row.looks_like, row.checks[0]


def _fault(rows: Sequence[Row]) -> str:
    """One fault, with its tensors."""
    worst = max(rows, key=lambda row: row.claimed.place.tensor.numel())
    names = [row.claimed.place.name for row in rows]
    others = [name for name in names if name != worst.claimed.place.name]
    lines = [_headline(worst), f"      {_said(worst)}", *_picture(worst)]
    lines += [f"      {sentence}" for sentence in worst.wrong[:_TOLD]]
    if len(worst.wrong) > _TOLD:
        lines.append(f"      and {len(worst.wrong) - _TOLD} more")
    if others:
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        lines.append(f"      the same: {', '.join(others[:_NAMED])}{more}")
    return "\n".join([*lines, ""])


def _headline(row: Row) -> str:
    place = row.claimed.place
    return f"  {place.name}  {place.shape} {place.dtype}, under {shown(row.claimed.key)}"


def _said(row: Row) -> str:
    """What is observed beside what is lawful."""
    looks = f"; looks like {row.looks_like}" if row.looks_like else ""
    return f"{_numbers(row.observed)}, the law says {_lawful(row)}{looks}"


def _numbers(observed: Observed) -> str:
    if observed.low == observed.high:
        return f"all {observed.low:.4g}"
    return (
        f"mean {observed.mean:.3g}, std {observed.std:.3g}, "
        f"from {observed.low:.3g} to {observed.high:.3g}"
    )


def spelled(row: Row) -> str:
    """The claim of a row, as short as it can be said."""
    claim = row.claimed.claim
    if isinstance(claim, Exactly):
        return "its exact values"
    if isinstance(claim, Computed):
        return f"computed from {', '.join(claim.names)}"
    if isinstance(claim, Unchecked):
        return f"unchecked: {claim.why}"
    if isinstance(claim, Known):
        return "written, and the same in every build"
    law = _call(row.claimed.laws[0].law)
    return law + next((say(claim) for kind, say in _BESIDES if isinstance(claim, kind)), "")


_BESIDES: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (Rows, lambda claim: f", row {claim.row} zero"),
    (Blocks, lambda claim: f", in {claim.count} parts"),
    (Parts, lambda claim: f" and others, in {len(claim.laws)} parts along axis {claim.axis}"),
    (Transformed, lambda claim: " before it is transformed"),
)
"""What a claim says besides a law, in words."""


def _call(law: Law) -> str:
    """A law as a call by position, of numbers that can be read."""
    bare = re.sub(r"\b[a-z_]+=", "", repr(law))
    return re.sub(r"\d\.\d{5,}(?:e-?\d+)?", lambda found: f"{float(found[0]):.4g}", bare)


def _lawful(row: Row) -> str:
    law = _law(row)
    std = _std(law)
    return f"std {std:.3g} by {spelled(row)}" if std is not None else spelled(row)


def _law(row: Row) -> Law | None:
    return row.claimed.laws[0].law if row.claimed.laws else None


def _std(law: Law | None) -> float | None:
    """The standard deviation of a law, where it is known."""
    if not isinstance(law, Continuous):
        return None
    try:
        return law.standard_deviation
    except TypeError:
        return None


def _picture(row: Row) -> list[str]:
    """The histogram of the values over that of the law, on one axis."""
    law, observed = _law(row), row.observed
    if isinstance(row.claimed.claim, Parts | Transformed):
        return []  # The values are not those of the law.
    if not isinstance(law, Continuous) or not observed.some.numel():
        return []
    width = 4 * (_std(law) or law.scale)
    ends = [max(law.support[0], -width), min(law.support[1], width)]
    low = min(ends[0], float(observed.some.min()))
    high = max(ends[1], float(observed.some.max()))
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return []
    edges = np.linspace(low, high, _BINS + 1)
    seen, _ = np.histogram(observed.some.cpu().numpy(), edges)
    lawful = np.diff(np.asarray([float(law.cdf(edge)) for edge in map(float, edges)]))
    shares = {"seen": seen / max(1, seen.sum()), "law ": lawful}
    return [
        f"      {name} {_bars(share)}  {low:.3g} … {high:.3g}" for name, share in shares.items()
    ]


def _bars(shares: np.ndarray) -> str:
    """Shares as bars, the largest as high as a line."""
    top = float(shares.max()) or 1.0
    return "".join(_BARS[math.ceil(8 * share / top - 1e-9)] for share in map(float, shares))


def _kept(report: Report) -> Iterable[str]:
    """Every claim that is kept, its tensors, and what would have been seen of them."""
    rows = sorted(report.rows, key=lambda row: row.claimed.key)
    lines = []
    for key, group in groupby(rows, key=lambda row: row.claimed.key):
        same = [*group]
        amount = f"{len(same)} tensors" if len(same) > 1 else f"{same[0].claimed.place.shape}"
        laws = [*dict.fromkeys(map(spelled, same))]
        law = laws[0] if len(laws) == 1 else f"{laws[0]} … {laws[-1]}"
        lines.append((key, law, amount, _seen(report, same)))
    widths = [max(len(line[i]) for line in lines) for i in range(3)]
    for line in lines:
        cells = [text.ljust(width) for text, width in zip(line[:3], widths, strict=True)]
        yield f"  {'  '.join([*cells, line[3]])}".rstrip()


def _seen(report: Report, rows: Sequence[Row]) -> str:
    """The smallest error of the scale that would have been found."""
    labels = {f"all of {rows[0].claimed.key}"}
    if len(rows) == 1:
        labels = {law.label for law in rows[0].claimed.laws}
    sizes = [
        finding.detectable.size
        for finding in report.findings
        if finding.tensor in labels and finding.detectable and finding.detectable.name in _SPREADS
    ]
    if sizes:
        return f"a scale off by {min(sizes):.2g} would be seen" if min(sizes) < 1 else _BLIND
    claim = rows[0].claimed.claim
    is_exact = isinstance(claim, Exactly | Computed | Constant)
    return "any other value would be seen" if is_exact else ""


_SPREADS = ("scale", "spread")
_BLIND = "too few values to see its scale: more builds see more"
