"""The law of what compiled functions fill, on one case of each subject."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.outcome.verdict import Verdict
from verify.plan.run import Cell, Run
from verify.subjects import Initializer, Subject, compiled
from verify.subjects.case import Case, TensorCase
from verify.subjects.initializer_cases import GainCase, SparseCase

_CASES: dict[str, Case] = {
    "orthogonal_": GainCase((25, 17), 1.5),
    # Its loop over columns is unrolled: each costs the compiler a second.
    "sparse_": SparseCase((1285, 3), 0.1, 0.01),
    # The first anchor has two entries, and needs a call for every two values.
    "torch.randperm": TensorCase((1000,)),
}
"""The case of a subject, where it is not the first anchor."""

_ANCHORS = {"Embedding": 1}
"""The number of the anchor, where it is not the first one: that with a padding row."""

_POOL = {True: 1 / 64, False: 1 / 16}
"""Share of a pool, of a wide dtype and of others, whose pool is an eighth of it: its values tell a
law, and an atom of half precision."""


def _case(subject: Subject) -> Case:
    """The one case of a subject; sizes of initializers are odd, so that vectors leave a tail."""
    case: Case = _CASES.get(subject.name, subject.anchors[_ANCHORS.get(subject.name, 0)])
    if not isinstance(subject, Initializer):
        return case
    assert isinstance(case, TensorCase)
    return replace(case, shape=tuple(size | 1 for size in case.shape))


def verify_compiled(cell: Cell, run: Run, promise: str) -> Outcome:
    """Explore one case of a cell, each way by functions that are compiled for it alone.

    Each distinct case costs the compiler up to a second or two; what hangs on the arguments is
    the matter of the laws of eager calls.
    """
    device = cell.backend.device(run.worker)
    if reason := compiled.unusable(device):
        asked = Outcome.for_cell(promise, cell.names, cell.subject)
        return replace(asked, verdict=Verdict.NOT_TESTED, reason=reason)
    compiled.forget()
    case = _case(cell.subject)
    subject = replace(cell.subject, cases=lambda _size: st.just(case), anchors=(case,), strata=())
    outcome = verify_cell(replace(cell, subject=subject), run, promise, pool=_POOL[cell.is_wide])
    return outcome.remarked("captured in parts:", compiled.in_parts(promise))
