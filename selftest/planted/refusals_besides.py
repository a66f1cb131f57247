"""Impossible requests that are met with something, one for each kind of them."""

from __future__ import annotations

from typing import Any

import torch

from selftest.planted.fault import Fault, Function, Plant, calling, table
from selftest.planted.refusals import ERRORS, errors

TAKEN: dict[str, tuple[str, str]] = {
    "what is no tensor": ("zeros_", "float32-zeros_"),
    "other than three to five dimensions": ("dirac_", "float32-dirac_"),
    "what is no generator": ("normal_", "float32-normal_"),
    "a slope that is no number": ("kaiming_normal_", "float32-kaiming_normal_"),
    "a bound that is NaN": ("trunc_normal_", "float32-trunc_normal_"),
    "an infinite bound": ("uniform_", "float32-uniform_"),
    "a range beyond the dtype": ("uniform_", "float32-uniform_"),
    "a sparsity that is NaN": ("sparse_", "float32-sparse_"),
    "a value that is no number": ("constant_", "float32-constant_"),
    "a value beyond the dtype": ("constant_", "float32-constant_"),
    "a negative size": ("torch.rand", "float32-torch.rand"),
    "no probability": ("torch.bernoulli", "float32-torch.bernoulli"),
    "a rate of zero": ("torch.Tensor.exponential_", "float32-exponential_"),
    "a negative rate": ("torch.Tensor.exponential_", "float32-exponential_"),
    "a rate that is NaN": ("torch.Tensor.exponential_", "float32-exponential_"),
    "a negative length": ("torch.randperm", "int64-torch.randperm"),
    "more numbers than the dtype has": ("torch.randperm", "int64-torch.randperm"),
}
"""What is taken, as it is asked; the function that takes it, and a cell in which it is asked."""


def _met(original: Function, *args: Any, **kwargs: Any) -> Any:
    """Give what was handed over, or nothing, where the original refuses."""
    try:
        return original(*args, **kwargs)
    except (RuntimeError, TypeError, ValueError, OverflowError, AttributeError):
        return args[0] if args else torch.empty(0)


def _taking(words: str, target: str, cell: str, plant: Plant) -> Fault:
    return Fault(
        f"taken: {words}", f"{target} takes {words}", (target,), plant, errors(cell),
        frozenset(ERRORS), f"{words}: nothing is raised",
    )  # fmt: skip


FAULTS = table(*(_taking(words, *where, calling(_met)) for words, where in TAKEN.items()))
