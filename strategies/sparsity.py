"""Sparsities."""

from __future__ import annotations

from collections.abc import Callable

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy

_USUAL = (0.1, 0.5, 0.9)


@strategy
def sparsities(min_value: float = 0.0, max_value: float = 1.0) -> Callable[[Choices], float]:
    """Draw a sparsity, the fraction of each column that is zero.

    The bounds, values close to a bound (1e-6 to 1e-2 away), 0.1, 0.5 and 0.9, and fractions n/d
    with d up to 64 are each drawn often. With such a fraction ``sparsity * rows`` is an integer
    for some rows, and its rounding decides what ``ceil`` makes of it.

    Parameters
    ----------
    min_value, max_value
        The bounds, between 0 and 1, both included.

    Returns
    -------
    SearchStrategy[float]
        Shrinks to `min_value`.

    Raises
    ------
    InvalidArgument
        When a bound is not a number between 0 and 1, or the bounds are out of order.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(sparsities(), lambda sparsity: 0 < sparsity < 1)
    0.1
    """
    _check.between(0, 1, min_value=min_value, max_value=max_value)
    _check.ordered(min_value=min_value, max_value=max_value)
    width = max_value - min_value
    usual = [value for value in _USUAL if min_value <= value <= max_value] or [min_value]

    def draw_sparsity(choices: Choices) -> float:
        kind = choices.pick(("bound", "usual", "fraction", "fraction", "near bound"))
        upper, common = choices.one_in(2), choices.pick(usual)
        whole = choices.integer(2, 64)
        part = choices.below(whole + 1)
        away = width * choices.log_float(1e-6, 1e-2)
        if kind == "bound":
            return float(max_value if upper else min_value)
        if kind == "usual":
            return float(common)
        if kind == "fraction":
            value = min_value + width * part / whole
        else:
            value = max_value - away if upper else min_value + away
        return min(max(value, min_value), max_value)

    return draw_sparsity
