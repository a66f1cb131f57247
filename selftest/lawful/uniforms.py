"""Uniform values of more bits, and other ways to keep off the excluded bound."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from selftest.lawful.alternative import (
    Alternative,
    Control,
    Declined,
    Stream,
    is_plain,
    uniformly,
)
from selftest.lawful.discrete import operation, rewritten
from selftest.planted.contracts import contract
from selftest.planted.fault import Plant, law, table
from selftest.planted.module import default
from selftest.planted.precision import layout
from selftest.planted.streams import neighbours, streams

UNIFORM = "torch.Tensor.uniform_"

Bits = Callable[[int, Stream], Tensor]
Write = Callable[[Tensor, float, float, Stream], None]


def _of(bits: int, n: int, stream: Stream) -> Tensor:
    return stream.integers(n, bits).double() * 2.0**-bits


def _middles(bits: int, n: int, stream: Stream) -> Tensor:
    """The middles of 2^bits intervals, rounded to float64: halfway, from 53 bits on, above ½."""
    return (2 * stream.integers(n, bits) + 1).double() * 2.0 ** -(bits + 1)


def dense(n: int, stream: Stream) -> Tensor:
    """Draw real numbers in [0, 1), rounded down to float64: an exponent, then a mantissa."""
    exponent = torch.frexp(stream.inner(n))[1].double()
    return torch.ldexp(1 + stream.integers(n, 52).double() * 2.0**-52, exponent - 1)


def redrawn(bits: Bits) -> Write:
    """Draw again what rounds to the excluded bound; where everything does, take the lower one."""

    def write(tensor: Tensor, low: float, high: float, stream: Stream) -> None:
        values = (low + (high - low) * bits(tensor.numel(), stream)).to(tensor.dtype)
        bound = torch.tensor(high, dtype=torch.float64).to(tensor.dtype)
        start = torch.tensor(low, dtype=torch.float64).to(tensor.dtype)
        if start == bound:
            values.fill_(start)
        while bool((at_bound := values >= bound).any()) and start != bound:
            again = low + (high - low) * bits(int(at_bound.sum()), stream)
            values[at_bound] = again.to(tensor.dtype)
        tensor.copy_(values.view(tensor.shape))

    return write


def below(bits: Bits) -> Write:
    """Give what rounds to the excluded bound the next value below it."""

    def write(tensor: Tensor, low: float, high: float, stream: Stream) -> None:
        values = (low + (high - low) * bits(tensor.numel(), stream)).to(tensor.dtype)
        bound, start = (torch.tensor(x, dtype=torch.float64).to(tensor.dtype) for x in (high, low))
        values = torch.where(values >= bound, torch.nextafter(bound, start), values)
        tensor.copy_(values.view(tensor.shape))

    return write


def kept(bits: Bits) -> Write:
    """Draw again what lies outside [from, to) once it is rounded, and nothing else.

    A bound that is rounded inwards has values of its own; where nothing is inside, all have them.
    """

    def write(tensor: Tensor, low: float, high: float, stream: Stream) -> None:
        def propose(n: int) -> Tensor:
            return (low + (high - low) * bits(n, stream)).to(tensor.dtype)

        values = propose(tensor.numel())
        for _ in range(1000):
            outside = (values.double() < low) | (values.double() >= high)
            if not bool(outside.any()):
                break
            values[outside] = propose(int(outside.sum()))
        tensor.copy_(values.view(tensor.shape))

    return write


def _rand(write: Write) -> Plant:
    """Replace what ``torch.rand`` returns in half precision."""

    def half(result: Tensor, stream: Stream, *_: Any) -> None:
        if result.dtype in (torch.float16, torch.bfloat16) and is_plain(result):
            write(result, 0.0, 1.0, stream)

    return rewritten(half)


def plainly(tensor: Tensor, low: float, high: float, stream: Stream) -> None:
    """Multiply, round, add, round in the tensor's dtype; what reaches the bound starts anew."""
    unit = stream.integers(tensor.numel(), 24).double() * 2.0**-24
    start, width = (torch.tensor(x, dtype=tensor.dtype) for x in (low, high - low))
    values = start + width * unit.to(tensor.dtype)
    end = torch.tensor(high, dtype=torch.float64).to(tensor.dtype)
    tensor.copy_(torch.where(values >= end, start, values).view(tensor.shape))


