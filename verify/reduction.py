"""Which reduction serves which law."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from verify.checks import independent, orthogonal, sparsity, structural
from verify.evidence import Evidence
from verify.laws import Continuous, Haar, Law, Sparse, Structure
from verify.sampling import Sample

Statistics = dict[str, Any]
Shape = tuple[int, ...]


def _continuous(sample: Sample, shape: Shape, law: Continuous, sort: bool) -> Statistics:
    return independent.reduce(sample.values, shape, law, sort=sort)


def _haar(sample: Sample, shape: Shape, law: Haar, sort: bool) -> Statistics:
    return orthogonal.reduce(sample.values, shape, law, sample.host_stream, sort=sort)


def _sparse(sample: Sample, shape: Shape, law: Sparse, sort: bool) -> Statistics:
    return sparsity.reduce(sample.values, shape, law, sort=sort)


def _structure(sample: Sample, shape: Shape, law: Structure, sort: bool) -> Statistics:
    return dict(structural.reduce(sample.values, shape, law))


_REDUCTIONS: dict[type[Any], Callable[..., Statistics]] = {
    Continuous: _continuous,
    Haar: _haar,
    Sparse: _sparse,
    Structure: _structure,
}


def reduce(sample: Sample, shape: Shape, law: Law, *, sort: bool) -> Evidence:
    """The evidence of one sample; `sort` asks for the statistics that need an ordered one."""
    for kind, reduction in _REDUCTIONS.items():
        if isinstance(law, kind):
            return Evidence(reduction(sample, shape, law, sort))
    raise TypeError(f"no reduction for the law {law!r}")
