"""Known defects, shown on their minimal witnesses."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from verify.checks.finding import Finding, Kind
from verify.defects.known_defects import END, KnownDefect, for_cell
from verify.engine.observation import observe, unlawful_state
from verify.engine.sampling import Sampler, SubjectRaised, Unsupported
from verify.outcome.outcome import Outcome
from verify.outcome.verdict import Verdict
from verify.plan.run import Cell, Run
from verify.plan.watchdog import TimedOut
from verify.subjects import SUBJECTS
from verify.subjects.case import Case
from verify.torch_api import OutOfMemory

T = TypeVar("T")

_ENDING = ("raises", "time_limit", "state")
"""Checks of what keeps a call from giving a sample."""


def witnesses(cells: list[Cell]) -> list[tuple[Cell, KnownDefect]]:
    """Every known defect in every cell where it lives and that has cases like its witness.

    A witness that is no case, or lies outside its region, shows nothing: its entry is wrong.
    """
    return [
        (cell, defect)
        for cell in cells
        for defect in for_cell(cell)
        if cell.subject.name in shown_on(defect) and _is_shown(cell, defect)
    ]


def _is_shown(cell: Cell, defect: KnownDefect) -> bool:
    try:
        return defect.holds(build(cell.subject.anchors[0], defect.witness))
    except ValueError:
        return False


def shown_on(defect: KnownDefect) -> tuple[str, ...]:
    """The subjects of a defect that have cases like its witness: like those of the first."""
    known = [name for name in defect.subjects if name in SUBJECTS]
    kinds = {name: _kind(SUBJECTS[name].anchors[0]) for name in known}
    return tuple(name for name in known if kinds[name] == kinds[known[0]])


def _kind(case: Case) -> tuple[type, ...]:
    """What a case is made of; of a module, what it is built from too."""
    return type(case), type(getattr(case, "arguments", None))


def witness(cell: Cell, defect: KnownDefect, run: Run) -> Outcome:
    """Run the witness of a defect: it passes while the defect is still there.

    Raises
    ------
    ValueError
        When the witness does not describe a case of the subject.
    """
    case = build(cell.subject.anchors[0], defect.witness)
    try:
        every = _findings(cell, case, defect, run)
    except Unsupported as reason:
        outcome = _outcome(cell, defect, case)
        return replace(outcome, verdict=Verdict.UNSUPPORTED, reason=str(reason))
    except OutOfMemory as reason:
        return replace(_outcome(cell, defect, case), verdict=Verdict.ERROR, reason=str(reason))
    seen = [f for f in every if f.check == defect.check]
    broken = [f for f in seen if not f.passed]
    if not seen and (unseen := _unseen(defect, every)):
        said = f"the witness shows nothing of {defect.check!r}: {unseen}"
        return replace(_outcome(cell, defect, case), verdict=Verdict.ERROR, reason=said)
    answer = broken[0].message if broken else END.format(defect.id)
    kind = Kind.STILL_THERE if broken else Kind.FIXED_UPSTREAM
    message = f"{kind}: {answer}"
    finding = Finding(
        *(defect.check, bool(broken), None, 1, message),
        scope="case",
        case=repr(case),
        kind=kind,
        answer=answer,
    )
    verdict = Verdict.KNOWN_DEFECT if broken else Verdict.FAIL
    return replace(
        _outcome(cell, defect, case), findings=(finding,), verdict=verdict, reason=message
    )


def is_shown(cell: Cell, defect: KnownDefect, run: Run) -> bool:
    """Whether the witness shows a defect in a cell's dtype, on its backend."""
    names = shown_on(defect)
    if cell.subject.name not in names:
        cell = replace(cell, subject=SUBJECTS[names[0]])
    try:
        every = _findings(cell, build(cell.subject.anchors[0], defect.witness), defect, run)
    except (Unsupported, OutOfMemory):
        return False
    return any(f.check == defect.check and not f.passed for f in every)


def _unseen(defect: KnownDefect, every: list[Finding]) -> str:
    """Why a witness cannot tell whether its defect is still there; nothing where it can.

    A call that raises, hangs or fills other tensors says so, and nothing else.
    """
    if ended := [f for f in every if f.check in _ENDING]:
        return f"{ended[0].message}: mend the entry, or give it longer with --time-limit"
    if defect.check in _ENDING:
        return ""
    made = ", ".join(sorted({f.check for f in every})) or "none"
    return f"its sample is not held to that check; choose among those made of it ({made})"


def _outcome(cell: Cell, defect: KnownDefect, case: Case) -> Outcome:
    return Outcome(
        promise="known defect",
        subject=cell.subject.name,
        witness=defect.id,
        backend=cell.backend.name,
        dtype=cell.dtype_name,
        words=" ".join(defect.symptom.split()),
        formula=repr(case),
        source=defect.link,
        cases=1,
        calls=1,
    )


def _findings(cell: Cell, case: Case, defect: KnownDefect, run: Run) -> list[Finding]:
    sampler = Sampler(cell, run, defect.promises[0])
    try:
        if defect.after:
            sampler.draw(build(case, defect.after), f"{defect.id} before", 1)
        sample = sampler.draw(case, defect.id, 1, seed=defect.seed)
    except SubjectRaised as reason:
        return [Finding(reason.check, False, None, 1, str(reason))]
    except TimedOut as reason:
        return [Finding("time_limit", False, None, 1, str(reason))]
    tensors = cell.subject.tensors(case)
    if problem := unlawful_state(sample, tensors):
        return [Finding("state", False, None, 1, problem)]
    if sample.n == 0:
        return []
    return observe(sample, tensors, sort=True).findings("case", case)


def build(like: T, values: Mapping[str, object]) -> T:
    """A (nested) dataclass of the class of `like` from plain values; lists become tuples.

    Raises
    ------
    ValueError
        For a missing or an unknown field.
    """
    try:
        return type(like)(**{name: _field(getattr(like, name), v) for name, v in values.items()})
    except (AttributeError, TypeError) as problem:
        name = type(like).__name__
        raise ValueError(f"{dict(values)} does not describe a {name}: {problem}") from None


def _field(like: object, value: object) -> object:
    if dataclasses.is_dataclass(like) and isinstance(value, Mapping):
        return build(like, value)
    return tuple(value) if isinstance(value, list) else value
