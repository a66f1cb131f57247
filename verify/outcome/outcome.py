"""What a test item concludes about its cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from verify.checks.finding import Finding
from verify.outcome.evidence import NOTHING, Evidence
from verify.outcome.verdict import Verdict


class Stated(Protocol):
    """What says what is promised, for readers: a subject of its law, a promise of itself."""

    @property
    def words(self) -> str:
        """In a sentence."""

    @property
    def formula(self) -> str:
        """In signs."""

    @property
    def source(self) -> str:
        """Where it is documented."""


@dataclass(frozen=True)
class Outcome:
    """The conclusion of one item: a cell line of the evidence file.

    One without findings says what is asked; `dataclasses.replace` adds what was found.

    Attributes
    ----------
    promise : str
        Which promise was tested: ``"law"``, ``"gain"``, ``"fan"``, …
    subject, backend, dtype : str
        The cell.
    words, formula, source : str
        The law for readers.
    findings : tuple of Finding
        Cell-scope findings, and the case-scope ones that matter.
    verdict : Verdict or None
        By default it follows from the findings.
    reason : str
        One sentence, where the verdict needs one.
    n, cases, calls, decisions : int
        Values drawn, cases explored, calls made, decisions taken.
    excluded : tuple of str
        Known defects whose region was left out.
    history : str
        Since which version the law holds, where an earlier release had another.
    streams : mapping
        Fingerprints of seeded streams by case.
    failing : Evidence
        What pictures show of the smallest case that failed.
    witness : str
        The known defect that the cell is a witness of, by its id.
    """

    promise: str
    subject: str
    backend: str
    dtype: str
    words: str
    formula: str
    source: str
    findings: tuple[Finding, ...] = ()
    verdict: Verdict | None = None
    reason: str = ""
    n: int = 0
    cases: int = 0
    calls: int = 0
    decisions: int = 0
    evidence: Evidence = field(default=NOTHING)
    failing: Evidence = field(default=NOTHING)
    excluded: tuple[str, ...] = ()
    history: str = ""
    streams: Mapping[str, str] = field(default_factory=dict)
    witness: str = ""

    @classmethod
    def for_cell(cls, promise: str, names: tuple[str, str, str], stated: Stated) -> Outcome:
        """What is asked of a cell, before anything is found.

        Parameters
        ----------
        promise : str
        names : tuple of str
            Of subject, backend and dtype.
        stated : Stated
            Whose words are shown.
        """
        return cls(promise, *names, stated.words, stated.formula, stated.source)

    def troubled(self, told: str) -> Outcome:
        """The same where the device told of an error when all calls had returned."""
        reason = f"the device tells of an error after its call: {told}"
        return replace(self, verdict=Verdict.CRASHED, reason=reason)

    def timed_out(self, reason: BaseException, case: object = None) -> Outcome:
        """The same, of which a call did not end in time."""
        late = Finding.broken("time_limit", reason, case)
        return replace(self, findings=(late,), verdict=Verdict.TIMED_OUT)

    def remarked(self, about: str, remark: str) -> Outcome:
        """The same with a remark as its reason, if there is one and no other reason is given."""
        return replace(self, reason=f"{about} {remark}") if remark and not self.reason else self

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that failed."""
        return tuple(finding for finding in self.findings if not finding.passed)

    @property
    def final_verdict(self) -> Verdict:
        """`verdict` if given, else by the findings."""
        return self.verdict or (Verdict.FAIL if self.failures else Verdict.PASS)

    @property
    def diagnosis(self) -> str:
        """One line per failure, or the reason."""
        lines = [
            " · ".join(filter(None, [f.tensor, f"{f.check}: {f.message}"]))
            + (f" [{f.case}]" if f.case else "")
            for f in self.failures
        ]
        return "\n".join(lines) or self.reason
