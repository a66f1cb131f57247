"""Draws that the arguments of several modules share.

A module has as many entries as all its parameters and buffers together. Each strategy counts them
in one function of the sizes, which grows with every size; here sizes are drawn under a bound of
that count, whatever it is made of.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from strategies._choices import Choices

#: The largest total number of entries of a module, unless told otherwise.
MAX_NUMEL = 2**16

#: Numbers of attention heads, odd ones too.
_HEADS = (1, 1, 2, 2, 3, 4, 5, 8)


def flag(choices: Choices, default: bool) -> bool:
    """Choose True or False, evenly; shrinks to the default."""
    return choices.pick((default, not default))


def draw_budget(choices: Choices, low: int, high: int) -> int:
    """Draw how many entries a module may have.

    It is close to `high` in one draw of four, so that big samples exist, and else from
    ``low .. high``, evenly over the powers of two.
    """
    big, most = choices.one_in(4), choices.integer(max(low, high - high // 8), high)
    other = choices.log_integer(low, high)
    return most if big else other


def draw_full(choices: Choices) -> bool:
    """Choose whether the last size takes what is left of a budget; shrinks to False."""
    return choices.below(8) > 0


def largest(numel: Callable[[int], int], budget: int) -> int:
    """The largest size, up to `budget`, with at most as many entries; at least 1."""
    return max(1, bisect_right(range(1, budget + 1), budget, key=numel))


def draw_two(choices: Choices, numel: Callable[[int, int], int], max_numel: int) -> tuple[int, int]:
    """Draw two sizes of a module with so many entries; ``numel(1, 1)`` is at most `max_numel`.

    Either is drawn first, evenly over the powers of two, and the other mostly as large as the
    budget lets it be: each is the larger one now and then. In three of four draws neither is 1,
    as far as there is room, and in seven of eight they differ where they can.
    """
    least, full = choices.pick((1, 2, 2, 2)), draw_full(choices)
    swap, equal = choices.one_in(2), choices.one_in(8)
    if numel(least, least) > max_numel:
        least = 1
    budget = draw_budget(choices, numel(least, least), max_numel)
    first = choices.log_integer(least, largest(lambda size: numel(size, least), budget))
    second = choices.log_integer(least, largest(lambda size: numel(least, size), budget))
    if swap:
        most = largest(lambda size: numel(size, second), budget)
        first = most if full else min(first, most)
    else:
        most = largest(lambda size: numel(first, size), budget)
        second = most if full else min(second, most)
    if first == second > 1 and not equal:
        first, second = (first - 1, second) if swap else (first, second - 1)
    return first, second


def draw_heads(choices: Choices) -> int:
    """Draw a number of attention heads."""
    return choices.pick(_HEADS)


def draw_eps(choices: Choices) -> float:
    """Draw what a normalization adds to a variance: the usual 1e-5 in half of the cases."""
    return choices.scale(1e-8, 0.1, (1e-5,))


def draw_dropout(choices: Choices, default: float) -> float:
    """Draw a probability of dropout: the default in half of the cases."""
    return choices.pick((default, choices.integer(0, 100) / 100))


def draw_per_axis(choices: Choices, dims: int, low: int, high: int) -> int | tuple[int, ...]:
    """Draw one number for all axes or one for each; `low` in a third of the cases."""
    kind = choices.below(3)
    values = tuple(choices.integer(low, high) for _ in range(dims))
    return (low, values[0], values)[kind]


def per_axis(value: int | tuple[int, ...], dims: int) -> tuple[int, ...]:
    """The number of each axis."""
    return value if isinstance(value, tuple) else (value,) * dims
