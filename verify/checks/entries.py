"""Reduce samples whose entries have laws of their own."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from verify.checks.discrete import above, wide
from verify.checks.statistics import Exact
from verify.checks.uniforms import Statistics, randomised
from verify.laws import Constant, Continuous, Discrete, Entries, Law, Real, Tabulated

_Pieces = tuple[Tensor, Tensor, float]
"""The uniform transform of every entry, which are lawful, and how far off a lawful one may be."""


def reduce(
    values: Tensor,
    shape: tuple[int, ...],
    law: Entries,
    host: np.random.Generator,
    **_unneeded: object,
) -> Statistics:
    """Summarise `values`, shape ``(calls, numel)``: each entry by the transform of its own law."""
    if values.numel() == 0:
        return {}
    values = wide(values)
    uniforms = torch.from_numpy(host.random(values.shape)).to(values.device)
    lawful = torch.ones(values.shape, dtype=torch.bool, device=values.device)
    slack, period = 0.0, len(law.laws)
    for place, own in enumerate(law.laws[: values.shape[1]]):
        at = (slice(None), slice(place, None, period))
        uniforms[at], lawful[at], off = _transformed(own, values[at], uniforms[at])
        slack = max(slack, off)
    found: Statistics = {"support": Exact(values.numel(), values.numel() - int(lawful.sum()))}
    if bool(lawful.all()):
        found |= randomised(uniforms, shape, lambda u, v: u, host, slack=slack)
    return found


@functools.singledispatch
def _transformed(law: Law, x: Tensor, v: Tensor) -> _Pieces:
    raise TypeError(f"no uniform transform of an entry for the law {law!r}")


@_transformed.register
def _discrete(law: Discrete, x: Tensor, v: Tensor) -> _Pieces:
    low, high = law.support
    lawful = (x >= low) & (x <= high)
    if x.is_floating_point():
        lawful &= x == x.round()
    steps = torch.where(lawful, above(x, low), 0)
    if isinstance(law, Tabulated):
        lawful &= law.possible(steps, torch)
    if low == high:
        return v, lawful, 0.0
    return law.transform(steps, v, torch).clamp(0, 1), lawful, law.resolution


@_transformed.register
def _constant(law: Constant, x: Tensor, v: Tensor) -> _Pieces:
    value = torch.tensor(law.background, dtype=x.dtype, device=x.device)
    return v, x == value, 0.0


@_transformed.register
def _continuous(law: Continuous, x: Tensor, v: Tensor) -> _Pieces:
    steps = torch.finfo(x.dtype).eps, max(torch.finfo(x.dtype).eps / 2, 2.0**-53)
    u = law.cdf(x.double(), torch.special).clamp(0, 1)
    return u, x.isfinite(), law.resolution(steps[0], min(steps[1], 2.0**-24))


@_transformed.register
def _real(law: Real, x: Tensor, v: Tensor) -> _Pieces:
    epsilon = torch.finfo(x.dtype).eps
    lawful = law.contains(x)
    inside = torch.where(lawful, x.double(), 1.0)
    return law.transform(inside, torch), lawful, law.resolution(epsilon, min(epsilon, 2.0**-24))
