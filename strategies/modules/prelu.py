"""Arguments of the parametric rectifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.modules._draw import MAX_NUMEL, draw_budget
from strategies.modules.arguments import Arguments


@dataclass(frozen=True)
class PReLUArguments(Arguments):
    """Constructor arguments of ``torch.nn.PReLU``."""

    num_parameters: int = 1
    init: float = 0.25


@strategy
def prelus(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], PReLUArguments]:
    """Draw constructor arguments of ``torch.nn.PReLU``.

    One draw of four has one parameter for all channels. The first value is 0.25 in half of
    the draws, else 0, or up to 4 of either sign.

    Parameters
    ----------
    max_numel
        The largest number of parameters, nearly reached by one draw of five.

    Returns
    -------
    SearchStrategy[PReLUArguments]
        Shrinks to the defaults.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 1.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.PReLU.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(prelus(), lambda drawn: drawn.init < 0)
    PReLUArguments(num_parameters=1, init=-1.0)
    """
    _check.integers(1, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> PReLUArguments:
        single, count = choices.one_in(5), draw_budget(choices, 1, max_numel)
        kind, slope = choices.below(8), choices.log_float(1e-4, 4)
        init = (0.25, 0.25, 0.25, 0.25, slope, slope, -slope, 0.0)[kind]
        return PReLUArguments(1 if single else count, init)

    return draw_arguments
