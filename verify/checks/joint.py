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
    """Correlate each two tensors entry by entry, from their first entries on.

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
        Sums and numbers of pairs under ``"<name>, which should share nothing with <other>"``.
    """
    heads = {}
    for name, tensor in drawn.items():
        width = max(1, _ENTRIES // tensor.values.shape[0])
        transformed = transforms(tensor.values[:, :width], tensor.law, host)
        if transformed is not None:
            heads[name] = transformed
    if len(heads) < 2:
        return Correlation({}, {})
    flat = _padded(list(heads.values()))
    products = (flat @ flat.T).cpu().numpy()
    sums, pairs = {}, {}
    for (i, one), (j, other) in itertools.combinations(enumerate(heads), 2):
        name = f"{other}, which should share nothing with {one}"
        sums[name] = float(products[i, j])
        pairs[name] = min(heads[one].numel(), heads[other].numel())
    return Correlation(sums, pairs)


def _padded(heads: list[Tensor]) -> Tensor:
    """One row for each tensor; zeros beyond a shorter one's end add nothing to the products."""
    calls, widest = heads[0].shape[0], max(head.shape[1] for head in heads)
    rows = torch.zeros(len(heads), calls, widest, dtype=torch.float64, device=heads[0].device)
    for row, head in zip(rows, heads, strict=True):
        row[:, : head.shape[1]] = head
    return rows.view(len(heads), -1)


def copies(of: Mapping[str, str], tensors: Mapping[str, Tensor]) -> Exact:
    """Count the entries in which a tensor differs from the one it is a copy of."""
    n = sum(tensors[name].numel() for name in of)
    mismatches = sum(int((tensors[name] != tensors[other]).sum()) for name, other in of.items())
    return Exact(n, mismatches)
