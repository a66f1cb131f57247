"""Networks in which one tensor is used in several places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from hypothesis.errors import InvalidArgument

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.modules._draw import flag
from strategies.modules.arguments import Arguments

Tie = Literal["module", "weight", "weight and bias"]
"""What the places share: a module itself, or a tensor of a module that is another's too."""

TIES: tuple[Tie, ...] = get_args(Tie)

MOST_PLACES = 5
_MOST_CALLS = 4


@dataclass(frozen=True)
class TiedArguments(Arguments):
    """What a network with a tied tensor is built from, and how it is used.

    Attributes
    ----------
    inputs, width : int
        Size of what the network is given, and of what its tied parts work on.
    places : int
        In how many places the tensor is used.
    tie : str
        What these places share.
    bias : bool
        Whether its parts have biases.
    batch, calls : int
        Rows of an input, and how many inputs are given one after another.
    """

    inputs: int
    width: int
    places: int
    tie: Tie
    bias: bool = True
    batch: int = 1
    calls: int = 2


@strategy
def tied_networks(
    *, ties: Sequence[Tie] = TIES, max_size: int = 33
) -> Callable[[Choices], TiedArguments]:
    """Draw networks that use one tensor in 2 to 5 places, and are given 2 to 4 inputs.

    The sizes are spread over the powers of two, with those on either side of a vector's length.

    Parameters
    ----------
    ties
        What the places may share.
    max_size
        The largest size of input and width.

    Returns
    -------
    SearchStrategy[TiedArguments]
        Shrinks to sizes of one, two places, the first tie, and biases.

    Raises
    ------
    InvalidArgument
        When `ties` is empty or holds an unknown tie, or `max_size` is no positive integer.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(tied_networks(ties=["weight"]), lambda drawn: drawn.places > 3)
    TiedArguments(inputs=1, width=1, places=4, tie='weight', bias=True, batch=1, calls=2)
    """
    _check.integers(1, max_size=max_size)
    if not ties or not {*ties} <= {*TIES}:
        raise InvalidArgument(f"ties must be some of {TIES}, got {ties!r}")

    def draw_arguments(choices: Choices) -> TiedArguments:
        return TiedArguments(
            inputs=choices.log_integer(1, max_size),
            width=choices.log_integer(1, max_size),
            places=choices.integer(2, MOST_PLACES),
            tie=choices.pick(ties),
            bias=flag(choices, True),
            batch=choices.integer(1, 4),
            calls=choices.integer(2, _MOST_CALLS),
        )

    return draw_arguments
