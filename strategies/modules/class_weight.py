"""Class weights of losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.gain import DOCUMENTED_GAINS
from strategies.modules._draw import MAX_NUMEL, draw_budget
from strategies.modules.arguments import Arguments


@dataclass(frozen=True)
class ClassWeightArguments(Arguments):
    """A loss whose weight buffer has an entry of the same value for every class."""

    classes: int
    value: float


@strategy
def class_weights(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], ClassWeightArguments]:
    """Draw the class weights of a loss, all of the same value.

    The value is positive and drawn like a gain.

    Parameters
    ----------
    max_numel
        The largest number of classes, nearly reached by one draw of four.

    Returns
    -------
    SearchStrategy[ClassWeightArguments]
        Shrinks to one class of weight 1.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 1.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(class_weights(), lambda drawn: drawn.classes > 1)
    ClassWeightArguments(classes=2, value=1.0)
    """
    _check.integers(1, max_numel=max_numel)
    return lambda choices: ClassWeightArguments(
        draw_budget(choices, 1, max_numel), choices.scale(1e-4, 1e4, DOCUMENTED_GAINS)
    )
