"""Explore a cell: Hypothesis draws cases, the pool adds them up, the checks decide."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from verify import known_defects
from verify.checks.finding import Finding
from verify.checks.statistics import Histogram
from verify.checks.words import WORDS
from verify.drawing import for_each_case
from verify.evidence import NOTHING, Evidence
from verify.outcome import Outcome
from verify.reduction import reduce
from verify.run import Cell, Run, derive
from verify.sampling import Sampler, SubjectRaised, Unsupported
from verify.subjects.subject import Case
from verify.watchdog import TimedOut

_POOL_BATCH = 1 << 19
"""Values of one replicate that fills the pool."""

_POOL_CALLS = 512
_POOL_NUMEL = 1 << 12
_CONFIRMATION = 4
"""A failure is redrawn on so many times the sample."""


class CaseFailed(Exception):
    """Checks of one case failed; Hypothesis shrinks on this."""

    def __init__(self, case: Case, findings: list[Finding]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.case = case
        self.findings = findings


class CaseTimedOut(BaseException):
    """A case ran into the time limit. Not an Exception: shrinking a hang would take hours."""

    def __init__(self, case: Case, finding: Finding) -> None:
        super().__init__(finding.message)
        self.case = case
        self.findings = [finding]


@dataclass
class _Tally:
    """What has been looked at so far."""

    n: int = 0
    calls: int = 0
    decisions: int = 0
    unsupported: str = ""
    pooling: bool = True
    evidence: Evidence = NOTHING
    examined: dict[Case, list[Finding]] = field(default_factory=dict)
    pooled: list[Case] = field(default_factory=list)
    excluded: set[str] = field(default_factory=set)


def verify_cell(cell: Cell, run: Run) -> Outcome:
    """Explore the cases of a cell, pool them, and decide.

    Returns
    -------
    Outcome
        With the verdict, every cell-scope finding, and the case-scope findings that failed
        or came nearest to failing.
    """
    return _Exploration(cell, run).conclude()


class _Exploration:
    """The state of one cell's exploration."""

    def __init__(self, cell: Cell, run: Run) -> None:
        self.cell = cell
        self.run = run
        self.sampler = Sampler(cell, run)
        self.tally = _Tally()
        self.defects = known_defects.of_cell(cell)

    def conclude(self) -> Outcome:
        failed = self._failed_cases()
        pooled = self.tally.evidence.findings("cell")
        self.tally.decisions += len(pooled)
        findings = [_confirmed(finding, self._redrawn_pool) for finding in pooled]
        findings += failed or self._nearest_to_failing()
        return self._outcome(findings)

    def _failed_cases(self) -> list[Finding]:
        """Findings of the smallest failing case; if none fails, the pool is full afterwards."""
        profile, subject = self.run.profile, self.cell.subject
        try:
            for_each_case(
                subject.cases(profile.max_numel),
                self.examine,
                seed=derive(self.run.seed, self.cell.id, "cases"),
                examples=profile.examples,
            )
            for anchor in subject.anchors:
                self.examine(anchor)
            self.tally.evidence = self._filled_pool("pool", self.tally.evidence)
        except (CaseFailed, CaseTimedOut) as failure:
            redrawn = self._redrawn_case(failure.case)
            return [_confirmed(finding, redrawn) for finding in failure.findings]
        return []

    def examine(self, case: Case) -> None:
        """Draw and check one case; a case seen before is answered from memory."""
        if case not in self.tally.examined:
            if defect := known_defects.spoiling(case, self.defects):
                self.tally.excluded.add(defect.id)
                return
            self.tally.examined[case] = self._examined(case)
        failures = [f for f in self.tally.examined[case] if not f.passed]
        if failures:
            self.tally.pooling = False
            raise CaseFailed(case, failures)

    def _examined(self, case: Case) -> list[Finding]:
        try:
            evidence = self._drawn(case, "case", self._case_calls(case), sort=True)
        except Unsupported as reason:
            self.tally.unsupported = self.tally.unsupported or f"{case!r}: {reason}"
            return []
        findings = evidence.findings("case", case)
        self.tally.decisions += len(findings)
        if self.tally.pooling and all(finding.passed for finding in findings):
            self.tally.evidence += evidence.pooled()
            if _pooled(evidence):
                self.tally.pooled.append(case)
        return findings

    def _case_calls(self, case: Case) -> int:
        values = int(self.run.profile.case_values / self.cell.subject.effort(case))
        return self.sampler.calls(case, values, self.run.profile.case_calls)

    def _drawn(self, case: Case, replicate: str, calls: int, *, sort: bool) -> Evidence:
        try:
            sample = self.sampler.draw(case, replicate, calls)
        except SubjectRaised as reason:
            self.tally.pooling = False
            raise CaseFailed(case, [_broken("raises", case, reason)]) from reason
        except TimedOut as reason:
            raise CaseTimedOut(case, _broken("time_limit", case, reason)) from None
        self.tally.n += sample.values.numel()
        self.tally.calls += sample.values.shape[0]
        if sample.values.numel() == 0:
            return NOTHING
        return reduce(sample, case.shape, self.cell.subject.law(case), sort=sort)

    def _filled_pool(self, tag: str, evidence: Evidence, times: int = 1) -> Evidence:
        """Replicate the cheap large cases in turn until the pool is full."""
        wanted = times * self.run.profile.pool_values
        cases = self._poolable()
        for turn in itertools.count():
            before = _pooled(evidence)
            for case in cases:
                missing = wanted - _pooled(evidence)
                if missing <= 0:
                    return evidence
                values = min(_POOL_BATCH, max(_POOL_NUMEL, missing))
                calls = self.sampler.calls(case, values, _POOL_CALLS)
                drawn = self._drawn(case, f"{tag} {turn}", calls, sort=False)
                evidence += drawn.pooled()
            if _pooled(evidence) == before:  # No case, or nothing but NaN.
                break
        return evidence

    def _poolable(self) -> list[Case]:
        """Pooled cases worth replicating: large tensors of little effort."""
        effort = self.cell.subject.effort
        large = [case for case in self.tally.pooled if math.prod(case.shape) >= _POOL_NUMEL]
        affordable = 2 * min(map(effort, large), default=0.0)
        return [case for case in large if effort(case) <= affordable]

    @functools.cached_property
    def _redrawn_pool(self) -> Callable[[], Evidence]:
        """The pool on fresh draws, four times as many, drawn when first asked for."""
        return functools.cache(lambda: self._filled_pool("confirmation", NOTHING, _CONFIRMATION))

    def _redrawn_case(self, case: Case) -> Callable[[], Evidence]:
        """The case on fresh draws, four times as many, drawn when first asked for."""
        calls = _CONFIRMATION * self._case_calls(case)
        return functools.cache(lambda: self._drawn(case, "confirmation", calls, sort=True))

    def _nearest_to_failing(self) -> list[Finding]:
        """The case-scope finding of the smallest p-value."""
        decided = [
            finding
            for findings in self.tally.examined.values()
            for finding in findings
            if finding.p_value is not None
        ]
        return sorted(decided, key=_p_value)[:1]

    def _outcome(self, findings: list[Finding]) -> Outcome:
        cell, tally = self.cell, self.tally
        nothing_ran = tally.n == 0 and bool(tally.unsupported)
        timed_out = any(f.check == "time_limit" for f in findings)
        verdict = "timed out" if timed_out else "unsupported" if nothing_ran else ""
        return Outcome(
            promise="law",
            subject=cell.subject.name,
            backend=cell.backend.name,
            dtype=cell.dtype_name,
            words=cell.subject.words,
            formula=cell.subject.formula,
            source=cell.subject.source,
            findings=tuple(findings),
            verdict=verdict,
            reason=f"not implemented for {tally.unsupported}" if tally.unsupported else "",
            n=tally.n,
            cases=len(tally.examined),
            calls=tally.calls,
            decisions=tally.decisions,
            evidence=tally.evidence,
            excluded=tuple(sorted(tally.excluded)),
        )


def _pooled(evidence: Evidence) -> int:
    """Values in the pool's histogram; 0 for laws without randomness."""
    histogram = evidence.statistics.get("distribution")
    return histogram.n if isinstance(histogram, Histogram) else 0


def _p_value(finding: Finding) -> float:
    return 1.0 if finding.p_value is None else finding.p_value


def _confirmed(finding: Finding, redraw: Callable[[], Evidence]) -> Finding:
    """Put beside a statistical failure the p-value of the same check on fresh draws."""
    if finding.passed or finding.p_value is None:
        return finding
    try:
        fresh = redraw().findings(finding.scope)
    except (CaseFailed, CaseTimedOut):
        return finding
    same = [_p_value(other) for other in fresh if other.check == finding.check]
    return replace(finding, confirmation=min(same)) if same else finding


def _broken(check: str, case: Any, reason: BaseException) -> Finding:
    """The finding of a call that did not return."""
    message = f"{WORDS[check].broken}: {reason}"
    return Finding(check, False, None, 1, message, scope="case", case=repr(case))
