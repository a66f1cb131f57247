"""Uniform values that were drawn in another dtype, and rounded to the bound that is excluded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from initlaws.builds import Place
from initlaws.descriptions.formulas import Formula
from initlaws.descriptions.subjects import Subject
from verify.laws import Uniform


def cast_dtypes(pairs: Iterable[tuple[Subject, Formula]]) -> frozenset[str]:
    """The dtypes in which some uniform reaches the bound that its law excludes.

    What is drawn in the dtype never does (documentation of ``Tensor.uniform_``: ``[a, b)``); what
    is rounded to it afterwards does, where the bound is one of the dtype's numbers.
    """
    return frozenset(
        subject.place.dtype
        for subject, formula in pairs
        if (bound := _bound(subject, formula)) is not None and subject.values.high >= bound
    )


def _bound(subject: Subject, formula: Formula) -> float | None:
    """The excluded bound, if it is a number of the dtype."""
    law = subject.law(formula)
    if not isinstance(law, Uniform) or subject.values.lattice.round(law.high) != law.high:
        return None
    return law.high


def uncast(
    formula: Formula,
    places: Iterable[Place],
    subjects: Mapping[str, Subject],
    dtypes: frozenset[str],
) -> Formula:
    """The formula of a line; if its tensors were cast, that of cast values."""
    reached = any(
        place.dtype in dtypes
        and place.name in subjects
        and _bound(subjects[place.name], formula) is not None
        for place in places
    )
    if not reached:
        return formula
    words = f"{formula.words}, cast after it was drawn"
    return replace(formula, code=f"Cast({formula.code})", words=words)
