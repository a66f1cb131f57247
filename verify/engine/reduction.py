"""Which reduction serves which law."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from verify.checks import (
    discrete,
    independent,
    masked,
    orthogonal,
    products,
    responses,
    sparsity,
    structural,
)
from verify.laws import (
    Continuous,
    Discrete,
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

Statistics = dict[str, Any]
Shape = tuple[int, ...]
Stream = np.random.Generator


def _continuous(
    values: Tensor, shape: Shape, law: Continuous, host: Stream, sort: bool
) -> Statistics:
    return independent.reduce(values, shape, law, host, sort=sort)


def _haar(values: Tensor, shape: Shape, law: Haar, host: Stream, sort: bool) -> Statistics:
    return orthogonal.reduce(values, shape, law, host, sort=sort)


def _sparse(values: Tensor, shape: Shape, law: Sparse, host: Stream, sort: bool) -> Statistics:
    return sparsity.reduce(values, shape, law, host, sort=sort)


def _masked(values: Tensor, shape: Shape, law: Masked, host: Stream, sort: bool) -> Statistics:
    return masked.reduce(values, shape, law, host, sort=sort)


def _discrete(values: Tensor, shape: Shape, law: Discrete, host: Stream, _sort: bool) -> Statistics:
    return discrete.reduce(values, shape, law, host)


def _permutation(
    values: Tensor, _shape: Shape, law: Permutation, host: Stream, _sort: bool
) -> Statistics:
    return discrete.reduce_permutations(values, law, host)


def _structure(
    values: Tensor, shape: Shape, law: Structure, _host: Stream, _sort: bool
) -> Statistics:
    return dict(structural.reduce(values, shape, law))


def _responses(
    values: Tensor, _shape: Shape, _law: UniformSum, _host: Stream, _sort: bool
) -> Statistics:
    return dict(responses.reduce(values))


def _products(
    values: Tensor, shape: Shape, law: Independent, _host: Stream, _sort: bool
) -> Statistics:
    return dict(products.reduce(values, shape, law))


_REDUCTIONS: dict[type[Any], Callable[..., Statistics]] = {
    Continuous: _continuous,
    Discrete: _discrete,
    Permutation: _permutation,
    Haar: _haar,
    Sparse: _sparse,
    Masked: _masked,
    Structure: _structure,
    UniformSum: _responses,
    Independent: _products,
}


def reduce(values: Tensor, shape: Shape, law: Law, host: Stream, *, sort: bool) -> Evidence:
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
    for kind, reduction in _REDUCTIONS.items():
        if isinstance(law, kind):
            return Evidence(reduction(values, shape, law, host, sort))
    raise TypeError(f"no reduction for the law {law!r}")
