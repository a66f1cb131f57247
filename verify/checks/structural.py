"""Compare tensors whose every entry is known."""

from __future__ import annotations

import torch
from torch import Tensor

from verify.checks.statistics import Exact, Statistic
from verify.laws import LATTICES, Structure


def _rounded(value: float, dtype: torch.dtype) -> float:
    """The value that a dtype holds instead; doubles reach the half formats by way of float32."""
    lattice = LATTICES.get(str(dtype).removeprefix("torch."))
    if lattice is None:
        return value
    if lattice.digits < LATTICES["float32"].digits:
        value = LATTICES["float32"].round(value)
    return lattice.round(value)


def reduce(values: Tensor, shape: tuple[int, ...], law: Structure) -> dict[str, Statistic]:
    """Compare `values`, shape ``(calls, numel)``, with `law` entry by entry."""
    calls = values.shape[0]
    background = torch.tensor(_rounded(law.background, values.dtype), dtype=torch.float64).to(
        values
    )
    unequal = values != background
    # Zeros of either sign compare equal; a constant promises its very sign.
    unequal |= torch.signbit(values) != torch.signbit(background)
    mismatches = int(unequal.sum())
    places = torch.from_numpy(law.ones(shape)).to(values.device)
    if len(places):
        ones = values.view(calls, *shape)[:, *places.T]
        known = int(unequal.view(calls, *shape)[:, *places.T].sum())
        mismatches += int((ones != 1).sum()) - known
    return {"exact": Exact(values.numel(), mismatches)}
