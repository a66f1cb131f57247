"""The pool of a cell: the evidence of its cases added up, and of replicates that fill it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from verify.checks.statistics import Histogram, Products, SubGaussianMoments
from verify.engine.cases import Cases
from verify.outcome.evidence import NOTHING, Evidence
from verify.subjects.case import Case
from verify.subjects.subject import Stratum
from verify.subjects.tensor_law import TensorLaw

_BATCH = 1 << 19
"""Values of one replicate."""

_CALLS = 512
_NUMEL = 1 << 12
_KEPT = 1 << 22
"""Values of all tensors that one replicate keeps in memory."""

_CALL = 1 << 12
"""What a plain call costs besides its values: as much as drawing so many."""

_EFFORT = 1 << 8
"""What a stratum may cost for each value that it wants: small tensors end their turn by it."""

_EFFORT_OF_KIND = 1 << 9
"""The same of a kind of tensors: one that is nearly all zeros ends its turn by it."""

_TOGETHER = 1 << 11
"""Calls of a stratum that are reduced together."""

_OF_STRATUM = ("distribution", "moments", "haar_trace", "haar_sign")
"""What a stratum is asked by itself; the whole is asked everything."""


@dataclass
class Pool:
    """What has been pooled.

    Attributes
    ----------
    drawn : Cases
    forgiven : callable
        The checks that a known deviation explains in a case: the pool is not asked them of it.
    evidence : Evidence
    cases : dict
        The random kinds of tensors that each pooled case fills.
    strata : list
        Those that have been pooled, and how many values of each were wanted.
    """

    drawn: Cases
    forgiven: Callable[[Case], Collection[str]] = lambda _case: ()
    evidence: Evidence = NOTHING
    cases: dict[Case, set[str]] = field(default_factory=dict)
    strata: list[tuple[Stratum, int]] = field(default_factory=list)

    def add(self, case: Case, evidence: Evidence) -> None:
        """Pool what was seen of a case."""
        pooled = self._pooled(case, evidence)
        self.evidence += pooled
        self.cases[case] = {kind for kind in ("", *pooled.tensors) if _values(pooled, kind)}

    def fill(self, values: int) -> None:
        """Replicate cases until every random kind of tensors has so many values."""
        self.evidence = self._filled("pool", self.evidence, dict.fromkeys(self._kinds(), values))

    def stratify(self, stratum: Stratum, values: int) -> None:
        """Draw so many values of a stratum, for a pool of its own and for the whole."""
        self.evidence = self._stratified("stratum", self.evidence, stratum, values)
        self.strata.append((stratum, values))

    def redrawn(self, times: int) -> Evidence:
        """The pool on fresh draws, so many times the values of each kind."""
        # After a case that failed the pool is what was there by then.
        held = {kind: times * _values(self.evidence, kind) for kind in self._kinds()}
        evidence = self._filled("confirmation", NOTHING, held)
        for stratum, values in self.strata:
            evidence = self._stratified("confirmation", evidence, stratum, times * values)
        return evidence

    def _kinds(self) -> list[str]:
        """The random kinds of tensors that have been pooled."""
        return sorted(set().union(*self.cases.values()))

    def _filled(self, tag: str, evidence: Evidence, wanted: Mapping[str, int]) -> Evidence:
        """Replicate cases in turn until a kind has the values wanted, or has cost too much."""
        for kind, values in wanted.items():
            cases, effort = self._worthwhile(kind), float(_EFFORT_OF_KIND * values)
            for turn in itertools.count():
                before = _values(evidence, kind)
                for case in cases:
                    lacking = {
                        k: m for k, most in wanted.items() if (m := most - _values(evidence, k)) > 0
                    }
                    if kind not in lacking or effort <= 0:
                        break
                    calls = self._calls(case, kind, lacking)
                    evidence += self._replicated(case, f"{tag} {kind} {turn}", calls, kind, lacking)
                    effort -= calls * self._cost(case)
                if _values(evidence, kind) == before:  # Full, dear, or nothing but NaN.
                    break
        return evidence

    def _calls(self, case: Case, kind: str, lacking: Mapping[str, int]) -> int:
        """How many calls to replicate, for the sake of a kind."""
        values = min(_BATCH, max(_NUMEL, lacking[kind]))
        calls = -(-values // _numel(self.drawn.tensors_of_kinds(case, [kind])))
        return min(calls, _CALLS, max(1, _KEPT // _numel(self._kept(case, lacking))))

    def _kept(self, case: Case, lacking: Mapping[str, int]) -> list[TensorLaw]:
        """The tensors of a case whose kind is lacking."""
        return self.drawn.tensors_of_kinds(case, lacking)

    def _replicated(
        self, case: Case, replicate: str, calls: int, kind: str, lacking: Mapping[str, int]
    ) -> Evidence:
        """One more replicate: of all tensors whose kind is lacking."""
        only = [tensor.label for tensor in self._kept(case, lacking)] if kind else []
        seen = self.drawn.draw(case, replicate, calls, sort=False, only=only)
        return self._pooled(case, seen)

    def _stratified(self, tag: str, evidence: Evidence, stratum: Stratum, values: int) -> Evidence:
        """Add a stratum's cases, each in as many calls as its share of values and time allows."""
        share = values / max(1, len(stratum.cases))
        for case in stratum.cases:
            numel = max(1, self.drawn.cell.subject.numel(case))
            left = math.ceil(min(share / numel, share * _EFFORT / self._cost(case)))
            most = max(1, min(_TOGETHER, _BATCH // numel))
            while left > 0:
                calls, replicate = min(left, most), f"{tag} {stratum.name} {left}"
                seen = self.drawn.draw(case, replicate, calls, sort=False)
                pooled = self._pooled(case, seen)
                evidence = evidence + pooled + _of_stratum(stratum.name, pooled)
                left -= calls
        return evidence

    def _pooled(self, case: Case, seen: Evidence) -> Evidence:
        return seen.pooled(self.drawn.kinds(case)).without(self.forgiven(case))

    def _worthwhile(self, kind: str) -> list[Case]:
        """Pooled cases worth replicating: those whose values of the kind cost least."""
        costs = {
            case: self._cost(case) / numel
            for case, kinds in self.cases.items()
            if kind in kinds and (numel := _numel(self.drawn.tensors_of_kinds(case, [kind])))
        }
        affordable = 2 * min(costs.values(), default=0.0)
        return [case for case, cost in costs.items() if cost <= affordable]

    def _cost(self, case: Case) -> float:
        """Cost of a call, in values drawn."""
        subject = self.drawn.cell.subject
        return subject.call_cost * _CALL + subject.effort(case) * subject.numel(case)


def _of_stratum(name: str, pooled: Evidence) -> Evidence:
    """What a stratum keeps of its own: few statistics, hence few decisions."""
    kinds = {"": pooled, **pooled.tensors}
    return Evidence(
        {},
        {
            ", ".join(filter(None, (kind, name))): Evidence(kept, family=seen.family)
            for kind, seen in kinds.items()
            if (kept := {n: s for n, s in seen.statistics.items() if n in _OF_STRATUM})
        },
    )


def _numel(tensors: list[TensorLaw]) -> int:
    return sum(math.prod(tensor.lawful_shape) for tensor in tensors)


def _values(evidence: Evidence, kind: str) -> int:
    """Values pooled of a kind of tensors; 0 for laws without randomness."""
    of_kind = evidence.tensors.get(kind, NOTHING) if kind else evidence
    held = (of_kind.statistics.get(name) for name in ("distribution", "moments", "products"))
    counted = next(filter(None, held), None)
    return counted.n if isinstance(counted, Histogram | SubGaussianMoments | Products) else 0
