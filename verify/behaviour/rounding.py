"""How far lawful roundings may move a result, whatever kernel makes it.

A kernel may sum in any order, in blocks, in vectors, with fused multiplications or by threads. Of
n additions and products it makes a relative error of at most γₙ = n·u / (1 − n·u) of the sum of
the sizes, u half the distance from 1 to the next number (Higham 2002, Accuracy and Stability of
Numerical Algorithms, secs. 3.1 and 4.2, for every order). So a product W·x is the exact product of
other weights, each off by at most the relative error γₙ (sec. 3.5): rounding is a change of data,
and a result is off by its condition times that change, to first order (sec. 1.6).

The condition is measured in float64: all data are nudged at once, relatively and with random
signs (Parker 1997, Monte Carlo arithmetic). Sizes are those of the largest entry of a tensor:
Winograd's and Fourier's convolutions are stable in this sense only (Higham 2002, sec. 23.2 and
chap. 24). Not covered is arithmetic that a user must ask for: TF32, or half precision sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from verify.behaviour.tensors import doubled

Compute = Callable[[list[Tensor]], list[Tensor]]
"""Makes results from data."""

_PROBES = 6
"""Nudges. One probe in twelve shows less than a tenth of the condition; all six do so in one of
three million."""

_NUDGE = 2.0**-10
"""Small enough for its square to be little. A smaller one would take what a fault does at random,
call by call, for a condition, and forgive it."""


def gamma(roundings: int, dtype: torch.dtype) -> float:
    """The relative error of so many roundings: Higham's γ; of too many, infinite."""
    error = roundings * torch.finfo(dtype).eps / 2
    return error / (1 - error) if error < 1 else float("inf")


def least(dtype: torch.dtype) -> float:
    """The smallest positive number of a dtype."""
    numbers = torch.finfo(dtype)
    return numbers.smallest_normal * numbers.eps


def sensitivities(compute: Compute, data: Sequence[Tensor], seed: int) -> list[float]:
    """By how much each result moves, in units of a relative change of all data.

    Parameters
    ----------
    compute : callable
        Makes results of float64 from data of float64, on the host.
    data : sequence of Tensor
        Real numbers of any dtype, on any device.
    seed : int
        Decides the signs of the nudges.

    Returns
    -------
    list of float
        Of each result, the largest change of any entry among all probes and of its largest entry.
    """
    exact = [doubled(tensor.detach()) for tensor in data]
    made, stream = compute(exact), torch.Generator().manual_seed(seed)
    found = [_size(result) for result in made]
    for _ in range(_PROBES):
        moved = compute([_nudged(tensor, stream) for tensor in exact])
        changes = [
            _size(after - before) / _NUDGE for before, after in zip(made, moved, strict=True)
        ]
        found = list(map(max, found, changes))
    return found


def _nudged(tensor: Tensor, stream: torch.Generator) -> Tensor:
    signs = torch.randint(0, 2, tensor.shape, generator=stream) * 2 - 1
    return tensor * (1 + _NUDGE * signs)


def _size(tensor: Tensor) -> float:
    return float(tensor.abs().max()) if tensor.numel() else 0.0
