"""Faults of chance itself: too even, never twice, tails far out, a bound, a value that returns."""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

from selftest.planted.fault import Call, Edit, Fault, editing, flat, law, table
from selftest.planted.precision import layout

EVEN = ("chi_square", "correlation", "neighbours")
"""Few values in different parts avoid each other, many fill all parts alike."""

_LATTICE = 1 << 24


def _between(tensor: Tensor, call: Call, levels: Tensor) -> None:
    """Fill with levels in [0, 1), stretched to the bounds, of which the upper is excluded."""
    low, width = call.values["a"], call.values["b"] - call.values["a"]
    below = math.nextafter(call.values["b"], -math.inf)
    top = torch.tensor(below, dtype=torch.float64).to(tensor.dtype)
    if float(top) >= call.values["b"]:
        top = torch.nextafter(top, torch.tensor(-math.inf, dtype=tensor.dtype))
    tensor.copy_(low + width * levels).clamp_(max=float(top))


def _permuted(n: int, call: Call) -> Tensor:
    return torch.rand(n, generator=call.generator).argsort()


def _stratified(strata: int) -> Edit:
    """Give as many values to each of so many equal parts, in any order."""

    def edit(row: Tensor, call: Call) -> None:
        part = _permuted(strata, call)[_permuted(row.numel(), call) % strata]
        inside = torch.rand(row.numel(), dtype=torch.float64, generator=call.generator)
        _between(row, call, (part + inside) / strata)

    return edit


def _golden(row: Tensor, call: Call) -> None:
    """Go around the unit interval by the golden ratio, from a random start, in any order."""
    start = torch.rand((), dtype=torch.float64, generator=call.generator)
    steps = _permuted(row.numel(), call).double() * ((math.sqrt(5) - 1) / 2)
    _between(row, call, (start + steps) % 1)


def _permuted_quantiles(row: Tensor, call: Call) -> None:
    start = torch.rand((), dtype=torch.float64, generator=call.generator)
    levels = (_permuted(row.numel(), call) + start) / row.numel()
    row.copy_(call.values["mean"] + call.values["std"] * torch.special.ndtri(levels))


def _centred(row: Tensor, call: Call) -> None:
    """Take off the mean of a tensor of some size."""
    if row.numel() >= 16:
        row += call.values["mean"] - row.double().mean().to(row.dtype)


def _balanced(row: Tensor, call: Call) -> None:
    """Let every value mirror another, wherever that lies."""
    drawn = torch.rand(row.numel(), dtype=torch.float64, generator=call.generator)
    half = row.numel() // 2
    drawn[:half] = 1 - 2.0**-53 - drawn[half : 2 * half]
    _between(row, call, drawn[_permuted(row.numel(), call)])


def _moved_on(row: Tensor, call: Call) -> None:
    """Move values of a tensor that are there already to the next of 2²⁴ that is free."""
    drawn = torch.randint(_LATTICE, (row.numel(),), generator=call.generator)
    for _ in range(1000):
        ordered, order = drawn.sort()
        again = order[1:][ordered[1:] == ordered[:-1]]
        if not again.numel():
            break
        drawn[again] = (drawn[again] + 1) % _LATTICE
    _between(row, call, drawn.double() / _LATTICE)


_drawn = [0]


def _once_in_a_period(row: Tensor, call: Call) -> None:
    """Number all draws of the process, and scramble the numbers of 24 bits one to one."""
    numbers = (torch.arange(row.numel()) + _drawn[0]) % _LATTICE
    _drawn[0] += row.numel()
    for factor in (0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35):
        numbers = numbers * factor % _LATTICE
        numbers = numbers ^ (numbers >> 11)
    _between(row, call, numbers.double() / _LATTICE)


def _standard(row: Tensor, call: Call) -> Tensor:
    return (row.double() - call.values["mean"]) / call.values["std"]


def _refill(row: Tensor, call: Call, where: Tensor, standard: Tensor) -> None:
    row[where] = (call.values["mean"] + call.values["std"] * standard).to(row.dtype)


def _redrawn(row: Tensor, call: Call, beyond: float, share: float) -> None:
    """Draw a share of the values beyond a number of standard deviations again, inside."""
    thinned = (_standard(row, call).abs() > beyond) & call.chance(share).reshape(-1)
    middle = torch.rand(int(thinned.sum()), dtype=torch.float64, generator=call.generator)
    _refill(row, call, thinned, torch.special.ndtri(0.01 + 0.98 * middle))


