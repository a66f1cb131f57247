"""Shapes of (semi-)orthogonal tensors."""

from __future__ import annotations

import math
from collections.abc import Callable

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.shape import MAX_NUMEL


@strategy
def orthogonal_shapes(
    *,
    min_dims: int = 2,
    max_dims: int = 5,
    max_side: int = 128,
    max_numel: int = MAX_NUMEL,
) -> Callable[[Choices], tuple[int, ...]]:
    """Draw the shape of a tensor for ``torch.nn.init.orthogonal_``.

    The tensor is a matrix with ``rows = shape[0]`` and ``columns = prod(shape[1:])``. Square,
    tall and wide matrices are drawn about equally often, in every number of axes, with sides
    spread evenly over the powers of two, so that sides of 1, 2 and 3 are frequent.

    Parameters
    ----------
    min_dims, max_dims
        The number of axes, at least 2.
    max_side
        The largest number of rows and of columns.
    max_numel
        The largest product of both.

    Returns
    -------
    SearchStrategy[tuple[int, ...]]
        Shrinks to ones.

    Raises
    ------
    InvalidArgument
        When the bounds are no integers, out of order, or below 2 axes or one element.

    References
    ----------
    https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.orthogonal_ (trailing
    dimensions are flattened)

    Examples
    --------
    >>> from hypothesis import find
    >>> find(orthogonal_shapes(max_dims=2), lambda shape: shape[0] > shape[1])
    (2, 1)
    """
    _check.integers(2, min_dims=min_dims, max_dims=max_dims)
    _check.ordered(min_dims=min_dims, max_dims=max_dims)
    _check.at_most(64, max_dims=max_dims)
    _check.integers(1, max_side=max_side, max_numel=max_numel)
    dims = range(min_dims, max_dims + 1)

    def draw_shape(choices: Choices) -> tuple[int, ...]:
        form = choices.pick(("square", "tall", "wide"))
        count = choices.pick(dims)
        turn = choices.below(count - 1)
        short = choices.log_integer(1, min(max_side, math.isqrt(max_numel)))
        longest = min(max_side, max_numel // short)
        long = choices.log_integer(min(short + 1, longest), longest)
        axes = _factors(choices, long if form == "wide" else short, count - 1)
        columns = math.prod(axes)
        if form == "tall":
            rows = long
        else:
            rows = columns if form == "square" else min(short, max(columns - 1, 1))
        return (rows, *axes[turn:], *axes[:turn])

    return draw_shape


def _factors(choices: Choices, target: int, count: int) -> list[int]:
    """Draw `count` sizes whose product is at most `target` and close to it."""
    sizes: list[int] = []
    for left in range(count - 1, 0, -1):
        sizes.append(choices.log_integer(1, target, parts=left + 1))
        target //= sizes[-1]
    return [*sizes, target]
