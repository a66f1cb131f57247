"""Draw the cases of a cell, and observe what is drawn."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

from verify import torch_api
from verify.checks.finding import Finding
from verify.engine.observation import observe, unlawful_state
from verify.engine.sampling import Sampler, SubjectRaised
from verify.outcome.evidence import NOTHING, Evidence
from verify.plan.run import Cell, Run
from verify.plan.watchdog import TimedOut
from verify.subjects.case import Case
from verify.subjects.tensor_law import TensorLaw


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
class Cases:
    """The cases of a cell, as they are drawn for one promise.

    Attributes
    ----------
    cell : Cell
    run : Run
    promise : str
    n, calls : int
        Values drawn and calls made so far.
    """

    cell: Cell
    run: Run
    promise: str
    n: int = 0
    calls: int = 0

    @cached_property
    def sampler(self) -> Sampler:
        """Where the samples come from."""
        return Sampler(self.cell, self.run, self.promise)

    def tensors(self, case: Case) -> tuple[TensorLaw, ...]:
        """The tensors of a case."""
        tensors = self.cell.subject.tensors(case)
        if self.promise == "default":
            return tensors
        # Whoever resets layer by layer makes no copies: each follows its law by itself.
        return tuple(replace(tensor, copy_of="") for tensor in tensors)

    def kinds(self, case: Case) -> dict[str, str]:
        """Under which name each tensor is pooled."""
        return {tensor.label: tensor.pool for tensor in self.tensors(case)}

    def tensors_of_kinds(self, case: Case, kinds: Collection[str]) -> list[TensorLaw]:
        """The tensors of a case that are pooled under these names."""
        tensors = self.tensors(case)
        return [tensor for tensor in tensors if tensor.pool in kinds and not tensor.copy_of]

    def draw(
        self, case: Case, replicate: str, calls: int, *, sort: bool, only: Collection[str] = ()
    ) -> Evidence:
        """The evidence of some calls.

        Parameters
        ----------
        case : Case
        replicate : str
            Names this draw among all draws of the case.
        calls : int
        sort : bool
            Whether to compute what needs an ordered sample.
        only : collection of str
            Labels of the tensors to look at; all by default.

        Raises
        ------
        CaseFailed, CaseTimedOut, verify.engine.sampling.Unsupported, verify.torch_api.OutOfMemory
            What the subject did instead of filling the tensors.
        """
        tensors = [t for t in self.tensors(case) if not only or t.label in only]
        try:
            names = {tensor.name for tensor in tensors} if only else ()
            sample = self.sampler.draw(case, replicate, calls, only=names)
        except SubjectRaised as reason:
            broken = Finding.broken(reason.check, reason, case, reason.error)
            raise CaseFailed(case, [broken]) from reason
        except TimedOut as reason:
            raise CaseTimedOut(case, Finding.broken("time_limit", reason, case)) from None
        if problem := unlawful_state(sample, tensors):
            raise CaseFailed(case, [Finding.broken("state", problem, case)])
        self.n += sample.n
        self.calls += sample.calls
        if sample.n == 0:
            return NOTHING
        with torch_api.memory_for(case):
            return observe(sample, tensors, sort=sort)
