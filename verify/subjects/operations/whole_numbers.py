"""Whole numbers in every dtype that can hold some, and in every form of the call."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from hypothesis import strategies as st
from torch import Tensor

import strategies
from verify import laws
from verify.subjects.fills import Target
from verify.subjects.operations.cases import RangeCase
from verify.subjects.subject import Operation

_SPANS = {
    "bool": (0, 2),
    "uint8": (0, 1 << 8),
    "int8": (-(1 << 7), 1 << 7),
    "int16": (-(1 << 15), 1 << 15),
    "int32": (-(1 << 31), 1 << 31),
    "int64": (-(1 << 63), 1 << 63),
    "bfloat16": (-(1 << 8), (1 << 8) + 1),
    "float16": (-(1 << 11), (1 << 11) + 1),
    "float32": (-(1 << 24), (1 << 24) + 1),
    "float64": (-(1 << 53), (1 << 53) + 1),
}
"""The whole numbers that a dtype holds without a gap, the last one excluded.

Source: the documentation of ``torch.Tensor.random_``: by default whole numbers up to the largest of
the dtype; "for floating point types … the range will be [0, 2^mantissa]".
"""

_Call = Callable[[RangeCase, Target], Tensor]
_PLANE = (160, 257)


@strategies.composite
def _ranges(draw: st.DrawFn, max_numel: int, least: int, end: int, most: int) -> RangeCase:
    """Ranges of any width, log-uniform, anywhere between the ends."""
    shape = draw(strategies.shapes(max_numel=max_numel))
    widest = min(most, end - 1 - least)
    width = min(widest, max(1, round(2 ** draw(st.floats(0, math.log2(widest))))))
    place = draw(st.sampled_from((0, 1, 2, 3)))
    lows = (max(least, min(0, end - 1 - width)), least, end - 1 - width, (least + end - width) // 2)
    return RangeCase(shape, lows[place], lows[place] + width)


def _randint(case: RangeCase, target: Target) -> Tensor:
    """With ``low`` left out where it is zero."""
    size = case.shape
    if case.low:
        return torch.randint(
            case.low, case.high, size, generator=target.generator, **target.factory
        )
    return torch.randint(case.high, size, generator=target.generator, **target.factory)


def _randint_into(case: RangeCase, target: Target) -> Tensor:
    out = torch.full(case.shape, 1, **target.factory)
    return torch.randint(
        case.low, case.high, case.shape, generator=target.generator, dtype=target.dtype, out=out
    )


def _randint_like(case: RangeCase, target: Target) -> Tensor:
    """Like a tensor of floats, in the dtype that is asked for."""
    model = torch.zeros(case.shape, device=target.device)
    if case.low:
        return torch.randint_like(model, case.low, case.high, dtype=target.dtype)
    return torch.randint_like(model, case.high, dtype=target.dtype)


def _random(case: RangeCase, target: Target) -> Tensor:
    """By the fewest arguments that say the range."""
    filled = torch.full(case.shape, 1, **target.factory)
    name = str(target.dtype).removeprefix("torch.")
    whole = (0, _end(name))
    if (case.low, case.high) == whole:
        return filled.random_(generator=target.generator)
    if case.low == 0:
        return filled.random_(case.high, generator=target.generator)
    return filled.random_(case.low, case.high, generator=target.generator)


def _end(dtype: str) -> int:
    return _SPANS[dtype][1]


def _row(name: str, call: _Call, dtype: str, page: str) -> Operation[RangeCase]:
    least, end = _SPANS[dtype]
    # A range that begins at the last number of a format of floats is refused.
    anchors = [RangeCase(_PLANE, 0, min(end, 7 if end > 7 else 2)), RangeCase(_PLANE, 0, 1)]
    if name == "random_":
        anchors.append(RangeCase(_PLANE, 0, end))
    elif end < 1 << 63:
        anchors.append(RangeCase(_PLANE, 0, end - (dtype in _FLOATS)))
    return Operation(
        name=f"{name} of {dtype}",
        cases=lambda size: _ranges(size, least, end, _MOST.get(dtype, end - least)),
        call=call,
        law=lambda case: laws.DiscreteUniform(case.low, case.high),
        dtypes=(dtype,),
        words="every whole number from low to below high alike",
        formula="P(x = k) = 1/(high − low)",
        source=f"PyTorch documentation, torch.{page}",
        anchors=tuple(anchors),
        pools=_POOL.get(dtype, 1.0),
        form_of=name,
    )


_FLOATS = ("bfloat16", "float16", "float32", "float64")
_POOL = {"float32": 0.125, "float64": 0.125}
"""Floating dtypes are drawn as whole numbers and converted: an eighth says as much."""

_MOST = {"float32": 1 << 17}
"""The widest range that is drawn: a word modulo a wider one is uneven, too little for a witness."""

WHOLE_NUMBERS: tuple[Operation, ...] = (
    *(_row("torch.randint", _randint, dtype, "randint") for dtype in _SPANS),
    *(_row("random_", _random, dtype, "Tensor.random_") for dtype in _SPANS),
    _row("torch.randint_like", _randint_like, "int16", "randint_like"),
    _row("torch.randint_like", _randint_like, "float32", "randint_like"),
    _row("torch.randint out", _randint_into, "int32", "randint"),
)
"""One row for each form and dtype."""