def _interpolated(low: float, high: float, unit: Tensor) -> Tensor:
    """a·(1 − u) + b·u, every product and the sum rounded to float32."""
    start, end = (torch.tensor(x, dtype=torch.float32) for x in (low, high))
    return start * (1 - unit) + end * unit


def _centred(low: float, high: float, unit: Tensor) -> Tensor:
    """The middle, and half of the width times 2u − 1, rounded to float32."""
    middle, half = (torch.tensor(x / 2, dtype=torch.float32) for x in (low + high, high - low))
    return middle + half * (2 * unit - 1)


def in_single(combine: Callable[[float, float, Tensor], Tensor]) -> Write:
    """Combine both bounds with draws of 24 bits; what reaches the upper one gets the next below."""

    def write(tensor: Tensor, low: float, high: float, stream: Stream) -> None:
        if tensor.dtype == torch.float64:
            raise Declined
        unit = stream.integers(tensor.numel(), 24).float() * 2.0**-24
        values = combine(low, high, unit).to(tensor.dtype)
        bound, start = (torch.tensor(x, dtype=torch.float64).to(tensor.dtype) for x in (high, low))
        values = torch.where(values >= bound, torch.nextafter(bound, start), values)
        tensor.copy_(values.view(tensor.shape))

    return write


def downwards(tensor: Tensor, low: float, high: float, stream: Stream) -> None:
    """Round towards the lower bound, so that none reaches the upper one but where all do."""
    exact = low + (high - low) * stream.doubles(tensor.numel())
    values = exact.to(tensor.dtype)
    below = torch.nextafter(values, torch.full_like(values, -torch.inf))
    tensor.copy_(torch.where(values.double() > exact, below, values).view(tensor.shape))


def _wrapped(n: int, stream: Stream) -> Tensor:
    """Take the fraction of a sum of three uniforms of 53 bits, which is uniform again."""
    total = stream.integers(3 * n, 53).view(3, -1).sum(0)
    return (total & ((1 << 53) - 1)).double() * 2.0**-53


def _exchanged(n: int, stream: Stream) -> Tensor:
    """Return an entry of a table of 64, which six bits choose; the next draw takes its place."""
    words = stream.integers(n + 64, 53).double() * 2.0**-53
    order = torch.arange(n + 64)
    places = stream.integers(n, 6).tolist()
    table, chosen = order[:64].tolist(), []
    for following, place in zip(range(64, n + 64), places, strict=True):
        chosen.append(table[place])
        table[place] = following
    return words[torch.tensor(chosen, dtype=torch.int64)]


_WIDE = (
    law("float32-uniform_"),
    law("float32-kaiming_uniform_"),
    streams("float32-uniform_"),
    contract("float32-uniform_"),
    default("float32-Linear"),
)
_ALL = (
    *_WIDE,
    law("float64-uniform_"),
    law("complex64-uniform_"),
)
_HALF = (law("bfloat16-uniform_"), law("float16-uniform_"), law("bfloat16-xavier_uniform_"))
_HALF_RAND = (operation("bfloat16-torch.rand"), operation("float16-torch.rand"))
_ELSEWHERE = (
    law("complex32-uniform_"),
    layout("float16-kaiming_uniform_", "strided"),
    default("bfloat16-Linear"),
)

_53 = functools.partial(_of, 53)
_32 = functools.partial(_of, 32)


def _row(
    name: str, description: str, write: Write, source: str, *nodes: str, **more: Any
) -> Alternative:
    plant = uniformly(write)
    return Alternative(name, description, (UNIFORM,), plant, nodes=nodes, source=source, **more)


_RANGE = "PyTorch documentation, Tensor.uniform_: [from, to)"
_ROUNDED = "IEEE 754-2019, sec. 4.3.1: what lies halfway is rounded to even"
_ANY_ORDER = "PyTorch documentation, note “Numerical accuracy”"

