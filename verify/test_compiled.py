"""What functions compiled by ``torch.compile`` fill follows the law of the eager call."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.behaviour import compiled_constructors, compiled_generators
from verify.behaviour.compiled import verify_compiled_calls
from verify.behaviour.compiled_generators import verify_compiled_behaviour
from verify.engine.compiled import verify_compiled
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run
from verify.subjects import INITIALIZERS, MODULES, OPERATIONS
from verify.subjects.compiled import RESET, WAYS

_RANDOM = tuple(
    row.name
    for row in (
        *(row for row in INITIALIZERS if not row.deprecated),
        *(row for row in OPERATIONS if not row.form_of),
    )
    if row.tensors(row.anchors[0])[0].law.is_random(row.anchors[0].shape)
)
_OTHERS = tuple(way for way in WAYS if way != "compiled")
# What half precision adds happens behind the draw: a conversion that the default way shows.
_WIDE = ("float32", "int64")

_NONE = ""
"""No subject: a profile that asks little compiles none of these, unless it is told to."""


@pytest.mark.subjects(*_RANDOM)
@pytest.mark.dtypes("bfloat16", "float16", *_WIDE, "float64")
@pytest.mark.smoke("uniform_", "kaiming_normal_")
@pytest.mark.parametrize("way", ["compiled"])
def test_compiled(way: str, cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Two tensors filled by one compiled function: each by the law, nothing shared."""
    conclude(verify_compiled(cell, run, way))


@pytest.mark.subjects(*_RANDOM)
@pytest.mark.dtypes(*_WIDE)
@pytest.mark.smoke("normal_")
@pytest.mark.parametrize("way", _OTHERS)
def test_other_ways(way: str, cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """The same for tensors of any size, for the random numbers of eager calls, for no compiler."""
    conclude(verify_compiled(cell, run, way))


@pytest.mark.subjects(
    *(
        row.name
        for row in MODULES
        if row.resets and any(t.law.is_random(t.shape) for t in row.tensors(row.anchors[0]))
    )
)
@pytest.mark.dtypes("float32")
@pytest.mark.smoke("Linear")
def test_compiled_reset(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Every tensor of a module is poisoned, and restored by one compiled function."""
    conclude(verify_compiled(cell, run, RESET))


@pytest.mark.subjects("Linear", "Conv2d", "Embedding", "LSTM", "MultiheadAttention", "LayerNorm")
@pytest.mark.dtypes("float32")
@pytest.mark.smoke(_NONE)
def test_compiled_default(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Every tensor of two modules that one compiled function constructs."""
    conclude(verify_compiled(cell, run, "compiled default"))


@pytest.mark.subjects("Embedding")
@pytest.mark.dtypes("float32")
@pytest.mark.smoke(_NONE)
def test_captured_default(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """The same without a compiler: what differs is how it is captured, which one module shows."""
    conclude(verify_compiled(cell, run, "compiled default, aot_eager"))


@pytest.mark.smoke(_NONE)
def test_compiled_constructor(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """What the parameters of a model share that a compiled function builds, exactly."""
    conclude(verify_compiled_behaviour(cell, run, compiled_constructors.PROMISE))


@pytest.mark.smoke(_NONE)
def test_compiled_generators(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Which stream a draw in a compiled function is of, where it is handed a generator."""
    conclude(verify_compiled_behaviour(cell, run, compiled_generators.PROMISE))


@pytest.mark.smoke("uniform_")
def test_compiled_call(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """What consecutive calls of one compiled function share, and what they leave, exactly."""
    conclude(verify_compiled_calls(cell, run))
