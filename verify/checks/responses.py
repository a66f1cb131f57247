"""Reduce responses of layers of uniform weights, of which only moments are known."""

from __future__ import annotations

from torch import Tensor

from verify.checks.statistics import Exact, Statistic, SubGaussianMoments


def reduce(values: Tensor, **_unneeded: object) -> dict[str, Statistic]:
    """Summarise values against `verify.laws.UniformSum`.

    Parameters
    ----------
    values : Tensor
        Shape ``(calls, numel)``: independent given those before, in units of their standard
        deviation.
    """
    flat = values.reshape(-1).double()
    broken = flat.numel() - int(flat.isfinite().sum())
    found: dict[str, Statistic] = {"finite": Exact(flat.numel(), broken)}
    if not broken:
        sums = float(flat.sum()), float(flat.square().sum())
        found["moments"] = SubGaussianMoments(flat.numel(), *sums)
    return found
