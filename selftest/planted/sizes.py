"""Faults of one kind of size, and of nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from selftest.planted.fault import Call, Edit, Fault, Plant, arguments, editing, law, stale, table
from selftest.planted.orthogonal import HAAR

WIDTH = frozenset({"scale", "legendre", "support", "extremes"})
STANDARD = ("--profile", "standard")
Where = Callable[[Tensor], bool]


def _times(where: Where, argument: str, factor: float) -> Plant:
    """Change an argument where a tensor is of that size."""

    def change(values: dict[str, Any]) -> None:
        if where(values["tensor"]):
            values[argument] *= factor

    return arguments(change)


def _scaled(where: Where, factor: float) -> Plant:
    """Change what was filled where a tensor is of that size."""

    def edit(tensor: Tensor, _: Call) -> None:
        if where(tensor):
            tensor.mul_(factor)

    return editing(edit)


def _last_left(*sizes: int) -> Plant:
    """Leave the last entry as it was, in tensors of just these numbers of entries."""

    def edit(tensor: Tensor, before: Tensor) -> None:
        if tensor.numel() in sizes:
            tensor[tuple(size - 1 for size in tensor.shape)] = before.flatten()[-1]

    return stale(edit)


def _sides(tensor: Tensor) -> tuple[int, int]:
    return tensor.size(0), tensor.numel() // tensor.size(0)


def _signs_of_lapack(tensor: Tensor, call: Call) -> None:
    rows, columns = _sides(tensor)
    if rows > columns > 512:
        q, _ = torch.linalg.qr(call.normals().view(rows, columns))
        tensor.copy_(q.reshape(tensor.shape) * call.values["gain"])


def _not_orthogonal(tensor: Tensor, call: Call) -> None:
    rows, columns = _sides(tensor)
    if columns > rows > 512:
        tensor.copy_(call.normals() * (call.values["gain"] / math.sqrt(columns)))


def _fewer_zeros(tensor: Tensor, call: Call) -> None:
    if tensor.size(0) > 4096:
        first = (tensor == 0).int().argmax(0)
        tensor[first, torch.arange(tensor.size(1))] = call.values["std"]


def _short_diagonal(tensor: Tensor, _: Call) -> None:
    if min(tensor.shape) > 2000:
        tensor[-1].zero_()
        tensor[:, -1].zero_()


def _edited(name: str, does: str, target: str, edit: Edit, *checks: str) -> Fault:
    node, named = law(f"float32-{target}"), frozenset(checks)
    return Fault(name, does, (target,), editing(edit), node, named, arguments=STANDARD)


FAULTS = table(
    Fault(
        "tiny_normal_wide",
        "the deviation is 3 % too large in tensors below 16 entries",
        ("normal_",),
        _times(lambda tensor: tensor.numel() < 16, "std", 1.03),
        law("float32-normal_"),
        WIDTH,
        says="below 16 entries",
        arguments=STANDARD,
    ),
    Fault(
        "tiny_xavier_narrow",
        "values are 2 % too small in weights below 16 entries",
        ("xavier_uniform_",),
        _scaled(lambda tensor: tensor.numel() < 16, 0.98),
        law("float32-xavier_uniform_"),
        WIDTH,
        says="below 16 entries",
        arguments=STANDARD,
    ),
    Fault(
        "small_kaiming_narrow",
        "values are 2 % too small in weights of 16 to 1,000 entries",
        ("kaiming_normal_",),
        _scaled(lambda tensor: 16 <= tensor.numel() <= 1000, 0.98),
        law("float32-kaiming_normal_"),
        WIDTH,
        says="16 to 255 entries",
        arguments=STANDARD,
    ),
    Fault(
        "large_xavier_narrow",
        "values are 1 % too small beyond 2^22 entries",
        ("xavier_normal_",),
        _scaled(lambda tensor: tensor.numel() > 1 << 22, 0.99),
        law("float32-xavier_normal_"),
        WIDTH,
        says="above 2^22 entries",
        arguments=STANDARD,
    ),
    Fault(
        "large_truncated_narrow",
        "values are 1 % too small beyond 2^20 entries",
        ("trunc_normal_",),
        _scaled(lambda tensor: tensor.numel() > 1 << 20, 0.99),
        law("float32-trunc_normal_"),
        WIDTH,
        says="above 2^22 entries",
        arguments=STANDARD,
    ),
    Fault(
        "middling_kaiming_narrow",
        "values are 1 % too small between 2^22 and 2^24 entries",
        ("kaiming_uniform_",),
        _scaled(lambda tensor: (1 << 22) + 2048 < tensor.numel() < 1 << 24, 0.99),
        law("float32-kaiming_uniform_"),
        WIDTH,
        says="2^22 to 2^24 entries",
        arguments=STANDARD,
    ),
    Fault(
        "last_of_22_bits_unfilled",
        "the last entry of 2^22 is left as it was",
        ("trunc_normal_",),
        _last_left(1 << 22),
        law("float32-trunc_normal_"),
        frozenset({"finite"}),
        arguments=STANDARD,
    ),
    Fault(
        "five_axes_narrow",
        "values are 2 % too small in tensors of five axes",
        ("kaiming_normal_",),
        _scaled(lambda tensor: tensor.dim() == 5, 0.98),
        law("float32-kaiming_normal_"),
        WIDTH,
        arguments=STANDARD,
    ),
    Fault(
        "last_of_a_grain_unfilled",
        "the last entry of 2^15 + 1 is left as it was",
        ("uniform_",),
        _last_left((1 << 15) + 1),
        law("float32-uniform_"),
        frozenset({"finite"}),
    ),
    Fault(
        "last_of_40961_unfilled",
        "the last entry of 40,961 is left as it was",
        ("kaiming_uniform_",),
        _last_left(40_961),
        law("float32-kaiming_uniform_"),
        frozenset({"finite"}),
    ),
    Fault(
        "last_of_24_bits_unfilled",
        "the last entry of 2^24 + 1 is left as it was",
        ("normal_",),
        _last_left((1 << 24) + 1),
        law("float32-normal_"),
        frozenset({"finite"}),
        arguments=STANDARD,
    ),
    Fault(
        "large_constant_unfilled",
        "the last entry of 2^22 + 1 and of 2^24 + 1 is left as it was",
        ("constant_",),
        _last_left((1 << 22) + 1, (1 << 24) + 1),
        law("float32-constant_"),
        frozenset({"exact"}),
        arguments=STANDARD,
    ),
    _edited(
        "large_tall_signs",
        "tall matrices of more than 512 columns keep the signs of the factorization",
        "orthogonal_",
        _signs_of_lapack,
        *HAAR,
    ),
    _edited(
        "large_wide_not_orthogonal",
        "wide matrices of more than 512 rows are normal",
        "orthogonal_",
        _not_orthogonal,
        "orthogonality",
    ),
    Fault(
        "long_columns_fuller",
        "columns of more than 4,096 rows have one zero too few",
        ("sparse_",),
        editing(_fewer_zeros),
        law("float32-sparse_"),
        frozenset({"zero_count"}),
        arguments=STANDARD,
    ),
    Fault(
        "large_diagonal_short",
        "the diagonal ends one entry early in matrices of more than 2,000 a side",
        ("eye_",),
        editing(_short_diagonal),
        law("float32-eye_"),
        frozenset({"exact"}),
        arguments=STANDARD,
    ),
)
