"""Reduce samples of whole numbers and of permutations."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from verify.checks.ordering import ascending
from verify.checks.statistics import Exact
from verify.checks.uniforms import Statistics, randomised
from verify.laws import Discrete, DiscreteUniform, Permutation

_RANKED = 64
"""So many entries of a long permutation are looked at."""


def reduce(
    values: Tensor,
    shape: tuple[int, ...],
    law: Discrete,
    host: np.random.Generator,
    **_unneeded: object,
) -> Statistics:
    """Summarise `values`, shape ``(calls, numel)``, against a law on the integers."""
    values = wide(values)
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
            lambda x, v: law.transform(above(x, low), v, torch),
            host,
            slack=law.resolution,
        )
    return found


def wide(values: Tensor) -> Tensor:
    """Whole numbers of few bits in 64: a bound may be too large for their dtype."""
    return values if values.is_floating_point() else values.long()


def above(x: Tensor, low: int) -> Tensor:
    """``x − low`` of values from `low` on, in doubles.

    Whole numbers are subtracted as such, for doubles hold 53 bits of them. A distance of 2⁶³ or
    more wraps around to one less by 2⁶⁴.
    """
    if x.is_floating_point():
        return x.double() - low
    distance = (x - low).double()
    return torch.where(distance < 0, distance + 2.0**64, distance) if low < 0 else distance


def reduce_permutations(
    values: Tensor, law: Permutation, host: np.random.Generator, **_unneeded: object
) -> Statistics:
    """Summarise permutations, shape ``(calls, n)``: each complete, every order alike.

    Where all orders can be numbered, their numbers (in the factorial system of the Lehmer code)
    are uniform. Of longer ones the ranks of some entries are (see `_ranks`).
    """
    n = law.n
    ordered = ascending(values)
    wrong = int((ordered != torch.arange(n, device=values.device)).sum())
    found: Statistics = {"permutation": Exact(values.numel(), wrong)}
    if wrong or n < 2:
        return found
    if law.ranked:
        numbers = _number(values)
        orders = DiscreteUniform(0, math.factorial(n))
        return found | reduce(numbers.view(1, -1), (numbers.numel(),), orders, host)
    ranks, left = _ranks(values.long())
    v = torch.from_numpy(host.random(tuple(ranks.shape))).to(values.device)
    return found | randomised((ranks + v) / left, (ranks.shape[1],), lambda u, _: u, host)


def _ranks(values: Tensor) -> tuple[Tensor, Tensor]:
    """The ranks of some entries of each permutation among those not yet looked at, and of how many.

    Entry j of those looked at, at place i, has a rank among the n − j numbers that are left: it is
    uniform and independent of the ranks before it (the Lehmer code, in any order of the places;
    Knuth, sec. 3.3.2 P). So it is after a rotation by ``i·(n − j)/n``, which brings what stays near
    its place to the lower end.
    """
    n = values.shape[1]
    count = min(_RANKED, n - 1)
    index = torch.arange(count, device=values.device)
    places = (n - 1) - index * (n - 1) // (count - 1)
    picked = values[:, places]
    before = (picked[:, None, :] < picked[:, :, None]).long().tril(-1)
    left = n - index
    rotated = picked - before.sum(2) - places * left // n
    return rotated.remainder(left), left


def _number(values: Tensor) -> Tensor:
    """The number of each permutation among all: shape ``(calls, 1)``."""
    calls, n = values.shape
    number = torch.zeros(calls, dtype=torch.int64, device=values.device)
    for place in range(n):
        smaller = (values[:, place + 1 :] < values[:, place : place + 1]).sum(1)
        number = number * (n - place) + smaller
    return number[:, None]
