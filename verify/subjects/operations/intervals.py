"""Uniform draws by a distribution, whose bounds are tensors."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import Tensor

import strategies
from strategies import Interval
from verify import laws
from verify.subjects.fills import Target
from verify.subjects.initializer_cases import UniformCase
from verify.subjects.subject import Operation

_PLANE = (160, 257)


def _reparametrised(case: UniformCase, at: Target) -> Tensor:
    low, high = (torch.tensor(b, **at.factory) for b in (case.interval.low, case.interval.high))
    return torch.distributions.Uniform(low, high).rsample(torch.Size(case.shape))


INTERVALS: tuple[Operation[UniformCase], ...] = (
    Operation(
        name="Uniform.rsample",
        cases=lambda size: st.builds(
            UniformCase,
            shape=strategies.shapes(max_numel=size),
            interval=strategies.intervals(),
        ),
        call=_reparametrised,
        law=lambda case: laws.Uniform(case.interval.low, case.interval.high),
        dtypes=("float32", "float64"),
        words="uniform between the given bounds",
        formula="U[low, high)",
        source="PyTorch documentation, torch.distributions.uniform.Uniform",
        anchors=tuple(UniformCase(_PLANE, Interval(low, 7.0)) for low in (0.0, 6.0)),
        pools=0.125,
        form_of="torch.rand",
    ),
)
"""One row, for the other ways to draw from it call this one."""
