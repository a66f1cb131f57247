"""The fan computation follows the papers, and refuses what has no fan."""

from __future__ import annotations

from collections.abc import Callable

import torch

import strategies
from verify import laws
from verify.behaviour.exact import Comparison, compare
from verify.outcome.outcome import Outcome
from verify.plan.drawing import for_each_case
from verify.plan.run import Run, derive
from verify.subjects.refusals.refusal import REFUSED
from verify.torch_api import fan_in_and_fan_out

_WITHOUT_FAN: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (7,))


def _fans(shape: tuple[int, ...]) -> Callable[[], tuple[int, int]]:
    # A meta tensor has a shape and nothing else, so any size is free.
    return lambda: fan_in_and_fan_out(torch.empty(shape, device="meta"))


def _comparisons(run: Run) -> list[Comparison]:
    shapes: list[tuple[int, ...]] = []

    for_each_case(
        strategies.fan_shapes() | strategies.shapes(min_dims=2),
        shapes.append,
        seed=derive(run.seed, "fans"),
        examples=10 * run.profile.initializer.examples,
    )
    fans = [Comparison(f"fans of {s}", _fans(s), laws.fan_in_and_fan_out(s)) for s in shapes]
    return fans + [Comparison(f"fans of {s}", _fans(s), REFUSED) for s in _WITHOUT_FAN]


def verify_fans(host: str, run: Run) -> Outcome:
    """Compare the fans of weights of two to six dimensions, sizes from zero to millions."""
    asked = Outcome(
        promise="fan",
        subject=host,
        backend="host",
        dtype="int64",
        words="channels times receptive field, into and out of a response",
        formula="fan_in = in·∏kernel, fan_out = out·∏kernel",
        source="He et al. 2015, sec. 2.2; Glorot & Bengio 2010",
    )
    return compare(asked, _comparisons(run))
