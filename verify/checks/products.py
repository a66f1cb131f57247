"""Reduce pairs of draws to sums of their products."""

from __future__ import annotations

import torch
from torch import Tensor

from verify.checks.statistics import Exact, Products, Statistic
from verify.laws import Independent


def reduce(
    values: Tensor, shape: tuple[int, ...], law: Independent, **_unneeded: object
) -> dict[str, Statistic]:
    """Summarise two rows of values against `verify.laws.Independent`.

    Moments are those of the reals: what float32 changes in them (the grid of uniform draws, the
    end of a normal's tail) is less than 1e-6, and what is found in fewer than 2^32 pairs is more
    than 1e-4.

    Parameters
    ----------
    values : Tensor
        Shape ``(calls, numel)``: consecutive calls.
    shape : tuple of int
        ``(2, pairs)``: the draws in their order.
    law : Independent
    """
    flat = values.reshape(-1)
    if broken := flat.numel() - int(flat.isfinite().sum()):
        return {"finite": Exact(flat.numel(), broken)}
    rows = values.view(values.shape[0], *shape).double()
    first = rows[:, 0].reshape(-1) / law.first.standard_deviation
    products = first * rows[:, 1].reshape(-1) / law.second.standard_deviation
    weights, of_first, of_second = first.square(), law.first.square, law.second.square
    sums = torch.stack(
        [
            products.sum(),
            torch.dot(products, products),
            weights.sum(),
            of_second.variance * torch.dot(weights, weights),
            of_second.scale * weights.max(),
        ]
    )
    total, squares, given, variance, scale = map(float, sums.cpu())
    n = products.numel()
    return {
        "finite": Exact(flat.numel(), 0),
        "products": Products(
            n, total, squares, given, n * of_first.variance, of_first.scale, variance, scale
        ),
    }
