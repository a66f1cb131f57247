"""The table of planted faults, keyed by the name that ``PLANTED_FAULT`` takes."""

from __future__ import annotations

from selftest.planted import (
    attention,
    conduct,
    construction,
    convolution,
    dense,
    dependence,
    embedding,
    lazy,
    normalization,
    orthogonal,
    parametrizations,
    precision,
    recurrent,
    resets,
    scale,
    shape,
    statistics,
    structure,
    truncated,
)
from selftest.planted.fault import Fault, table

FAULTS: dict[str, Fault] = table(
    *scale.FAULTS.values(),
    *shape.FAULTS.values(),
    *truncated.FAULTS.values(),
    *structure.FAULTS.values(),
    *orthogonal.FAULTS.values(),
    *dependence.FAULTS.values(),
    *conduct.FAULTS.values(),
    *dense.FAULTS.values(),
    *convolution.FAULTS.values(),
    *normalization.FAULTS.values(),
    *recurrent.FAULTS.values(),
    *embedding.FAULTS.values(),
    *attention.FAULTS.values(),
    *resets.FAULTS.values(),
    *construction.FAULTS.values(),
    *lazy.FAULTS.values(),
    *statistics.FAULTS.values(),
    *parametrizations.FAULTS.values(),
    *precision.FAULTS.values(),
)
