"""What a failing cell says of its causes: one for each tensor, one for each broken question.

Which findings have one cause is told from what they measure, in which direction and of which size,
never from the subject: a kernel that is wrong shows in every subject that draws from it. Of an
exception the cause is its type and message without what varies from call to call.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from reports.evidence import promises
from reports.evidence.diagnosis import (
    ORDER,
    PARTS,
    SAYINGS,
    Subject,
    clause,
    deviation,
    leading,
    measure,
    sentence,
)
from reports.evidence.records import CellRecord, Finding, Verdict
from reports.evidence.records import Kind as How
from reports.evidence.verdict import finding_key


class Kind(StrEnum):
    """What a user finds wrong, the worst first."""

    VALUES = "values"
    STREAMS = "streams"
    BEHAVIOUR = "behaviour"
    REFUSALS = "refusals"
    TIME = "time"
    GAP = "no result"
    LIST = "list"
    KNOWN = "known"
    """What known defects of other backends explain."""

    @property
    def rank(self) -> int:
        """Place among all kinds, the worst first."""
        return list(Kind).index(self)


# What Python itself raises says nothing of the place.
LANGUAGE = frozenset(
    (
        *("ZeroDivisionError", "KeyError", "IndexError", "AttributeError", "TypeError"),
        *("AssertionError", "RecursionError", "MemoryError", "StopIteration"),
    )
)
_VARYING = re.compile(
    r"c10::\w+|0x[0-9a-f]+|'[^']*'|\"[^\"]*\"|\d+(?:\.\d+)?(?:e[+-]?\d+)?"
    r"|\b(?:bfloat16|float\d*|half|double|complex\w*|u?int\d*|long)\b",
    re.IGNORECASE,
)
# These move the whole of a tensor, so that it seems to depend on another.
_MOVING = ("finite", "mean", "location", "atoms")
# Their size is the cause's own; that of others depends on the case.
SIZED = ("scale", "width", "mean", "correlation", "product_variance", "signal", "zero_share")
_CHECKS = {"errors": Kind.REFUSALS, "streams": Kind.STREAMS, "time_limit": Kind.TIME}
_CHECKS |= {"entry": Kind.LIST, "completeness": Kind.LIST}
_PROMISES = dict.fromkeys(("streams", "generators", "neighbouring seeds"), Kind.STREAMS)


@dataclass(frozen=True)
class Cause:
    """One thing that is wrong in a cell.

    Attributes
    ----------
    finding
        The one that explains the others; None where there is no result.
    key
        What has to be alike in cells of one cause.
    tensors
        The tensors that show it.
    question, answer
        Of an exact promise: what was asked, and what came of it.

    """

    cell: CellRecord
    finding: Finding | None
    kind: Kind
    key: tuple[str, ...]
    tensors: tuple[str, ...] = ()
    question: str = ""
    answer: str = ""

    @property
    def sentence(self) -> str:
        """What is wrong, in plain words."""
        if self.finding is None:
            return clause(self.cell.reason or "No reason was given.")
        if self.question:
            return clause(": ".join(filter(None, (self.question, self.answer))))
        return sentence(self.cell, self.finding, self.tensors)

    @property
    def roles(self) -> frozenset[str]:
        """What the tensors are: weights, biases, parts of complex values."""
        return frozenset(map(_role, self.tensors))

    @property
    def span(self) -> tuple[float, float]:
        """Where the size of the deviation lies; everywhere if that depends on the case."""
        finding = self.finding
        if finding is None or finding.effect is None or measure(self.cell, finding) not in SIZED:
            return -math.inf, math.inf
        effect = Subject(self.cell, finding).effect
        if math.isnan(effect.low + effect.high):
            return -math.inf, math.inf
        return min(effect.low, effect.estimate), max(effect.high, effect.estimate)

    def is_as(self, other: Cause) -> bool:
        """Whether both may have one cause: alike in kind, in tensors and in size."""
        if self.kind is Kind.KNOWN:
            return self.key == other.key
        alike = self.key == other.key and _meet(self.span, other.span)
        return alike and (self.roles == other.roles or bool(self.roles & other.roles))


def causes(cell: CellRecord) -> list[Cause]:
    """Return what is wrong in a cell: at least one thing, the worst first."""
    failed = sorted(cell.failures, key=finding_key)
    if not failed:
        return [_without_result(cell)]
    by_defect: dict[str, list[Finding]] = defaultdict(list)
    for finding in failed:
        by_defect[finding.elsewhere].append(finding)
    own = _of_findings(cell, by_defect.pop("", []))
    return [*own, *(_of_defect(cell, *each) for each in by_defect.items())]


def _of_findings(cell: CellRecord, failed: Sequence[Finding]) -> list[Cause]:
    asked = [_of_question(cell, f) for f in failed if not _is_of_values(f)]
    return [*_of_values(cell, filter(_is_of_values, failed)), *asked]


def _of_defect(cell: CellRecord, defect: str, failed: Sequence[Finding]) -> Cause:
    """Return the one cause of all that a known defect of other backends explains."""
    worst = _of_findings(cell, failed)[0]
    return replace(worst, kind=Kind.KNOWN, key=("elsewhere", defect))


def family(subject: str) -> str:
    """Return the first word of a name: ``xavier`` of ``xavier_normal_``, ``tied`` of any tie."""
    found = re.match(r"(?:torch\.)?([A-Za-z]+)", subject)
    return found[1] if found else subject


def without_varying(text: str) -> str:
    """Return a message without numbers, names and dtypes, which differ from call to call."""
    return _VARYING.sub("…", text)


def _is_of_values(finding: Finding) -> bool:
    known = finding.check in SAYINGS
    return known and finding.kind in (How.P_VALUE, How.COMPARISON)


def _of_values(cell: CellRecord, findings: Iterable[Finding]) -> list[Cause]:
    """Return one cause for each tensor; tensors that show the same share theirs."""
    by_tensor: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_tensor[finding.tensor].append(finding)
    leaders = [leading(cell, found) for found in by_tensor.values()]
    moved = any(measure(cell, finding) in _MOVING for finding in leaders)
    merged: list[Cause] = []
    for finding in leaders:
        if finding.check == "between" and moved:
            continue
        own = _of_value(cell, finding)
        same = next((c for c in merged if c.key == own.key and _meet(c.span, own.span)), None)
        if same is None:
            merged.append(own)
        else:
            # The sharpest speaks for all.
            first = min(same, own, key=_sharpness)
            merged[merged.index(same)] = replace(first, tensors=(*same.tensors, *own.tensors))
    return merged


def _of_value(cell: CellRecord, finding: Finding) -> Cause:
    name, off = measure(cell, finding), deviation(cell, finding)
    # What wrong numbers are drawn from is mended kind by kind.
    law = "" if name in SIZED else cell.family(finding.tensor)
    key = ("values", name, "" if math.isnan(off) else "-" if off < 0 else "+", law)
    return Cause(cell, finding, _kind(cell, finding), key, (finding.tensor,))


def _of_question(cell: CellRecord, finding: Finding) -> Cause:
    asked, answer, raised = finding.asked, finding.answer, finding.raised
    own = Cause(cell, finding, _kind(cell, finding), (finding.check, asked), answer=answer)
    if finding.kind is How.FIXED_UPSTREAM:
        return replace(own, kind=Kind.LIST, key=("fixed", answer))
    if asked and answer:
        own = replace(own, question=f"{asked} under {finding.under}" if finding.under else asked)
        if own.kind is Kind.LIST:  # What is wrong with an entry is its answer alone.
            own = replace(own, key=(*own.key, without_varying(answer)))
    else:
        # Of a value that is another the message says which; of no question nothing is asked.
        key = (finding.check, finding.place, without_varying(answer), family(cell.subject))
        own = replace(own, key=key, question=finding.message if asked else "")
    if raised and answer:
        place = family(cell.subject) if raised.type in LANGUAGE else ""
        # Long messages are cut where they are written.
        said = without_varying(raised.said)[:60]
        return replace(own, kind=Kind.BEHAVIOUR, key=("raises", raised.type, said, place))
    return own


def _without_result(cell: CellRecord) -> Cause:
    timed_out = cell.verdict is Verdict.TIMED_OUT
    kind = Kind.TIME if timed_out else Kind.GAP if cell.verdict.is_gap else _kind(cell)
    return Cause(cell, None, kind, (cell.verdict, without_varying(cell.reason)))


def _kind(cell: CellRecord, finding: Finding | None = None) -> Kind:
    own = _CHECKS.get(finding.check) if finding else None
    by_promise = _PROMISES.get(cell.promise.replace("_", " "))
    of_values = promises.is_of_values(cell.promise)
    return own or by_promise or (Kind.VALUES if of_values else Kind.BEHAVIOUR)


def _role(tensor: str) -> str:
    """Return what a tensor is, without its layer."""
    if tensor in PARTS:
        return "part"
    return next((word for word in ("weight", "bias") if word in tensor.rpartition(".")[2]), tensor)


def _meet(some: tuple[float, float], others: tuple[float, float]) -> bool:
    return max(some[0], others[0]) <= min(some[1], others[1])


def _sharpness(cause: Cause) -> tuple[int, float, str]:
    """Order causes: the one whose size is known best first."""
    finding = cause.finding
    low, high = cause.span
    rank = ORDER.get(finding.check, len(ORDER)) if finding else 0
    return rank, high - low, cause.cell.nodeid


def sharpest_first(found: Iterable[Cause]) -> list[Cause]:
    """Return causes in the order in which they lead: each follows those that it may belong to."""
    return sorted(found, key=_sharpness)
