"""Compare tensors whose every entry is known."""

from __future__ import annotations

import torch
from torch import Tensor

from verify.checks.statistics import Exact, Statistic
from verify.laws import LATTICES, Structure


def _rounded(value: float, dtype: torch.dtype) -> set[float]:
    """The values that a dtype may hold instead: rounded at once, or by way of float32."""
    lattice = LATTICES.get(str(dtype).removeprefix("torch."))
    if lattice is None:
        return {value}
    single = LATTICES["float32"]
    roundings = {lattice.round(value)}
    if lattice.digits < single.digits:
        roundings.add(lattice.round(single.round(value)))
    return roundings


def reduce(
    values: Tensor, shape: tuple[int, ...], law: Structure, **_unneeded: object
) -> dict[str, Statistic]:
    """Compare `values`, shape ``(calls, numel)``, with `law` entry by entry."""
    calls = values.shape[0]
    unequal = torch.ones_like(values, dtype=torch.bool)
    for lawful in _rounded(law.background, values.dtype):
        background = torch.tensor(lawful, dtype=torch.float64).to(values)
        # Zeros of either sign compare equal; a constant promises its very sign.
        unequal &= (values != background) | (torch.signbit(values) != torch.signbit(background))
    mismatches = int(unequal.sum())
    places = torch.from_numpy(law.ones(shape)).to(values.device)
    if len(places):
        ones = values.view(calls, *shape)[:, *places.T]
        known = int(unequal.view(calls, *shape)[:, *places.T].sum())
        mismatches += int((ones != 1).sum()) - known
    return {"exact": Exact(values.numel(), mismatches)}
