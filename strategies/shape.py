"""Shapes of any tensor."""

from __future__ import annotations

from collections.abc import Callable

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy

MAX_DIMS = 6
MAX_NUMEL = 2**22

#: Just above 40,960 values, where torch splits a fill over threads and vectors with a tail.
_ABOVE_PARALLEL = (40_961, 40_962, 40_975, 40_977, 41_000)


@strategy
def shapes(
    *,
    min_dims: int = 0,
    max_dims: int = MAX_DIMS,
    min_size: int = 0,
    max_size: int | None = None,
    max_numel: int = MAX_NUMEL,
) -> Callable[[Choices], tuple[int, ...]]:
    """Draw the shape of a tensor.

    The number of elements is spread evenly over the powers of two up to `max_numel`, whatever
    the number of axes, and any axis may be the long one. Sizes 1, 2, 3 and those around 16, 32
    and 256, and totals just above 40,960, are drawn often: kernels change path there. With
    ``min_size=0`` one shape in twenty has an axis of size zero.

    Parameters
    ----------
    min_dims, max_dims
        The number of axes, in elements of the tuple.
    min_size, max_size
        The size of every axis; ``max_size=None`` leaves it to `max_numel`.
    max_numel
        The largest product of the sizes. Numbers of axes for which even the smallest sizes
        exceed it are not drawn.

    Returns
    -------
    SearchStrategy[tuple[int, ...]]
        Shrinks to `min_dims` axes of the smallest non-zero size.

    Raises
    ------
    InvalidArgument
        When the bounds are no integers, out of order, or leave no shape.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(shapes(), lambda shape: len(shape) == 2)
    (1, 1)
    """
    _check.integers(0, min_dims=min_dims, max_dims=max_dims, min_size=min_size)
    _check.integers(1, max_numel=max_numel)
    _check.ordered(min_dims=min_dims, max_dims=max_dims)
    _check.at_most(64, max_dims=max_dims)
    largest = max_numel if max_size is None else max_size
    _check.integers(0, max_size=largest)
    _check.ordered(min_size=min_size, max_size=largest)
    smallest = max(min_size, 1)
    _check.room({f"min_dims={min_dims}": 1, f"min_size={min_size}": smallest**min_dims}, max_numel)
    # A single value has one shape only: 0-d is drawn half as often as any other number of axes.
    dims = [0] if min_dims == 0 else []
    for count in range(max(min_dims, 1), max_dims + 1):
        if smallest**count <= max_numel:
            dims += [count, count]

    def draw_shape(choices: Choices) -> tuple[int, ...]:
        count = choices.pick(dims)
        if largest == 0:
            return (0,) * count
        empty, axis = choices.one_in(20), choices.below(max(count, 1))
        turn, mirror = choices.below(max(count, 1)), choices.one_in(2)
        target = draw_numel(choices, smallest**count, min(max_numel, largest**count))
        sizes = split(choices, target, count, smallest, largest, max_numel)
        if min_size == 0 and empty and count:
            sizes[axis] = 0
        # No axis is the long one by habit.
        sizes = sizes[turn:] + sizes[:turn]
        return tuple(sizes[::-1] if mirror else sizes)

    return draw_shape


def draw_numel(choices: Choices, low: int, high: int) -> int:
    """Draw the number of elements to aim at, from ``low .. high``."""
    above = [numel for numel in _ABOVE_PARALLEL if low <= numel <= high]
    special, numel = choices.one_in(16), choices.pick(above or [low])
    other = choices.log_integer(low, high)
    return numel if special and above else other


def split(
    choices: Choices, target: int, count: int, smallest: int, largest: int, max_numel: int
) -> list[int]:
    """Draw `count` sizes whose product is `target` or a little more, up to `max_numel`."""
    sizes: list[int] = []
    for left in range(count - 1, -1, -1):
        high = min(largest, target // smallest**left)
        low = min(high, max(smallest, -(-target // largest**left)))
        size = choices.log_integer(low, high, parts=left + 1) if left else high
        sizes.append(size)
        max_numel //= size
        target = min(-(-target // size), max_numel)
    return sizes
