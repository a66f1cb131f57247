"""The table of planted faults, keyed by the name that ``PLANTED_FAULT`` takes."""

from __future__ import annotations

from selftest.planted import conduct, dependence, orthogonal, scale, shape, structure, truncated
from selftest.planted.fault import Fault, table

FAULTS: dict[str, Fault] = table(
    *scale.FAULTS.values(),
    *shape.FAULTS.values(),
    *truncated.FAULTS.values(),
    *structure.FAULTS.values(),
    *orthogonal.FAULTS.values(),
    *dependence.FAULTS.values(),
    *conduct.FAULTS.values(),
)
