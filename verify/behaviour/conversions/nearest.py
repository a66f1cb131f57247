"""Which number of a dtype is the nearest to another, by arithmetic of whole numbers alone.

IEEE 754-2019, sec. 4.3.1, roundTiesToEven: of two numbers that are as near the one whose last digit
is even, and infinity from half a unit beyond the largest number on. PyTorch documents its dtypes
as those formats (“Tensor Attributes”; bfloat16 has 8 digits and the exponents of binary32).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor


def nearest(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Round numbers of float32 or float64 to a dtype; they are returned in float64, on the host.

    Powers of two scale exactly, and `rint` rounds half to even.
    """
    wide = values.detach().cpu().numpy().astype(np.float64)
    numbers = torch.finfo(dtype)
    digits, least = 1 - round(math.log2(numbers.eps)), round(math.log2(_least(dtype)))
    with np.errstate(invalid="ignore"):  # What is no number remains none.
        places = np.maximum(np.frexp(wide)[1] - digits, least)
        rounded = np.ldexp(np.rint(np.ldexp(wide, -places)), places)
        beyond = np.abs(rounded) > numbers.max
    return torch.from_numpy(np.where(beyond, np.copysign(np.inf, wide), rounded))


def _least(dtype: torch.dtype) -> float:
    numbers = torch.finfo(dtype)
    return numbers.smallest_normal * numbers.eps


def edges(dtype: torch.dtype) -> Tensor:
    """Numbers in float64 at which a rounding to the dtype shows.

    Halfway between an even number and an odd one, and the other way round, among normal and
    subnormal numbers; the largest one, and what lies half a unit above; what is no number.
    """
    numbers, least = torch.finfo(dtype), _least(dtype)
    unit = numbers.eps
    above = numbers.max + numbers.max / (2 - unit) * unit / 2
    positive = [1 + unit / 2, 1 + 1.5 * unit, 0.5 * least, 1.5 * least, numbers.max, above, 0.0]
    positive += [1 + 0.51 * unit, 1 + 0.49 * unit, torch.inf]
    half = torch.tensor(positive, dtype=torch.float64)
    return torch.cat([half, -half, torch.full((1,), torch.nan, dtype=torch.float64)])


def others(one: Tensor, other: Tensor) -> Tensor:
    """Where numbers in float64 are not the same, signs of zeros too; NaN is NaN."""
    unequal = (one != other) | (one.signbit() != other.signbit())
    return unequal & ~(one.isnan() & other.isnan())
