"""Arguments of linear and bilinear layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.modules._draw import MAX_NUMEL, draw_two, flag
from strategies.modules.arguments import Arguments


@dataclass(frozen=True)
class LinearArguments(Arguments):
    """Constructor arguments of ``torch.nn.Linear``."""

    in_features: int
    out_features: int
    bias: bool = True


@dataclass(frozen=True)
class BilinearArguments(Arguments):
    """Constructor arguments of ``torch.nn.Bilinear``."""

    in1_features: int
    in2_features: int
    out_features: int
    bias: bool = True


@strategy
def linears(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], LinearArguments]:
    """Draw constructor arguments of ``torch.nn.Linear``.

    The numbers of features are spread over the powers of two and seldom equal.

    Parameters
    ----------
    max_numel
        The largest total number of entries of all parameters, nearly reached by one draw of
        four.

    Returns
    -------
    SearchStrategy[LinearArguments]
        Shrinks to one input, one output and a bias.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 1.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(linears(), lambda drawn: not drawn.bias)
    LinearArguments(in_features=1, out_features=1, bias=False)
    """
    _check.integers(1, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> LinearArguments:
        bias = flag(choices, True) and max_numel >= 2
        outs, ins = draw_two(choices, lambda outs, ins: outs * (ins + bias), max_numel)
        return LinearArguments(ins, outs, bias)

    return draw_arguments


@strategy
def bilinears(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], BilinearArguments]:
    """Draw constructor arguments of ``torch.nn.Bilinear``.

    The numbers of features are spread over the powers of two and seldom equal.

    Parameters
    ----------
    max_numel
        The largest total number of entries of all parameters, nearly reached by one draw of
        four.

    Returns
    -------
    SearchStrategy[BilinearArguments]
        Shrinks to one input each, one output and a bias.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 1.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Bilinear.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(bilinears(), lambda drawn: drawn.in2_features > drawn.in1_features)
    BilinearArguments(in1_features=1, in2_features=2, out_features=1, bias=True)
    """
    _check.integers(1, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> BilinearArguments:
        bias = flag(choices, True) and max_numel >= 2
        mirror, some = choices.one_in(2), choices.log_integer(1, max_numel - bias, parts=4)
        outs, others = draw_two(choices, lambda outs, ins: outs * (ins * some + bias), max_numel)
        ins = (some, others) if mirror else (others, some)
        return BilinearArguments(*ins, outs, bias)

    return draw_arguments