ALTERNATIVES = table(
    _row(
        "uniform_of_53_bits", "uniforms of 53 bits that are drawn again on the excluded bound",
        redrawn(_53), _RANGE, *_ALL,
    ),
    _row(
        "uniform_of_32_bits", "uniforms of 32 bits that are drawn again on the excluded bound",
        redrawn(_32), _RANGE, *_WIDE,
    ),
    _row(
        "uniform_of_every_number", "uniforms that reach every number of the dtype",
        redrawn(dense), "Downey 2007, Generating pseudo-random floating-point values", *_ALL,
    ),
    _row(
        "uniform_below_its_bound", "what rounds to the excluded bound gets the number below it",
        below(_53), _RANGE, *_ALL,
    ),
    _row(
        "uniform_without_fma", "a + (b − a)·u rounded twice, from uniforms of 24 bits",
        plainly, _RANGE, *_WIDE,
    ),
    _row(
        "uniform_of_25_bits", "uniforms of 25 bits, every second halfway above ½",
        redrawn(functools.partial(_of, 25)), _ROUNDED, _WIDE[0],
    ),
    _row(
        "uniform_of_middles", "the middles of 2²⁴ intervals, all of them halfway above ½",
        redrawn(functools.partial(_middles, 24)), _ROUNDED, _WIDE[0],
    ),
    _row(
        "uniform_of_middles_in_float64", "the middles of 2⁵³ intervals, as of cuRAND's doubles",
        redrawn(functools.partial(_middles, 53)), f"cuRAND, curand_uniform_double; {_ROUNDED}",
        law("float64-uniform_"), law("float64-kaiming_uniform_"),
    ),
    _row(
        "uniform_interpolated", "a·(1 − u) + b·u in float32", in_single(_interpolated),
        f"{_ANY_ORDER}; {_RANGE}", _WIDE[0], law("bfloat16-uniform_"),
    ),
    _row(
        "uniform_centred", "the middle and half of the width times 2u − 1, in float32",
        in_single(_centred), f"{_ANY_ORDER}; {_RANGE}", *_WIDE[:2],
    ),
    _row(
        "uniform_rounded_down", "uniforms of 53 bits rounded towards the lower bound",
        downwards, "Goualard 2022, Drawing random floating-point numbers from an interval",
        *_WIDE[:2],
    ),
    _row(
        "half_uniform_redrawn", "half-precision uniforms that are drawn again on the bound",
        redrawn(_53), _RANGE, *_HALF,
    ),
    _row(
        "half_uniform_below", "half-precision uniforms rounded down where they meet the bound",
        below(_53), _RANGE, *_HALF, *_ELSEWHERE,
    ),
    _row(
        "half_uniform_kept", "half-precision uniforms drawn again where they leave the range",
        kept(_53), _RANGE, *_HALF, *_ELSEWHERE,
    ),
    _row(
        "uniform_wrapped", "the fraction of a sum of three uniforms", redrawn(_wrapped),
        "Wichmann & Hill 1982", _WIDE[0], *_ALL[5:6], _HALF[0], streams("float32-uniform_"),
    ),
    _row(
        "uniform_shuffled", "uniforms in an order that uniforms choose", redrawn(_exchanged),
        "Bays & Durham 1976; Knuth, TAOCP 2, sec. 3.2.2, B",
        _WIDE[0], streams("float32-uniform_"), neighbours("float32-uniform_"),
    ),
    Alternative(
        "half_rand_redrawn", "torch.rand in half precision, drawn again where it would be one",
        ("torch.rand",), _rand(redrawn(_53)), nodes=_HALF_RAND,
        source="PyTorch documentation, torch.rand: [0, 1)",
    ),
    Alternative(
        "half_rand_below", "torch.rand in half precision, rounded down where it would be one",
        ("torch.rand",), _rand(below(_53)), nodes=_HALF_RAND,
        source="PyTorch documentation, torch.rand: [0, 1)",
    ),
)  # fmt: skip

CONTROLS = table(
    Control(
        "uniform_of_few_middles", "the middles of 2²³ intervals: one bit too few",
        (UNIFORM,), uniformly(redrawn(functools.partial(_middles, 23))), law("float32-uniform_"),
        frozenset({"bits"}), says="of bit 0",
    ),
    Control(
        "half_uniform_below_by_two", "half-precision uniforms that never take the last number",
        (UNIFORM,),
        uniformly(lambda t, low, high, s: redrawn(_53)(t, low, low + (high - low) * 0.994, s)),
        law("bfloat16-uniform_"), frozenset({"ends", "legendre", "chi_square"}),
    ),
    Control(
        "uniform_of_53_bits_too_wide", "uniforms of 53 bits on a range that is 1 % too wide",
        (UNIFORM,),
        uniformly(lambda t, low, high, s: redrawn(_53)(t, low, low + 1.01 * (high - low), s)),
        law("float32-uniform_"), frozenset({"support"}),
    ),
)  # fmt: skip
