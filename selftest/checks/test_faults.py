"""Every fault of a sample that the tests of a check list is named by the checks it is for."""

from __future__ import annotations

from itertools import product
from types import ModuleType

import pytest

from selftest.checks import test_independent_faults as independent
from selftest.checks import test_masked as masked
from selftest.checks import test_orthogonal as orthogonal
from selftest.checks import test_sparsity as sparsity
from selftest.checks.support import alarms, stream

# Independent entries have a law each, and another test in float32, where draws of few bits hide.
DTYPES: dict[ModuleType, tuple[str, ...]] = {
    independent: ("float64",),
    masked: ("float32", "float64"),
    orthogonal: ("float32", "float64"),
    sparsity: ("float32", "float64"),
}
PLANTED = [
    pytest.param(module, fault, dtype, id=f"{module.__name__.rpartition('_')[2]}-{fault}-{dtype}")
    for module, dtypes in DTYPES.items()
    for fault, dtype in product(module.FAULTS, dtypes)
]


@pytest.mark.parametrize(("module", "fault", "dtype"), PLANTED)
def test_is_named(module: ModuleType, fault: str, dtype: str) -> None:
    *law, make, checks = module.FAULTS[fault]
    found = alarms(module.reduced(make(stream(fault)), *law, dtype=dtype))
    assert checks <= set(found), found
