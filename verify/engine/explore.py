"""Explore a cell: Hypothesis draws cases, the pool adds them up, the checks decide."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from verify.checks.finding import Finding
from verify.checks.statistics import Histogram, Products, SubGaussianMoments
from verify.defects import known_defects
from verify.engine.fingerprints import fingerprints
from verify.engine.observation import observe, unlawful_state
from verify.engine.sampling import Sampler, SubjectRaised, Unsupported
from verify.outcome.evidence import NOTHING, Evidence
from verify.outcome.outcome import Outcome
from verify.plan.drawing import for_each_case
from verify.plan.run import Cell, Run, derive
from verify.plan.watchdog import TimedOut
from verify.subjects.subject import Case, TensorLaw

_POOL_BATCH = 1 << 19
"""Values of one replicate that fills the pool."""

_POOL_CALLS = 512
_POOL_NUMEL = 1 << 12
_POOL_KEPT = 1 << 22
"""Values of all tensors that one replicate keeps in memory."""


_CALL = 1 << 12
"""What a call costs besides its values: as much as drawing so many."""

_CONFIRMATION = 4
"""A failure is redrawn on so many times the sample."""

_SMALLER = 100
"""Cases tried for a smaller failure: where a fault is only just seen, each draw is a toss."""


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
    smaller: int = 0  # Cases tried since the first failure.
    evidence: Evidence = NOTHING
    examined: dict[Case, list[Finding]] = field(default_factory=dict)
    pooled: dict[Case, set[str]] = field(default_factory=dict)  # And the kinds it fills.
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
    return _Exploration(cell, run, promise, pool).conclude()


class _Exploration:
    """The state of one cell's exploration."""

    def __init__(self, cell: Cell, run: Run, promise: str, pool: float) -> None:
        self.cell = cell
        self.run = run
        self.promise = promise
        self.pool = pool
        extent = run.profile.of(cell.subject.family)
        self.extent = extent if pool else extent.lean()
        self.sampler = Sampler(cell, run, promise)
        self.tally = _Tally()
        self.defects = known_defects.of_cell(cell, promise)

    def conclude(self) -> Outcome:
        failed = self._failed_cases()
        pooled = self.tally.evidence.findings("cell")
        self.tally.decisions += len(pooled)
        findings = [_confirmed(finding, self._redrawn_pool) for finding in pooled]
        findings += failed or self._nearest_to_failing()
        return self._outcome(findings)

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
            if self.pool:
                most = int(self.pool * self.cell.pooled(self.extent.pool_values))
                wanted = dict.fromkeys(self._pooled_kinds(), most)
                self.tally.evidence = self._filled_pool("pool", self.tally.evidence, wanted)
        except (CaseFailed, CaseTimedOut) as failure:
            redrawn = self._redrawn_case(failure.case)
            return [_confirmed(finding, redrawn) for finding in failure.findings]
        return []

    def _sound(self) -> list[Case]:
        """The anchors that the dtype has room for, and that no known defect excludes."""
        return [
            anchor
            for anchor in self.cell.subject.anchors
            if self.cell.holds(anchor) and not known_defects.excluding(anchor, self.defects)
        ]

    def _largest(self) -> int:
        """Entries of the largest anchor that the profile has time for."""
        return self.extent.max_numel * (8 if self.pool else 16)

    def examine(self, case: Case) -> None:
        """Draw and check one case; a case seen before is answered from memory."""
        if case not in self.tally.examined:
            if not self.cell.holds(case):
                return
            if defect := known_defects.excluding(case, self.defects):
                self.tally.excluded.add(defect.id)
                return
            if not self.tally.pooling:
                if self.tally.smaller == _SMALLER:
                    return
                self.tally.smaller += 1
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
        except CaseFailed as failure:
            return failure.findings
        findings = self._forgiven(case, evidence.findings("case", case))
        self.tally.decisions += len(findings)
        if self.tally.pooling and all(finding.passed for finding in findings):
            pooled = evidence.pooled(self._kinds(case))
            self.tally.evidence += pooled
            self.tally.pooled[case] = {k for k in ("", *pooled.tensors) if _pooled(pooled, k)}
        return findings

    def _forgiven(self, case: Case, findings: list[Finding]) -> list[Finding]:
        """The findings, those that a known deviation explains as passed: all others must be."""
        known = {d.check: d.id for d in known_defects.tolerating(case, self.defects)}
        if not known:
            return findings
        self.tally.excluded.update(known[f.check] for f in findings if f.check in known)
        return [
            replace(f, passed=True, message=f"known deviation {known[f.check]}: {f.message}")
            if f.check in known and not f.passed
            else f
            for f in findings
        ]

    def _kinds(self, case: Case) -> dict[str, str]:
        """Under which name each tensor is pooled."""
        return {tensor.label: tensor.pool for tensor in self._tensors(case)}

    def _tensors(self, case: Case) -> tuple[TensorLaw, ...]:
        """The tensors of a case."""
        tensors = self.cell.subject.tensors(case)
        if self.promise == "default":
            return tensors
        # Whoever resets layer by layer makes no copies: each follows its law by itself.
        return tuple(replace(tensor, copy_of="") for tensor in tensors)

    def _case_calls(self, case: Case) -> int:
        values = int(self.extent.case_values / self.cell.subject.effort(case))
        return self.sampler.calls(case, values, self.extent.case_calls)

    def _drawn(
        self, case: Case, replicate: str, calls: int, *, sort: bool, only: Collection[str] = ()
    ) -> Evidence:
        tensors = [t for t in self._tensors(case) if not only or t.label in only]
        try:
            names = {tensor.name for tensor in tensors} if only else ()
            sample = self.sampler.draw(case, replicate, calls, only=names)
        except SubjectRaised as reason:
            raise CaseFailed(case, [Finding.broken(reason.check, reason, case)]) from reason
        except TimedOut as reason:
            raise CaseTimedOut(case, Finding.broken("time_limit", reason, case)) from None
        if problem := unlawful_state(sample, tensors):
            raise CaseFailed(case, [Finding.broken("state", problem, case)])
        self.tally.n += sample.n
        self.tally.calls += sample.calls
        if sample.n == 0:
            return NOTHING
        return observe(sample, tensors, sort=sort)

    def _pooled_kinds(self) -> list[str]:
        """The random kinds of tensors that have been pooled."""
        return sorted(set().union(*self.tally.pooled.values()))

    def _filled_pool(self, tag: str, evidence: Evidence, wanted: Mapping[str, int]) -> Evidence:
        """Replicate cases in turn until every kind of tensors has the values wanted."""
        for kind in wanted:
            cases = self._poolable(kind)
            for turn in itertools.count():
                before = _pooled(evidence, kind)
                for case in cases:
                    lacking = {
                        k: m for k, most in wanted.items() if (m := most - _pooled(evidence, k)) > 0
                    }
                    if kind not in lacking:
                        break
                    replicate = f"{tag} {kind} {turn}"
                    evidence += self._replicated(case, replicate, kind, lacking)
                if _pooled(evidence, kind) == before:  # Full, or nothing but NaN.
                    break
        return evidence

    def _replicated(
        self, case: Case, replicate: str, kind: str, lacking: Mapping[str, int]
    ) -> Evidence:
        """One more replicate, for the sake of a kind: of all tensors whose kind is lacking."""
        values = min(_POOL_BATCH, max(_POOL_NUMEL, lacking[kind]))
        calls = -(-values // _numel(self._of_kinds(case, [kind])))
        kept = self._of_kinds(case, lacking)
        calls = min(calls, _POOL_CALLS, max(1, _POOL_KEPT // _numel(kept)))
        only = [tensor.label for tensor in kept] if kind else []
        drawn = self._drawn(case, replicate, calls, sort=False, only=only)
        return drawn.pooled(self._kinds(case))

    def _of_kinds(self, case: Case, kinds: Collection[str]) -> list[TensorLaw]:
        """The tensors of a case that are pooled under these names."""
        tensors = self._tensors(case)
        return [tensor for tensor in tensors if tensor.pool in kinds and not tensor.copy_of]

    def _poolable(self, kind: str) -> list[Case]:
        """Pooled cases worth replicating: those whose values of the kind cost least."""
        costs = {
            case: self._cost(case) / numel
            for case, kinds in self.tally.pooled.items()
            if kind in kinds and (numel := _numel(self._of_kinds(case, [kind])))
        }
        affordable = 2 * min(costs.values(), default=0.0)
        return [case for case, cost in costs.items() if cost <= affordable]

    def _cost(self, case: Case) -> float:
        """Cost of a call, in values drawn."""
        return _CALL + self.cell.subject.effort(case) * self.cell.subject.numel(case)

    @functools.cached_property
    def _redrawn_pool(self) -> Callable[[], Evidence]:
        """The pool on fresh draws, four times as many, drawn when first asked for."""
        # After a case that failed the pool is what was there by then.
        held = {k: _CONFIRMATION * _pooled(self.tally.evidence, k) for k in self._pooled_kinds()}
        return functools.cache(lambda: self._filled_pool("confirmation", NOTHING, held))

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

    def _special_verdict(self, findings: list[Finding]) -> tuple[str, str]:
        """The verdict and its reason where it does not follow from the findings."""
        tally = self.tally
        reason = f"not implemented for {tally.unsupported}" if tally.unsupported else ""
        if any(f.check == "time_limit" for f in findings):
            return "timed out", reason
        if tally.n == 0 and tally.unsupported:
            return "unsupported", reason
        if tally.n == 0 and tally.excluded:
            return "known defect", f"every case is spoiled by {', '.join(sorted(tally.excluded))}"
        if tally.n == 0 and not findings:
            return "not tested", "not tested: the dtype has room for no case with a value"
        return "", reason

    def _outcome(self, findings: list[Finding]) -> Outcome:
        cell, tally = self.cell, self.tally
        verdict, reason = self._special_verdict(findings)
        return replace(
            Outcome.of_cell(self.promise, cell.names, cell.subject),
            findings=tuple(findings),
            verdict=verdict,
            reason=reason,
            n=tally.n,
            cases=len(tally.examined),
            calls=tally.calls,
            decisions=tally.decisions,
            evidence=tally.evidence,
            excluded=tuple(sorted(tally.excluded)),
            history=cell.subject.history,
            # What does not end is not drawn again.
            streams={} if verdict == "timed out" else fingerprints(self.sampler, self._sound()),
        )


def _numel(tensors: list[TensorLaw]) -> int:
    return sum(math.prod(tensor.lawful_shape) for tensor in tensors)


def _pooled(evidence: Evidence, kind: str) -> int:
    """Values pooled of a kind of tensors; 0 for laws without randomness."""
    of_kind = evidence.tensors.get(kind, NOTHING) if kind else evidence
    held = (of_kind.statistics.get(name) for name in ("distribution", "moments", "products"))
    counted = next(filter(None, held), None)
    return counted.n if isinstance(counted, Histogram | SubGaussianMoments | Products) else 0


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
    same = [_p_value(other) for other in fresh if _decides_alike(other, finding)]
    return replace(finding, confirmation=min(same)) if same else finding


def _decides_alike(one: Finding, other: Finding) -> bool:
    return (one.check, one.tensor) == (other.check, other.tensor)
