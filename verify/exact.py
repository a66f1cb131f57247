"""Exact comparisons on the host: a value or an exception for each of many calls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from verify.checks.finding import Finding
from verify.checks.statistics import Exact
from verify.evidence import Evidence


@dataclass(frozen=True)
class Comparison:
    """A call and what it must give: a value, or the exception it must raise."""

    call: str
    actual: Callable[[], Any]
    expected: Any

    def problem(self) -> str:
        """What is wrong, or nothing."""
        try:
            actual = self.actual()
        except Exception as error:
            actual = type(error)
        if _agree(actual, self.expected):
            return ""
        return f"{self.call} gives {_shown(actual)}, not {_shown(self.expected)}"


def _agree(actual: Any, expected: Any) -> bool:
    if isinstance(expected, float):
        # One rounding may fall either way, so the last place but one decides.
        return isinstance(actual, (int, float)) and math.isclose(actual, expected, rel_tol=4e-16)
    return bool(actual == expected)


def _shown(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else repr(value)


def compare(comparisons: Iterable[Comparison], check: str = "exact") -> dict[str, Any]:
    """Make every comparison; the fields of an `Outcome` that they decide."""
    asked = list(comparisons)
    problems = [(c, problem) for c in asked if (problem := c.problem())]
    evidence = Evidence({check: Exact(len(asked), len(problems))})
    findings = evidence.findings("cell")
    findings += [
        Finding(check, False, None, 1, problem, scope="case", case=comparison.call)
        for comparison, problem in problems[:10]
    ]
    return {
        "findings": tuple(findings),
        "evidence": evidence,
        "n": len(asked),
        "cases": len(asked),
        "calls": len(asked),
        "decisions": len(asked),
    }
