"""Put beside a statistical failure what fresh draws say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from verify.checks.finding import Finding
from verify.checks.statistics import Decision
from verify.engine.cases import CaseFailed, CaseTimedOut
from verify.outcome.evidence import Evidence
from verify.torch_api import OutOfMemory

TIMES = 4
"""A failure is redrawn on so many times the sample."""


def confirmed(finding: Finding, redraw: Callable[[], Evidence]) -> Finding:
    """Put beside a statistical failure the p-value of the same check on fresh draws."""
    if finding.passed or finding.p_value is None:
        return finding
    try:
        fresh = redraw().findings(finding.scope)
    except (CaseFailed, CaseTimedOut, OutOfMemory):
        return finding
    same = [p_value(other) for other in fresh if _decides_alike(other, finding)]
    return replace(finding, confirmation=min(same)) if same else finding


def p_value(found: Finding | Decision) -> float:
    """The p-value; 1 where there is none."""
    return 1.0 if found.p_value is None else found.p_value


def _decides_alike(one: Finding, other: Finding) -> bool:
    return (one.check, one.tensor) == (other.check, other.tensor)
