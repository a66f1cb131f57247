"""Faults of independence: each draw follows its law, or nearly, and knows of another."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from selftest.planted.fault import Call, Fault, Function, Plant, flat, scaled, table

# Small errors want the pool of a standard run.
STANDARD = ("--profile", "standard")


def independence(cell: str) -> str:
    """Return the node id of the test that looks at the products of a cell's draws."""
    return f"verify/test_independence.py::test_independence[cpu-{cell}]"


def _second(mix: Callable[[Tensor, Tensor], Tensor]) -> Plant:
    """Make every other draw of a shape out of the one before and of what it would be."""

    def plant(original: Function) -> Function:
        before: dict[tuple[int, ...], Tensor] = {}

        @functools.wraps(original)
        def faulty(*args: Any, **kwargs: Any) -> Tensor:
            drawn: Tensor = original(*args, **kwargs)
            first = before.pop(drawn.shape, None)
            if first is None:
                before[drawn.shape] = drawn.detach().clone()
            else:
                drawn.copy_(mix(first, drawn.detach().clone()))
            return drawn

        return faulty

    return plant


def _correlated(rho: float) -> Plant:
    return _second(lambda x, y: rho * x + math.sqrt(1 - rho**2) * y)


def _repeated(x: Tensor, y: Tensor) -> Tensor:
    """The first draw, as large as the second."""
    return x * (y.square().mean() / x.square().mean()).sqrt()


def _shared_size(share: float) -> Plant:
    """So many values have the size of the one drawn before, and the sign of their own."""

    def mix(x: Tensor, y: Tensor) -> Tensor:
        kept = torch.arange(x.numel()).view(x.shape) % 100 < 100 * share
        return torch.where(kept, x.abs() * y.sign(), y)

    return _second(mix)


def _louder_beside_loud(x: Tensor, y: Tensor) -> Tensor:
    """The variance of y rises by a tenth with |x| above its median, and falls below it."""
    loud = x.abs() > x.abs().median()
    return y * torch.where(loud, math.sqrt(1.1), math.sqrt(0.9))


def _sizes_of_neighbours(row: Tensor, _: Call) -> None:
    pairs = row[: row.numel() // 2 * 2].view(-1, 2)
    pairs[:, 1] = pairs[:, 0].abs() * pairs[:, 1].sign()


def _lean_on_neighbours(row: Tensor, _: Call) -> None:
    """Each second value has correlation 0.1 with the one before."""
    pairs = row[: row.numel() // 2 * 2].view(-1, 2)
    pairs[:, 1] = 0.1 * pairs[:, 0] + math.sqrt(0.99) * pairs[:, 1]


def _from_the_start(original: Function) -> Function:
    """Inputs are drawn from the beginning of the stream that the weights are from."""

    @functools.wraps(original)
    def faulty(*args: Any, **kwargs: Any) -> Any:
        generator = kwargs["generator"]
        generator.manual_seed(generator.initial_seed())
        return original(*args, **kwargs)

    return faulty


def _fault(
    name: str, description: str, target: str, plant: Plant, cell: str, check: str, **more: Any
) -> Fault:
    return Fault(
        f"independence_{name}",
        description,
        (target,),
        plant,
        independence(cell),
        frozenset({check}),
        **more,
    )


MEAN, VARIANCE = "product_mean", "product_variance"

FAULTS = table(
    _fault(
        "repeats",
        "each second weight repeats the first, in the scale of its own",
        "kaiming_normal_",
        _second(_repeated),
        "float32-kaiming_normal_ then kaiming_normal_",
        MEAN,
    ),
    _fault(
        "one_stream",
        "inputs are drawn from the beginning of the stream that the weights are from",
        "torch.randn",
        _from_the_start,
        "float64-kaiming_normal_ then randn",
        MEAN,
    ),
    _fault(
        "antithetic",
        "each second draw has correlation -0.05 with the first",
        "torch.randn",
        _correlated(-0.05),
        "float32-randn then randn",
        MEAN,
    ),
    _fault(
        "slightly_antithetic",
        "each second draw has correlation -0.01 with the first",
        "torch.randn",
        _correlated(-0.01),
        "float64-randn then randn",
        MEAN,
        arguments=STANDARD,
    ),
    _fault(
        "neighbours_lean",
        "each second value has correlation 0.1 with the one before",
        "kaiming_normal_",
        flat(_lean_on_neighbours),
        "float64-kaiming_normal_ at a lag",
        MEAN,
    ),
    _fault(
        "sizes",
        "each second draw has the sizes of the first, and signs of its own",
        "torch.randn",
        _shared_size(1.0),
        "float32-randn then randn",
        VARIANCE,
    ),
    _fault(
        "sizes_of_some",
        "5 % of the values of each second draw have the sizes of the first",
        "torch.randn",
        _shared_size(0.05),
        "float64-randn then randn",
        VARIANCE,
        arguments=STANDARD,
    ),
    _fault(
        "sizes_of_neighbours",
        "each second value has the size of the one before, and a sign of its own",
        "trunc_normal_",
        flat(_sizes_of_neighbours),
        "float32-trunc_normal_ at a lag",
        VARIANCE,
    ),
    _fault(
        "louder_beside_loud",
        "a value varies a tenth more where the one drawn before is large, less where it is small",
        "torch.randn",
        _second(_louder_beside_loud),
        "float32-randn then randn",
        VARIANCE,
        arguments=STANDARD,
    ),
    _fault(
        "first_too_large",
        "the weights are 1 % too large",
        "xavier_uniform_",
        scaled(1.01),
        "float32-xavier_uniform_ then randn",
        VARIANCE,
        says="the first draw has 1.02",
        arguments=STANDARD,
    ),
    _fault(
        "second_too_large",
        "each second weight is 1 % too large",
        "xavier_uniform_",
        _second(lambda _, y: 1.01 * y),
        "float64-xavier_uniform_ then xavier_uniform_",
        VARIANCE,
        says="the products have 1.0",
        arguments=STANDARD,
    ),
)
