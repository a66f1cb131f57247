"""Compare the tensors of one module with each other: independent, or copies."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from verify.checks.statistics import Correlation, Exact
from verify.laws import Continuous

_ENTRIES = 1 << 15  # Leading entries of each tensor, over all calls, that are compared.


@dataclass(frozen=True)
class Drawn:
    """A random tensor: values of shape ``(calls, numel)`` and their law."""

    values: Tensor
    law: Continuous


def between(drawn: Mapping[str, Drawn]) -> Correlation:
    """Correlate each two tensors entry by entry, from their first entries on.

    Tensors drawn from one stream, copied from each other or filled by one call agree there.
    The pairs of entries of two tensors are disjoint, so the bound for a lag of one sequence
    (`bounds.serial_correlation`, a union of paths) holds for them too.

    Parameters
    ----------
    drawn : mapping
        Tensors by name, all of the same number of calls.

    Returns
    -------
    Correlation
        Sums and numbers of pairs under ``"<name> and <other>"``.
    """
    if len(drawn) < 2:
        return Correlation({}, {})
    calls = next(iter(drawn.values())).values.shape[0]
    width = max(1, _ENTRIES // calls)
    used = {name: min(width, tensor.values.shape[1]) for name, tensor in drawn.items()}
    device = next(iter(drawn.values())).values.device
    rows = torch.zeros(len(drawn), calls, max(used.values()), dtype=torch.float64, device=device)
    for row, (name, tensor) in zip(rows, drawn.items(), strict=True):
        head = tensor.values[:, : used[name]].double()
        row[:, : used[name]] = tensor.law.cdf(head, torch.special).sub_(0.5)
    # Zeros beyond the end of the shorter tensor add nothing to the products.
    flat = rows.view(len(drawn), -1)
    products = (flat @ flat.T).cpu().numpy()
    sums, pairs = {}, {}
    for (i, one), (j, other) in itertools.combinations(enumerate(drawn), 2):
        name = f"{other}, which should share nothing with {one}"
        sums[name] = float(products[i, j])
        pairs[name] = calls * min(used[one], used[other])
    return Correlation(sums, pairs)


def copies(of: Mapping[str, str], tensors: Mapping[str, Tensor]) -> Exact:
    """Count the entries in which a tensor differs from the one it is a copy of."""
    n = sum(tensors[name].numel() for name in of)
    mismatches = sum(int((tensors[name] != tensors[other]).sum()) for name, other in of.items())
    return Exact(n, mismatches)
