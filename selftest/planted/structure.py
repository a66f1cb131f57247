"""Faults of exact structure: constants, eye and dirac, sparse zeros."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from selftest.planted.fault import Call, Fault, arguments, editing, law, stale, table

EXACT = frozenset({"exact"})
Counts = Callable[[float], int]


def _through(dtype: torch.dtype) -> Callable[[dict[str, Any]], None]:
    def change(values: dict[str, Any]) -> None:
        values["val"] = torch.tensor(values["val"], dtype=dtype).item()

    return change


def _keep_tail(tensor: Tensor, before: Tensor) -> None:
    row = tensor.reshape(-1)
    whole = row.numel() // 16 * 16
    row[whole:] = before.reshape(-1)[whole:]
    tensor.copy_(row.view(tensor.shape))


def _keep_last(tensor: Tensor, before: Tensor) -> None:
    if tensor.numel() % 16 == 15:
        tensor[tuple(size - 1 for size in tensor.shape)] = before.flatten()[-1]


def _nearly_one(tensor: Tensor, _: Call) -> None:
    tensor.fill_(0.999)


def _wrapped_diagonal(tensor: Tensor, _: Call) -> None:
    tensor.fill_diagonal_(1, wrap=True)


def _square_only(tensor: Tensor, _: Call) -> None:
    # Wide matrices keep one diagonal entry too few.
    if tensor.size(1) > tensor.size(0):
        tensor[-1].zero_()


def _keep_where_zero(tensor: Tensor, before: Tensor) -> None:
    tensor.copy_(torch.where(tensor == 0, before, tensor))


def _no_groups(values: dict[str, Any]) -> None:
    tensor = values["tensor"]
    if tensor.dim() and tensor.size(0) % values["groups"] == 0:
        values["groups"] = 1


def _round_centre_down(tensor: Tensor, _: Call) -> None:
    for axis in range(2, tensor.dim()):
        if tensor.size(axis) % 2 == 0:
            tensor.copy_(tensor.roll(-1, axis))


def _above_one(tensor: Tensor, _: Call) -> None:
    tensor.mul_(1.0001)


def _redraw(tensor: Tensor, call: Call, zeros: Tensor) -> None:
    tensor.copy_(call.normals() * call.values["std"])
    tensor.masked_fill_(zeros, 0)


def _smallest(keys: Tensor, count: int, axis: int) -> Tensor:
    """Mark the `count` smallest keys along an axis."""
    ranks = keys.argsort(axis).argsort(axis)
    return ranks < count


def _rounded_down(tensor: Tensor, call: Call) -> None:
    count = math.floor(call.values["sparsity"] * tensor.size(0))
    _redraw(tensor, call, _smallest(call.uniforms(), count, 0))


def _same_rows(tensor: Tensor, call: Call) -> None:
    count = math.ceil(call.values["sparsity"] * tensor.size(0))
    keys = call.uniforms()[:, :1].expand_as(tensor)
    _redraw(tensor, call, _smallest(keys, count, 0))


def _per_row(tensor: Tensor, call: Call) -> None:
    count = math.ceil(call.values["sparsity"] * tensor.size(1))
    _redraw(tensor, call, _smallest(call.uniforms(), count, 1))


def _first_rows(tensor: Tensor, call: Call) -> None:
    count = math.ceil(call.values["sparsity"] * tensor.size(0))
    # Exponential keys with rates are drawn without replacement in proportion to the rates.
    keys = -torch.log1p(-call.uniforms())
    keys[: tensor.size(0) // 2] /= 1.25
    _redraw(tensor, call, _smallest(keys, count, 0))


_CONSTANTS = table(
    Fault(
        "constant_through_float16",
        "the value is rounded to float16 first",
        ("constant_",),
        arguments(_through(torch.float16)),
        law("float32-constant_"),
        EXACT,
    ),
    Fault(
        "constant_through_float32",
        "the value is rounded to float32 first, in float64 too",
        ("constant_",),
        arguments(_through(torch.float32)),
        law("float64-constant_"),
        EXACT,
    ),
    Fault(
        "zeros_leaves_tail",
        "what follows the last 16 elements that fill a vector keeps what it held",
        ("zeros_",),
        stale(_keep_tail),
        law("float32-zeros_"),
        EXACT | {"finite"},
    ),
    Fault(
        "zeros_leaves_last",
        "the last element of 16 n + 15 keeps what it held",
        ("zeros_",),
        stale(_keep_last),
        law("float32-zeros_"),
        EXACT | {"finite"},
        # 4 % of the shapes drawn have such a count: 15 examples miss it in every second run.
        arguments=("--profile", "deep"),
    ),
    Fault(
        "ones_below_one",
        "ones are 0.999",
        ("ones_",),
        editing(_nearly_one),
        law("float32-ones_"),
        EXACT,
    ),
    Fault(
        "eye_wraps",
        "the diagonal starts anew below the square part of a tall matrix",
        ("eye_",),
        editing(_wrapped_diagonal),
        law("float32-eye_"),
        EXACT,
    ),
    Fault(
        "eye_wide_short",
        "the last row of a wide matrix has no one",
        ("eye_",),
        editing(_square_only),
        law("float32-eye_"),
        EXACT,
    ),
    Fault(
        "eye_stale",
        "what is off the diagonal keeps what it held",
        ("eye_",),
        stale(_keep_where_zero),
        law("float32-eye_"),
        EXACT | {"finite"},
    ),
    Fault(
        "dirac_groups_ignored",
        "the groups are ignored",
        ("dirac_",),
        arguments(_no_groups),
        law("float32-dirac_"),
        EXACT,
    ),
    Fault(
        "dirac_even_kernel",
        "the centre of an even kernel is (k - 1) // 2",
        ("dirac_",),
        editing(_round_centre_down),
        law("float32-dirac_"),
        EXACT,
    ),
    Fault(
        "dirac_stale",
        "what is not one keeps what it held",
        ("dirac_",),
        stale(_keep_where_zero),
        law("float32-dirac_"),
        EXACT | {"finite"},
    ),
    Fault(
        "dirac_above_one",
        "ones are 1.0001",
        ("dirac_",),
        editing(_above_one),
        law("float32-dirac_"),
        EXACT,
    ),
)

_SPARSE = table(
    Fault(
        "sparse_count_rounded_down",
        "the number of zeros is rounded down",
        ("sparse_",),
        editing(_rounded_down),
        law("float32-sparse_"),
        frozenset({"zero_count"}),
    ),
    Fault(
        "sparse_same_rows",
        "the zeros are in the same rows of every column",
        ("sparse_",),
        editing(_same_rows),
        law("float32-sparse_"),
        frozenset({"zero_overlap"}),
    ),
    Fault(
        "sparse_per_row",
        "the zeros are counted and placed row by row",
        ("sparse_",),
        editing(_per_row),
        law("float32-sparse_"),
        frozenset({"zero_count"}),
    ),
    Fault(
        "sparse_first_rows",
        "a zero goes to a row of the first half 1.25 times as readily as to one of the second",
        ("sparse_",),
        editing(_first_rows),
        law("float32-sparse_"),
        frozenset({"zero_position"}),
    ),
)

FAULTS = _CONSTANTS | _SPARSE
