"""Compare the tensors of one module with each other: independent, or copies."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from verify.checks.independent import transforms
from verify.checks.statistics import Correlation, Exact
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
    (`bounds.serial_correlation`, a union of paths) holds for them too.

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
    heads, tails = {}, {}
    for name, tensor in drawn.items():
        width = max(1, _ENTRIES // tensor.values.shape[0])
        head = transforms(tensor.values[:, :width], tensor.law, host)
        tail = transforms(tensor.values[:, -width:], tensor.law, host)
        if head is not None and tail is not None:
            heads[name], tails[name] = head, tail.flip(1)
    if len(heads) < 2:
        return Correlation({}, {})
    at_start, at_end = (_products(list(side.values())) for side in (heads, tails))
    sums, pairs = {}, {}
    for (i, one), (j, other) in itertools.combinations(enumerate(heads), 2):
        name = f"{other}, which should share nothing with {one}"
        n = min(heads[one].numel(), heads[other].numel())
        sums[name], pairs[name] = float(at_start[i, j]), n
        if drawn[one].values.shape != drawn[other].values.shape:
            sums[f"{name} at the end"], pairs[f"{name} at the end"] = float(at_end[i, j]), n
    return Correlation(sums, pairs)


def _products(sides: list[Tensor]) -> Tensor:
    """Sums of products of each two; zeros beyond a shorter one's end add nothing."""
    calls, widest = sides[0].shape[0], max(side.shape[1] for side in sides)
    rows = torch.zeros(len(sides), calls, widest, dtype=torch.float64, device=sides[0].device)
    for row, side in zip(rows, sides, strict=True):
        row[:, : side.shape[1]] = side
    flat = rows.view(len(sides), -1)
    return (flat @ flat.T).cpu()


def copies(of: Mapping[str, str], tensors: Mapping[str, Tensor]) -> Exact:
    """Count the entries in which a tensor differs from the one it is a copy of."""
    n = sum(tensors[name].numel() for name in of)
    mismatches = sum(int((tensors[name] != tensors[other]).sum()) for name, other in of.items())
    return Exact(n, mismatches)
