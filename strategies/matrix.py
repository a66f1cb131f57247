"""Shapes of matrices."""

from __future__ import annotations

import math
from collections.abc import Callable

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.shape import MAX_NUMEL


@strategy
def matrices(
    *, min_size: int = 1, max_size: int | None = None, max_numel: int = MAX_NUMEL
) -> Callable[[Choices], tuple[int, int]]:
    """Draw the shape ``(rows, columns)`` of a matrix.

    Square, tall and wide matrices, single rows and single columns are each drawn about once in
    five, as far as the bounds allow them, with sizes spread evenly over the powers of two. With
    ``min_size=0`` one shape in twenty has no rows or no columns.

    Parameters
    ----------
    min_size, max_size
        The number of rows and of columns; ``max_size=None`` leaves it to `max_numel`.
    max_numel
        The largest product of both.

    Returns
    -------
    SearchStrategy[tuple[int, int]]
        Shrinks to a square of the smallest non-zero size.

    Raises
    ------
    InvalidArgument
        When the bounds are no integers, out of order, or leave no matrix.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(matrices(), lambda shape: shape[0] > shape[1])
    (2, 1)
    """
    _check.integers(0, min_size=min_size)
    _check.integers(1, max_numel=max_numel)
    largest = max_numel if max_size is None else max_size
    _check.integers(1, max_size=largest)
    _check.ordered(min_size=min_size, max_size=largest)
    smallest = max(min_size, 1)
    _check.room({f"min_size={min_size}": smallest**2}, max_numel)
    forms = ["square"]
    if min(largest, max_numel // smallest) > smallest:
        forms += ["tall", "wide"]
        forms += ["row", "column"] if smallest == 1 else []

    def draw_matrix(choices: Choices) -> tuple[int, int]:
        form = choices.pick(forms)
        empty, axis = choices.one_in(20), choices.below(2)
        short = choices.log_integer(smallest, min(largest, math.isqrt(max_numel)))
        if form in ("row", "column"):
            short = 1
        longest = min(largest, max_numel // short)
        long = choices.log_integer(min(short + 1, longest), longest)
        if form == "square":
            long = short
        shape = [long, short] if form in ("tall", "column") else [short, long]
        if min_size == 0 and empty:
            shape[axis] = 0
        return shape[0], shape[1]

    return draw_matrix
