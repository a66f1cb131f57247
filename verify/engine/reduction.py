"""Which reduction serves which law."""

from __future__ import annotations

import functools

import numpy as np
from torch import Tensor

from verify.checks import (
    discrete,
    entries,
    independent,
    masked,
    orthogonal,
    products,
    responses,
    sparsity,
    structural,
)
from verify.checks.uniforms import Statistics
from verify.laws import (
    Continuous,
    Discrete,
    Entries,
    Haar,
    Independent,
    Law,
    Masked,
    Permutation,
    Sparse,
    Structure,
    UniformSum,
)
from verify.outcome.evidence import Evidence


def _unknown(law: object, **_drawn: object) -> Statistics:
    raise TypeError(f"no reduction for the law {law!r}")


_REDUCTIONS = functools.singledispatch(_unknown)
"""Each takes what it needs of the values, their shape, the law, the host's stream and `sort`."""
_REDUCTIONS.register(Continuous, independent.reduce)
_REDUCTIONS.register(Discrete, discrete.reduce)
_REDUCTIONS.register(Permutation, discrete.reduce_permutations)
_REDUCTIONS.register(Entries, entries.reduce)
_REDUCTIONS.register(Haar, orthogonal.reduce)
_REDUCTIONS.register(Sparse, sparsity.reduce)
_REDUCTIONS.register(Masked, masked.reduce)
_REDUCTIONS.register(Structure, structural.reduce)
_REDUCTIONS.register(UniformSum, responses.reduce)
_REDUCTIONS.register(Independent, products.reduce)


def reduce(
    values: Tensor, shape: tuple[int, ...], law: Law, host: np.random.Generator, *, sort: bool
) -> Evidence:
    """The evidence of one tensor.

    Parameters
    ----------
    values : Tensor
        Shape ``(calls, numel)``: consecutive calls.
    shape : tuple of int
        The shape that each call filled.
    law : Law
    host : numpy.random.Generator
        Randomness for checks that need their own.
    sort : bool
        Whether to compute the statistics that need an ordered sample.

    Raises
    ------
    TypeError
        For a law that no reduction serves.
    """
    reduction = _REDUCTIONS.dispatch(type(law))
    found = reduction(values=values, shape=shape, law=law, host=host, sort=sort)
    return Evidence(found, family=law.family)
