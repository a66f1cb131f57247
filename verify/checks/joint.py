"""Compare the tensors of one module with each other: independent, or copies."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from verify.checks.independent import transforms
from verify.checks.neighbours import nothing, together
from verify.checks.statistics import Cells, Correlation, Exact
from verify.checks.words import APART
from verify.laws import Continuous

_ENTRIES = 1 << 15  # Leading entries of each tensor, over all calls, that are compared.


@dataclass(frozen=True)
class Drawn:
    """A random tensor: values of shape ``(calls, numel)`` and their law."""

    values: Tensor
    law: Continuous


def between(drawn: Mapping[str, Drawn], host: np.random.Generator) -> Correlation:
    """Correlate each two tensors entry by entry, from their first entries on and up to their last.

    Tensors drawn from one stream, copied from each other or filled by one call agree there.
    The pairs of entries of two tensors are disjoint, so the bound for a lag of one sequence
    (`correlation_bounds.serial`, a union of paths) holds for them too.

    Parameters
    ----------
    drawn : mapping
        Tensors by name, all of the same number of calls.
    host : numpy.random.Generator
        Randomness of the transforms where a dtype's lattice is coarse for a law.

    Returns
    -------
    Correlation
        Sums and numbers of pairs under ``"<name>, which should share nothing with <other>"``,
        and for tensors of unequal size once more under the same followed by ``" at the end"``.
    """
    sides = {"": _transformed(drawn, host, _head)}
    if len({tensor.values.shape for tensor in drawn.values()}) > 1:
        sides[" at the end"] = _transformed(drawn, host, _tail)
    sums, pairs = {}, {}
    for end, side in sides.items():
        products = _products(side)
        for (i, one), (j, other) in itertools.combinations(enumerate(side), 2):
            if end and drawn[one].values.shape == drawn[other].values.shape:
                continue
            name = f"{other}{APART}{one}{end}"
            sums[name] = float(products[i, j])
            pairs[name] = min(side[one].numel(), side[other].numel())
    return Correlation(sums, pairs)


def neighbours(drawn: Mapping[str, Drawn], host: np.random.Generator) -> Cells:
    """Count the cells in which the leading entries of each tensor and of the next lie.

    Of more than two tensors every other entry is compared with the tensor before and the rest with
    the tensor after, so that no value is counted twice.

    Parameters
    ----------
    drawn, host
        As in `between`.
    """
    heads = list(_transformed(drawn, host, _head).values())
    step = 2 if len(heads) > 2 else 1
    found = nothing()
    for place, (one, other) in enumerate(itertools.pairwise(heads)):
        entries = slice(place % step, min(one.shape[1], other.shape[1]), step)
        found = found.merge(together(one[:, entries], other[:, entries]))
    return found


def _head(values: Tensor, width: int) -> Tensor:
    return values[:, :width]


def _tail(values: Tensor, width: int) -> Tensor:
    """The last entry first, as the first is the first of a head."""
    return values[:, -width:].flip(1)


def _transformed(
    drawn: Mapping[str, Drawn], host: np.random.Generator, side: Callable[[Tensor, int], Tensor]
) -> dict[str, Tensor]:
    """The transforms of one side of each tensor that has any."""
    found = {}
    for name, tensor in drawn.items():
        width = max(1, _ENTRIES // tensor.values.shape[0])
        transformed = transforms(side(tensor.values, width), tensor.law, host)
        if transformed is not None:
            found[name] = transformed
    return found


def _products(side: Mapping[str, Tensor]) -> Tensor:
    """Sums of products of each two; zeros beyond a shorter one's end add nothing."""
    if len(side) < 2:
        return torch.zeros(0)
    first, *_ = side.values()
    widest = max(values.shape[1] for values in side.values())
    rows = torch.zeros(len(side), len(first), widest, dtype=torch.float64, device=first.device)
    for row, values in zip(rows, side.values(), strict=True):
        row[:, : values.shape[1]] = values
    flat = rows.view(len(side), -1)
    return (flat @ flat.T).cpu()


def copies(of: Mapping[str, str], tensors: Mapping[str, Tensor]) -> Exact:
    """Count the entries in which a tensor differs from the one it is a copy of."""
    n = sum(tensors[name].numel() for name in of)
    mismatches = sum(int((tensors[name] != tensors[other]).sum()) for name, other in of.items())
    return Exact(n, mismatches)
