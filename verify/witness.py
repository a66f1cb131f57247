"""Known defects, shown on their minimal witnesses."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from verify.checks.finding import Finding
from verify.known_defects import KnownDefect, of_cell
from verify.outcome import Outcome
from verify.reduction import reduce
from verify.run import Cell, Run
from verify.sampling import Sampler, SubjectRaised
from verify.subjects.subject import Case

T = TypeVar("T")


def witnesses(cells: list[Cell]) -> list[tuple[Cell, KnownDefect]]:
    """Every known defect in every cell where it lives."""
    return [(cell, defect) for cell in cells for defect in of_cell(cell)]


def witness(cell: Cell, defect: KnownDefect, run: Run) -> Outcome:
    """Run the witness of a defect: it passes while the defect is still there.

    Raises
    ------
    ValueError
        When the witness does not describe a case of the subject.
    """
    case = build(type(cell.subject.anchors[0]), defect.witness)
    seen = [f for f in _findings(cell, case, defect, run) if f.check == defect.check]
    broken = [f for f in seen if not f.passed]
    message = (
        f"still there: {broken[0].message}"
        if broken
        else f"fixed upstream: end the entry {defect.id!r} with `until`, or remove it"
    )
    finding = Finding(defect.check, bool(broken), None, 1, message, scope="case", case=repr(case))
    return Outcome(
        promise="known defect",
        subject=f"{cell.subject.name}: {defect.id}",
        backend=cell.backend.name,
        dtype=cell.dtype_name,
        words=" ".join(defect.symptom.split()),
        formula=repr(case),
        source=defect.link,
        findings=(finding,),
        verdict="known defect" if broken else "fail",
        reason=finding.message,
        cases=1,
        calls=1,
    )


def _findings(cell: Cell, case: Case, defect: KnownDefect, run: Run) -> list[Finding]:
    try:
        sample = Sampler(cell, run).draw(case, defect.id, 1, seed=defect.seed)
    except SubjectRaised as reason:
        return [Finding("raises", False, None, 1, str(reason))]
    if sample.values.numel() == 0:
        return []
    evidence = reduce(sample, case.shape, cell.subject.law(case), sort=True)
    return evidence.findings("case", case)


def build(cls: type[T], values: Mapping[str, Any]) -> T:
    """A (nested) dataclass from plain values; lists become tuples.

    Raises
    ------
    ValueError
        For a missing or an unknown field.
    """
    hints = typing.get_type_hints(cls)
    try:
        return cls(**{name: _field(hints[name], value) for name, value in values.items()})
    except (KeyError, TypeError) as problem:
        raise ValueError(f"{dict(values)} does not describe a {cls.__name__}: {problem}") from None


def _field(hint: Any, value: Any) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return build(hint, value)
    return tuple(value) if isinstance(value, list) else value