def _doubled(row: Tensor, call: Call, level: float) -> None:
    """Move so large a share of the values beyond its own upper quantile."""
    where = call.chance(level).reshape(-1)
    tail = torch.rand(int(where.sum()), dtype=torch.float64, generator=call.generator)
    _refill(row, call, where, -torch.special.ndtri(level * (1 - tail)))


def _bound(tensor: Tensor, call: Call, share: float) -> None:
    tensor.masked_fill_(call.chance(share).reshape(tensor.shape), call.values["b"])


def _bound_where_strided(tensor: Tensor, call: Call) -> None:
    if not tensor.is_contiguous():
        _bound(tensor, call, 2.0**-9)


def _returning(row: Tensor, call: Call) -> None:
    at = call.values["mean"] + 0.7 * call.values["std"]
    row.masked_fill_(call.chance(1 / 3000).reshape(-1), at)


def _like_the_first(row: Tensor, call: Call) -> None:
    row.masked_fill_(call.chance(1 / 2000).reshape(-1), float(row[0]))


def _fault(
    name: str, description: str, edit: Edit, cell: str, *checks: str, profile: str = ""
) -> Fault:
    target = cell.partition("-")[2]
    more = ("--profile", profile) if profile else ()
    return Fault(
        name, description, (target,), flat(edit), law(cell), frozenset(checks), arguments=more
    )


FAULTS = table(
    _fault("uniform_of_64_strata", "each of 64 equal parts gets as many values as any other",
           _stratified(64), "float32-uniform_", *EVEN),
    _fault("uniform_of_golden_steps", "values go around by the golden ratio, in any order",
           _golden, "float32-uniform_", *EVEN),
    _fault("normal_permuted_quantiles", "normals are equidistant quantiles in any order",
           _permuted_quantiles, "float32-normal_", *EVEN),
    _fault("normal_centred", "the mean of a tensor of 16 entries or more is taken off", _centred,
           "float32-normal_", "call_means", profile="standard"),
    _fault("uniform_balanced", "every value has its mirror image somewhere in the tensor",
           _balanced, "float64-uniform_", "call_means", "correlation"),
    _fault("uniform_never_twice", "no value is twice in a tensor", _moved_on,
           "float32-uniform_", "duplicates"),
    _fault("uniform_of_a_period", "no value is twice in a period of the generator",
           _once_in_a_period, "float32-uniform_", "duplicates"),
    _fault("normal_tail_thinned", "of values beyond the quantile 2^-17 two in three are missing",
           functools.partial(_redrawn, beyond=4.324, share=2 / 3), "float32-normal_", "far_tails",
           profile="standard"),
    _fault("normal_tail_doubled", "beyond the quantile 2^-16 lie twice as many at the upper end",
           functools.partial(_doubled, level=2.0**-16), "float32-normal_", "far_tails",
           profile="standard"),
    _fault("normal_cut_far_out", "values beyond 4.4 standard deviations are drawn again",
           functools.partial(_redrawn, beyond=4.4, share=1.0), "float64-normal_", "far_tails",
           profile="standard"),
    _fault("half_normal_tail_doubled", "one value in 11,600 of half precision is moved up",
           functools.partial(_doubled, level=2.0**-13.5),
           "bfloat16-normal_", "tails", "far_tails", profile="standard"),
    _fault("half_uniform_bound", "one value in 512 is the excluded bound, in half precision",
           functools.partial(_bound, share=2.0**-9), "bfloat16-uniform_", "support"),
    _fault("uniform_bound_in_two_million", "one value in 2²¹ is the excluded bound",
           functools.partial(_bound, share=2.0**-21), "float32-uniform_", "support",
           profile="standard"),
    Fault("uniform_bound_where_strided", "one value in 512 of a strided tensor is the bound",
          ("uniform_",), editing(_bound_where_strided), layout("float32-uniform_", "strided"),
          frozenset({"support"})),
    _fault("normal_value_returns", "one value in 3000 is at 0.7 standard deviations", _returning,
           "float32-normal_", "mode", profile="standard"),
    _fault("uniform_like_the_first", "one value in 2000 is the first of its tensor",
           _like_the_first, "float32-kaiming_uniform_", "mode", profile="standard"),
)  # fmt: skip
