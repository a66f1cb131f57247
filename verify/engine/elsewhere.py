"""What known defects of other backends explain in a cell that is wrong, told from the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from verify.checks.finding import Finding
from verify.defects.known_defects import KnownDefect
from verify.outcome.outcome import Outcome
from verify.outcome.verdict import Verdict
from verify.subjects.case import Case

_BY_ITSELF = ("raises", "time_limit", "state", "finite")
"""Checks of what no other fault of the values brings with it."""

_Known = tuple[KnownDefect, ...]
_Place = tuple[str, str, str | None]


@dataclass(frozen=True)
class Look:
    """What an exploration concluded, the case that failed in it, and those that were pooled."""

    outcome: Outcome
    failed: Case | None
    pooled: tuple[Case, ...]

    def cases(self, finding: Finding) -> tuple[Case, ...]:
        """The cases that a finding speaks of."""
        if finding.scope == "cell":
            return self.pooled
        return () if self.failed is None else (self.failed,)


def told_apart(
    look: Callable[[_Known], Look], known: _Known, is_shown: Callable[[KnownDefect], bool]
) -> Outcome:
    """Explore a cell; where it is wrong, again without what other backends are known to do.

    What one look explains, the next leaves out, so that it sees what else is wrong.

    Parameters
    ----------
    look : callable
        Explores the cell as if the defects that it is given had been seen on its backend.
    known : tuple of KnownDefect
        Those of such a cell of other backends.
    is_shown : callable
        Whether the witness of a defect shows it on this backend as well.

    Returns
    -------
    Outcome
        Of the first look; if that explains nothing by the defects, as it is.
    """
    looks, failed, left_out = [look(())], dict[_Place, Finding](), dict[str, KnownDefect]()
    while found := _explained(looks[-1], [d for d in known if d.id not in left_out], is_shown):
        for finding in looks[-1].outcome.failures:
            defect = found.get(_place(finding))
            failed[_place(finding)] = replace(finding, elsewhere=defect.id) if defect else finding
        left_out |= {defect.id: defect for defect in found.values()}
        looks.append(look(tuple(left_out.values())))
    return _joined([each.outcome for each in looks], failed, left_out.keys())


def _explained(
    look: Look, known: list[KnownDefect], is_shown: Callable[[KnownDefect], bool]
) -> Mapping[_Place, KnownDefect]:
    """The first defect that explains each failure, where one does."""
    found = {}
    for finding in look.outcome.failures:
        cases = look.cases(finding)
        may = (d for d in known if _sees(d, finding) and any(map(d.holds, cases)))
        if defect := next(filter(is_shown, may), None):
            found[_place(finding)] = defect
    return found


def _sees(defect: KnownDefect, finding: Finding) -> bool:
    """Whether a defect, once it is known here, leaves that finding out."""
    if finding.check in defect.forgiven:
        return defect.speaks_of(finding.raised)
    return not (defect.deviation or finding.check in _BY_ITSELF)


def _place(finding: Finding) -> _Place:
    return finding.check, finding.tensor, finding.case


def _joined(
    every: list[Outcome], failed: Mapping[_Place, Finding], left_out: Collection[str]
) -> Outcome:
    """The outcome of all looks: what the last still sees is not explained."""
    first, last = every[0], every[-1]
    if not failed:
        return first
    still = {_place(finding) for finding in last.failures}
    before = [finding for place, finding in failed.items() if place not in still]
    return replace(
        last,
        findings=(*last.findings, *before),
        verdict=last.verdict if last.final_verdict is Verdict.TIMED_OUT else None,
        reason="" if last.verdict is Verdict.KNOWN_DEFECT else last.reason,
        decisions=sum(outcome.decisions for outcome in every),
        excluded=tuple(sorted({*last.excluded}.difference(left_out))),
        failing=last.failing if last.failures else first.failing,
        streams=first.streams,
    )
