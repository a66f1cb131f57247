"""Shapes of weights that have a fan-in and a fan-out."""

from __future__ import annotations

import math
from collections.abc import Callable

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.shape import MAX_DIMS, MAX_NUMEL, draw_numel, split

#: Kernel sizes met in practice, the common ones more than once; None is any size.
KERNEL_SIZES = (1, 1, 2, 3, 3, 3, 4, 5, 5, 6, 7, 7, 8, 9, 10, 11, None)


@strategy
def fan_shapes(
    *,
    min_dims: int = 2,
    max_dims: int = MAX_DIMS,
    min_size: int = 1,
    max_size: int | None = None,
    max_numel: int = MAX_NUMEL,
) -> Callable[[Choices], tuple[int, ...]]:
    """Draw the shape ``(out, in, *receptive field)`` of a weight.

    The numbers of channels are spread evenly over the powers of two and seldom equal; one in
    eight weights has the fewest inputs or outputs allowed (a depthwise convolution has one
    input). Kernels are those of real networks (1
    to 11, mostly up to 7), drawn for each axis on its own, so that most receptive fields are
    asymmetric; one kernel in seventeen is any size up to 64.

    Parameters
    ----------
    min_dims, max_dims
        The number of axes, at least 2: fans are undefined below.
    min_size, max_size
        The size of every axis; ``max_size=None`` leaves it to `max_numel`.
    max_numel
        The largest product of the sizes. Numbers of axes for which even the smallest sizes
        exceed it are not drawn.

    Returns
    -------
    SearchStrategy[tuple[int, ...]]
        Shrinks to two axes of the smallest size.

    Raises
    ------
    InvalidArgument
        When the bounds are no integers, out of order, or leave no shape.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(fan_shapes(min_dims=4), lambda shape: shape[2] < shape[3])
    (1, 1, 1, 2)
    """
    _check.integers(2, min_dims=min_dims, max_dims=max_dims)
    _check.integers(1, min_size=min_size, max_numel=max_numel)
    _check.ordered(min_dims=min_dims, max_dims=max_dims)
    _check.at_most(64, max_dims=max_dims)
    largest = max_numel if max_size is None else max_size
    _check.integers(1, max_size=largest)
    _check.ordered(min_size=min_size, max_size=largest)
    _check.room({f"min_dims={min_dims}": 1, f"min_size={min_size}": min_size**min_dims}, max_numel)
    dims = [count for count in range(min_dims, max_dims + 1) if min_size**count <= max_numel]

    def draw_shape(choices: Choices) -> tuple[int, ...]:
        count = choices.pick(dims)
        lean, swap = choices.one_in(8), choices.one_in(2)
        kernel = draw_kernel(choices, count - 2, min_size, largest, max_numel // min_size**2)
        room = max_numel // math.prod(kernel)
        target = draw_numel(choices, min_size**2, min(room, largest**2))
        channels = split(choices, target, 2, min_size, largest, room)
        if lean:
            channels = [min(largest, target // min_size), min_size]
        return (*(channels[::-1] if swap else channels), *kernel)

    return draw_shape


def draw_kernel(
    choices: Choices, count: int, smallest: int, largest: int, max_numel: int
) -> tuple[int, ...]:
    """Draw `count` kernel sizes from ``smallest .. largest`` with a bounded product."""
    sizes: list[int] = []
    for left in range(count - 1, -1, -1):
        high = min(largest, max_numel // smallest**left)
        usual = choices.pick(KERNEL_SIZES)
        size = choices.log_integer(smallest, max(smallest, min(64, high)))
        if usual:
            size = min(max(usual, smallest), high)
        sizes.append(size)
        max_numel //= size
    return tuple(sizes)
