"""Faults of dependence: the marginal law is right, the values know of each other."""

from __future__ import annotations

import math

import torch
from scipy.signal import lfilter
from torch import Tensor

from selftest.planted.fault import (
    Call,
    Fault,
    Function,
    Plant,
    always,
    arguments,
    editing,
    flat,
    law,
    stale,
    table,
)

REPEATS = frozenset({"correlation", "duplicates", "repeats"})
BLOCK = 16
PERIOD = 40_960
SMALL = 32


def _repeat_half(row: Tensor, _: Call) -> None:
    half = row.numel() // 2
    row[half : 2 * half] = row[:half].clone()


def _negate_half(row: Tensor, _: Call) -> None:
    half = row.numel() // 2
    row[half : 2 * half] = -row[:half]


def _repeat_period(row: Tensor, _: Call) -> None:
    for start in range(PERIOD, row.numel(), PERIOD):
        rest = row[start : start + PERIOD]
        rest.copy_(row[: rest.numel()])


def _repeat_last_block(row: Tensor, _: Call) -> None:
    if row.numel() >= 2 * BLOCK:
        row[-BLOCK:] = row[-2 * BLOCK : -BLOCK].clone()


def _zero_last(row: Tensor, _: Call) -> None:
    if row.numel() % BLOCK:
        row[-1] = 0


def _positive_first(row: Tensor, _: Call) -> None:
    if row.numel() <= SMALL:
        row[0].abs_()


def _sort(row: Tensor, _: Call) -> None:
    row.copy_(row.sort().values)


def _serial(row: Tensor, call: Call, rho: float = 0.02) -> None:
    mean, std = call.values["mean"], call.values["std"] or 1.0
    noise = ((row.double() - mean) / std).numpy()
    # The first value stays as drawn: the process starts in its stationary law.
    noise[1:] *= math.sqrt(1 - rho**2)
    filtered = torch.from_numpy(lfilter([1.0], [1.0, -rho], noise))
    row.copy_(filtered * std + mean)


def _pair_columns(tensor: Tensor, _: Call) -> None:
    pairs = tensor.size(-1) // 2
    tensor[..., 1 : 2 * pairs : 2] = tensor[..., 0 : 2 * pairs : 2].clone()


def _copy_first_row(tensor: Tensor, _: Call) -> None:
    tensor[-1] = tensor[0]


def _same_slices(tensor: Tensor, _: Call) -> None:
    if tensor.dim() >= 5:
        tensor.copy_(tensor[:1].expand_as(tensor).clone())


def _leave_strided(tensor: Tensor, before: Tensor) -> None:
    if not tensor.is_contiguous():
        tensor.copy_(before)


def _rewound(original: Function) -> Function:
    """Put the stream back to where it was before the call."""

    def edit(_: Tensor, call: Call) -> None:
        if call.generator is not None:
            call.generator.manual_seed(call.generator.initial_seed())
        else:
            torch.manual_seed(torch.initial_seed())

    return editing(edit)(original)


def _reseeded(bits: int) -> Plant:
    """Draw each tensor from a stream whose seed is the low bits of the caller's."""

    def edit(tensor: Tensor, call: Call) -> None:
        stream = call.generator or torch.default_generator
        low = stream.initial_seed() % 2**bits
        own = torch.Generator().manual_seed(low)
        bound = call.values["gain"] * math.sqrt(6 / _fan_sum(tensor))
        tensor.uniform_(-bound, bound, generator=own)

    return editing(edit)


def _fan_sum(tensor: Tensor) -> int:
    return (tensor.size(0) + tensor.size(1)) * tensor[0, 0].numel()


FAULTS = table(
    Fault(
        "second_half_repeats",
        "the second half of a tensor repeats the first",
        ("normal_",),
        flat(_repeat_half),
        law("float32-normal_"),
        REPEATS,
    ),
    Fault(
        "second_half_antithetic",
        "the second half of a tensor is the first with its sign changed",
        ("xavier_normal_",),
        flat(_negate_half),
        law("float32-xavier_normal_"),
        frozenset({"correlation"}),
    ),
    Fault(
        "calls_repeat",
        "the generator starts anew after each call",
        ("uniform_",),
        _rewound,
        law("float32-uniform_"),
        REPEATS,
    ),
    Fault(
        "seed_ignored",
        "every call draws from one fixed seed",
        ("xavier_uniform_",),
        _reseeded(0),
        law("float32-xavier_uniform_"),
        REPEATS | {"position"},
    ),
    Fault(
        "generator_ignored",
        "the generator is ignored: the global stream is drawn from",
        ("normal_",),
        arguments(always("generator", None)),
        "verify/test_contracts.py::test_contract[cpu-float32-normal_]",
        frozenset({"call"}),
        says="streams that are used besides the generator: the global stream moves, "
        "the global seed changes the values",
    ),
    Fault(
        "serial_correlation",
        "each value has correlation 0.02 with the one before",
        ("normal_",),
        flat(_serial),
        law("float32-normal_"),
        frozenset({"correlation"}),
    ),
    Fault(
        "columns_in_pairs",
        "each second column repeats the one before",
        ("xavier_uniform_",),
        editing(_pair_columns),
        law("float32-xavier_uniform_"),
        REPEATS,
    ),
    Fault(
        "first_value_positive",
        "the first value of a tensor of at most 32 is positive",
        ("xavier_normal_",),
        flat(_positive_first),
        law("float32-xavier_normal_"),
        frozenset({"extremes", "position"}),
    ),
    Fault(
        "last_value_zero",
        "the last value is left at zero where 16 does not divide the count",
        ("xavier_uniform_",),
        flat(_zero_last),
        law("float32-xavier_uniform_"),
        frozenset({"atoms", "position"}),
    ),
    Fault(
        "last_block_repeats",
        "the last 16 values repeat the 16 before",
        ("normal_",),
        flat(_repeat_last_block),
        law("float32-normal_"),
        REPEATS,
    ),
    Fault(
        "period_40960",
        "the values repeat after 40,960",
        ("uniform_",),
        flat(_repeat_period),
        law("float32-uniform_"),
        REPEATS,
    ),
    Fault(
        "last_row_repeats_first",
        "the last row of a matrix repeats the first",
        ("kaiming_normal_",),
        editing(_copy_first_row),
        law("float32-kaiming_normal_"),
        REPEATS,
    ),
    Fault(
        "slices_repeat",
        "tensors of 5 dimensions or more repeat their first slice",
        ("kaiming_uniform_",),
        editing(_same_slices),
        law("float32-kaiming_uniform_"),
        REPEATS,
    ),
    Fault(
        "values_sorted",
        "the values of a tensor come in ascending order",
        ("kaiming_uniform_",),
        flat(_sort),
        law("float64-kaiming_uniform_"),
        frozenset({"correlation", "position"}),
    ),
    Fault(
        "strided_untouched",
        "a tensor that is not contiguous keeps what it held",
        ("kaiming_normal_",),
        stale(_leave_strided),
        "verify/test_layouts.py::test_layout[cpu-float32-kaiming_normal_-strided]",
        frozenset({"finite"}),
    ),
)
