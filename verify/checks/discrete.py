"""Reduce samples of whole numbers and of permutations."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from verify.checks.statistics import Exact
from verify.checks.uniforms import Statistics, randomised
from verify.laws import Discrete, DiscreteUniform, Permutation


def reduce(
    values: Tensor,
    shape: tuple[int, ...],
    law: Discrete,
    host: np.random.Generator,
    **_unneeded: object,
) -> Statistics:
    """Summarise `values`, shape ``(calls, numel)``, against a law on the integers."""
    flat = values.reshape(-1)
    if flat.numel() == 0:
        return {}
    low, high = law.support
    lawful = (flat >= low) & (flat <= high)
    if flat.is_floating_point():
        lawful &= flat == flat.round()
    found: Statistics = {"support": Exact(flat.numel(), flat.numel() - int(lawful.sum()))}
    if bool(lawful.all()) and low < high:
        found |= randomised(
            values,
            shape,
            lambda x, v: law.transform(_above(x, low), v, torch),
            host,
            slack=law.resolution,
        )
    return found


def _above(x: Tensor, low: int) -> Tensor:
    """``x − low``; whole numbers are subtracted as such, for doubles hold 53 bits of them."""
    return x.double() - low if x.is_floating_point() else (x.long() - low).double()


def reduce_permutations(
    values: Tensor, law: Permutation, host: np.random.Generator, **_unneeded: object
) -> Statistics:
    """Summarise permutations, shape ``(calls, n)``: each complete, every order alike.

    Where all orders can be numbered, their numbers (in the factorial system of the Lehmer code)
    are uniform; of longer ones the first entry is.
    """
    n = law.n
    ordered = torch.sort(values, dim=1).values
    wrong = int((ordered != torch.arange(n, device=values.device)).sum())
    found: Statistics = {"permutation": Exact(values.numel(), wrong)}
    if wrong or n < 2:
        return found
    numbers = _number(values) if law.ranked else values[:, :1]
    orders = math.factorial(n) if law.ranked else n
    return found | reduce(numbers.view(1, -1), (numbers.numel(),), DiscreteUniform(0, orders), host)


def _number(values: Tensor) -> Tensor:
    """The number of each permutation among all: shape ``(calls, 1)``."""
    calls, n = values.shape
    number = torch.zeros(calls, dtype=torch.int64, device=values.device)
    for place in range(n):
        smaller = (values[:, place + 1 :] < values[:, place : place + 1]).sum(1)
        number = number * (n - place) + smaller
    return number[:, None]
