"""Explore a cell: Hypothesis draws cases, the pool adds them up, the checks decide."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from verify.checks.finding import Finding, Kind
from verify.defects import known_defects
from verify.defects.known_defects import KnownDefect
from verify.engine.cases import CaseFailed, Cases, CaseTimedOut
from verify.engine.confirm import TIMES, confirmed, p_value
from verify.engine.elsewhere import Look, told_apart
from verify.engine.fingerprints import fingerprints
from verify.engine.pool import Pool
from verify.engine.sampling import Unsupported
from verify.engine.witness import is_shown
from verify.outcome.evidence import NOTHING, Evidence
from verify.outcome.outcome import Outcome
from verify.outcome.verdict import Verdict
from verify.plan.drawing import for_each_case
from verify.plan.run import Cell, Run, derive
from verify.subjects.case import Case
from verify.torch_api import OutOfMemory

_DRAWN = ("deviations", "histogram", "tally")
"""Kinds of statistics that a picture of a failing case shows."""
_MOST_DRAWN = 4
"""So many tensors of a failing case are kept, the worst."""

_SMALLER, _SMALLER_AGAIN = 100, 5
"""Cases tried for a smaller failure: where a fault is only just seen, each draw is a toss. Fewer
where a cell is looked at again."""


@dataclass
class _Progress:
    """What has been looked at so far."""

    decisions: int = 0
    unsupported: str = ""
    gap: str = ""  # What kept the exploration from its end.
    pooling: bool = True
    smaller: int = 0  # Cases tried since the first failure.
    examined: dict[Case, list[Finding]] = field(default_factory=dict)
    failing: dict[Case, Evidence] = field(default_factory=dict)
    """What pictures show of cases that failed."""
    excluded: set[str] = field(default_factory=set)


def verify_cell(cell: Cell, run: Run, promise: str = "law", *, pool: float = 1.0) -> Outcome:
    """Explore the cases of a cell, pool them, and decide.

    Parameters
    ----------
    cell : Cell
    run : Run
    promise : str
        What is promised of the cell, one of the subject's `fill_methods`.
    pool : float
        The share of the profile's pool that is filled. With none, fewer and smaller cases are
        drawn, and the pool holds them alone: for what does not hang on the last digit.

    Returns
    -------
    Outcome
        With the verdict, every cell-scope finding, and the case-scope findings that failed
        or came nearest to failing.
    """

    def look(left_out: tuple[KnownDefect, ...]) -> Look:
        exploration = _Exploration(cell, run, promise, pool, left_out)
        return Look(exploration.conclude(), exploration.failed, tuple(exploration.pool.cases))

    known = known_defects.for_cell_elsewhere(cell, promise)
    return told_apart(look, known, lambda defect: is_shown(cell, defect, run))


class _Exploration:
    """The state of one cell's exploration."""

    def __init__(
        self,
        cell: Cell,
        run: Run,
        promise: str,
        share: float,
        elsewhere: tuple[KnownDefect, ...] = (),
    ) -> None:
        self.cell = cell
        self.run = run
        self.promise = promise
        self.share = share
        extent = run.profile.of(cell.subject.family)
        self.extent = (extent if share else extent.lean()).within(cell.backend.bearable)
        self.cases = Cases(cell, run, promise)
        self.pool = Pool(self.cases, self._known)
        self.progress = _Progress()
        self.most_smaller = _SMALLER_AGAIN if elsewhere else _SMALLER
        self.failed: Case | None = None
        self.failing = NOTHING
        self.defects = known_defects.for_cell(cell, promise) + elsewhere

    def conclude(self) -> Outcome:
        failed = self._failed_cases()
        pooled = self._forgiven_of_all(self.pool.evidence.findings("cell"))
        self.progress.decisions += len(pooled)
        redrawn = functools.cache(lambda: self.pool.redrawn(TIMES))
        findings = [confirmed(finding, redrawn) for finding in pooled]
        findings += failed or self._nearest_to_failing()
        return replace(self._outcome(findings), failing=self.failing)

    def _failed_cases(self) -> list[Finding]:
        """Findings of the smallest failing case; if none fails, the pool is full afterwards."""
        extent, subject = self.extent, self.cell.subject
        try:
            for_each_case(
                subject.cases(extent.max_numel),
                self.examine,
                seed=derive(self.run.seed, self.cell.id, f"{self.promise} cases"),
                examples=extent.examples,
            )
            for anchor in subject.anchors:
                if subject.numel(anchor) <= self._largest():
                    self.examine(anchor)
            if self.share:
                self._stratify()
                self.pool.fill(int(self.share * self.cell.pooled(self.extent.pool_values)))
        except (CaseFailed, CaseTimedOut) as failure:
            self.failed = failure.case
            self.failing = self.progress.failing.get(failure.case, NOTHING)
            redrawn = self._redrawn_case(failure.case)
            return [confirmed(finding, redrawn) for finding in failure.findings]
        except OutOfMemory as reason:
            self.progress.gap = f"{reason}"
        return []

    def _sound(self) -> list[Case]:
        """The anchors that the dtype has room for, and that no known defect excludes."""
        return [*filter(self._is_sound, self.cell.subject.anchors)]

    def _stratify(self) -> None:
        """Pool the strata, each with those of its cases that are sound and affordable.

        They are asked of the first fill method: the others hand over to the same fills. So do
        narrow and complex dtypes, which round and pair what wide ones draw.
        """
        wide = self.cell.is_wide if self.run.profile.every_dtype else self.cell.is_usual
        if not wide or self.promise != next(iter(self.cell.subject.fill_methods)):
            return
        values = self.cell.pooled(self.extent.stratum_values)
        for stratum in self.cell.subject.strata:
            cases = tuple(filter(self._is_affordable, filter(self._is_sound, stratum.cases)))
            try:
                self.pool.stratify(replace(stratum, cases=cases), values)
            except Unsupported as reason:
                self.progress.unsupported = self.progress.unsupported or f"{stratum.name}: {reason}"

    def _is_sound(self, case: Case) -> bool:
        """Whether the dtype has room for a case, and no known defect excludes it."""
        return self.cell.holds(case) and not known_defects.excluding(case, self.defects)

    def _is_affordable(self, case: Case) -> bool:
        """Whether the profile has time for one call: where a dtype is not wide, for an eighth."""
        cost = self.cell.subject.effort(case) * self.cell.subject.numel(case)
        return cost <= self.cell.pooled(self.extent.largest)

    def _largest(self) -> int:
        """Entries of the largest anchor that the profile has time for."""
        return self.extent.max_numel * (8 if self.share else 16)

    def examine(self, case: Case) -> None:
        """Draw and check one case; a case seen before is answered from memory."""
        if case not in self.progress.examined:
            if not self.cell.holds(case):
                return
            if defect := known_defects.excluding(case, self.defects):
                self.progress.excluded.add(defect.id)
                return
            if not self.progress.pooling:
                if self.progress.smaller == self.most_smaller:
                    return
                self.progress.smaller += 1
            self.progress.examined[case] = self._examined(case)
        failures = [f for f in self.progress.examined[case] if not f.passed]
        if failures:
            self.progress.pooling = False
            raise CaseFailed(case, failures)

    def _examined(self, case: Case) -> list[Finding]:
        try:
            evidence = self.cases.draw(case, "case", self._case_calls(case), sort=True)
        except Unsupported as reason:
            self.progress.unsupported = self.progress.unsupported or f"{case!r}: {reason}"
            return []
        except CaseFailed as failure:
            return failure.findings
        findings = self._forgiven(self._known(case), self._telling(case, evidence))
        failed = sorted((f for f in findings if not f.passed), key=p_value)
        if failed:
            worst = list(dict.fromkeys(finding.tensor for finding in failed))[:_MOST_DRAWN]
            self.progress.failing[case] = evidence.narrowed(worst, _DRAWN)
        elif self.progress.pooling:
            self.pool.add(case, evidence)
        return findings

    def _telling(self, case: Case, evidence: Evidence) -> list[Finding]:
        """Of all decisions those that failed, and the one that came nearest to it."""
        decisions = [*evidence.decisions()]
        self.progress.decisions += len(decisions)
        told = [(tensor, decision) for tensor, decision in decisions if not decision.passed]
        passed = [each for each in decisions if each[1].passed and each[1].p_value is not None]
        told += sorted(passed, key=lambda each: p_value(each[1]))[:1]
        return [decision.finding("case", repr(case), tensor) for tensor, decision in told]

    def _forgiven_of_all(self, findings: list[Finding]) -> list[Finding]:
        """The findings of the pool, of which every case must deviate.

        What a check alone is about is left out of the pool case by case; several decide on one
        distribution, which is whole.
        """
        known = [self._known(case) for case in self.pool.cases]
        shared = set.intersection(*map(set, known)) if known else set[str]()
        return self._forgiven({check: known[0][check] for check in shared}, findings)

    def _forgiven(self, known: Mapping[str, str], findings: list[Finding]) -> list[Finding]:
        """The findings, those that a known deviation explains as passed: all others must be."""
        if not known:
            return findings
        self.progress.excluded.update(known[f.check] for f in findings if f.check in known)
        return [
            replace(f, passed=True, message=f"known deviation {known[f.check]}: {f.message}")
            if f.check in known and not f.passed
            else f
            for f in findings
        ]

    def _known(self, case: Case) -> Mapping[str, str]:
        """The known deviations of a case: their ids, by the check that each explains."""
        tolerated = known_defects.tolerating(case, self.defects)
        return {check: defect.id for defect in tolerated for check in defect.forgiven}

    def _case_calls(self, case: Case) -> int:
        values = int(self.extent.case_values / self.cell.subject.effort(case))
        return self.cases.sampler.calls(case, values, self.extent.case_calls)

    def _redrawn_case(self, case: Case) -> Callable[[], Evidence]:
        """The case on fresh draws, four times as many, drawn when first asked for."""
        calls = TIMES * self._case_calls(case)
        return functools.cache(lambda: self.cases.draw(case, "confirmation", calls, sort=True))

    def _nearest_to_failing(self) -> list[Finding]:
        """The case-scope finding of the smallest p-value."""
        decided = [
            finding
            for findings in self.progress.examined.values()
            for finding in findings
            if finding.p_value is not None
        ]
        return sorted(decided, key=p_value)[:1]

    def _special_verdict(self, findings: list[Finding]) -> tuple[Verdict | None, str]:
        """The verdict and its reason where it does not follow from the findings."""
        progress, n = self.progress, self.cases.n
        reason = f"not implemented for {progress.unsupported}" if progress.unsupported else ""
        if any(f.kind is Kind.TIME_LIMIT for f in findings):
            return Verdict.TIMED_OUT, reason
        if progress.gap and all(finding.passed for finding in findings):
            return Verdict.ERROR, progress.gap
        if n == 0 and progress.unsupported:
            return Verdict.UNSUPPORTED, reason
        if n == 0 and progress.excluded:
            spoilers = ", ".join(sorted(progress.excluded))
            return Verdict.KNOWN_DEFECT, f"every case is spoiled by {spoilers}"
        if n == 0 and not findings:
            return Verdict.NOT_TESTED, "not tested: the dtype has room for no case with a value"
        return None, reason

    def _outcome(self, findings: list[Finding]) -> Outcome:
        cell, progress = self.cell, self.progress
        verdict, reason = self._special_verdict(findings)
        ends = verdict is not Verdict.TIMED_OUT
        return replace(
            Outcome.for_cell(self.promise, cell.names, cell.subject),
            findings=tuple(findings),
            verdict=verdict,
            reason=reason,
            n=self.cases.n,
            cases=len(progress.examined),
            calls=self.cases.calls,
            decisions=progress.decisions,
            evidence=self.pool.evidence,
            excluded=tuple(sorted(progress.excluded)),
            history=cell.subject.history,
            # What does not end is not drawn again.
            streams=fingerprints(self.cases.sampler, self._sound()) if ends else {},
        )
