"""What speaks for a line, in a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from initlaws.descriptions.formulas import Formula
from initlaws.descriptions.kinds import excluded
from initlaws.descriptions.subjects import Subject, pooled_scale

_UNITS = ((1e9, "bn"), (1e6, "M"), (1e3, "k"))


def amount(count: int) -> str:
    """A number of values, short."""
    for unit, letter in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {letter}"
    return str(count)


def evidence(formula: Formula, subjects: Sequence[Subject], tensors: int, builds: int) -> str:
    """What was seen of the tensors of a line.

    Parameters
    ----------
    formula : Formula
    subjects : sequence of Subject
        Those of them whose density was looked at.
    tensors : int
        How many there are.
    builds : int
    """
    many = "1 tensor" if tensors == 1 else f"{tensors} tensors"
    if not subjects:
        return f"{many}: {formula.words} ({builds} builds)"
    values = f"{many}: {amount(sum(s.found.count for s in subjects))} values"
    others = [set(excluded(subject.values)) for subject in subjects]
    out = sorted(set.union(*others))
    clauses = [values, *filter(None, [_scale(formula, subjects)])]
    if out:
        clauses.append(f"{' and '.join(out)} {'is' if len(out) == 1 else 'are'} excluded")
    return "; ".join(clauses)


def _scale(formula: Formula, subjects: Sequence[Subject]) -> str:
    """The standard deviation beside that of the law, pooled."""
    pooled = pooled_scale(formula, subjects)
    if pooled is None:
        return "" if len(subjects) > 1 else f"std {subjects[0].found.std:.3g}"
    ratio, error = pooled
    digits = max(4, 1 - math.floor(math.log10(error)))
    return f"scale {ratio:.{digits}f} ± {error:.{digits}f}"
