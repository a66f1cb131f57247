"""Arguments of batch and instance normalization."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.modules._draw import MAX_NUMEL, draw_budget, draw_eps, flag, largest
from strategies.modules.arguments import Arguments

M = TypeVar("M")
N = TypeVar("N")


@dataclass(frozen=True)
class BatchNormArguments(Arguments):
    """Constructor arguments of ``torch.nn.BatchNorm1d`` and the like."""

    num_features: int
    eps: float = 1e-5
    momentum: float | None = 0.1
    affine: bool = True
    track_running_stats: bool = True
    bias: bool = True


@dataclass(frozen=True)
class InstanceNormArguments(Arguments):
    """Constructor arguments of ``torch.nn.InstanceNorm1d`` and the like."""

    num_features: int
    eps: float = 1e-5
    momentum: float = 0.1
    affine: bool = False
    track_running_stats: bool = False
    bias: bool = True


@strategy
def batch_norms(
    *, bias_argument: bool = True, max_numel: int = MAX_NUMEL
) -> Callable[[Choices], BatchNormArguments]:
    """Draw constructor arguments of ``torch.nn.BatchNorm1d`` and the like.

    Each boolean is drawn evenly, also where another one makes it idle. A quarter of the modules
    has neither parameters nor buffers. The momentum is 0.1 in half of the draws, and None in one
    of four.

    Parameters
    ----------
    bias_argument
        Whether the constructor takes ``bias``; if not, it is always True.
    max_numel
        The largest total number of entries of all parameters and buffers, and of features.
        It is nearly reached by one draw of four.

    Returns
    -------
    SearchStrategy[BatchNormArguments]
        Shrinks to one feature and the defaults.

    Raises
    ------
    InvalidArgument
        When `bias_argument` is not a boolean, or `max_numel` is not an integer of at least 1.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(batch_norms(), lambda drawn: drawn.momentum is None).keywords()
    {'num_features': 1, 'momentum': None}
    """
    return _norms(BatchNormArguments, True, (0.1, 0.1, None), bias_argument, max_numel)


@strategy
def instance_norms(
    *, bias_argument: bool = True, max_numel: int = MAX_NUMEL
) -> Callable[[Choices], InstanceNormArguments]:
    """Draw constructor arguments of ``torch.nn.InstanceNorm1d`` and the like.

    Each boolean is drawn evenly, also where another one makes it idle. A quarter of the modules
    has neither parameters nor buffers. The momentum is 0.1 in half of the draws.

    Parameters
    ----------
    bias_argument
        Whether the constructor takes ``bias``; if not, it is always True.
    max_numel
        The largest total number of entries of all parameters and buffers, and of features.
        It is nearly reached by one draw of four.

    Returns
    -------
    SearchStrategy[InstanceNormArguments]
        Shrinks to one feature and the defaults.

    Raises
    ------
    InvalidArgument
        When `bias_argument` is not a boolean, or `max_numel` is not an integer of at least 1.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html (by default
    without parameters and buffers)

    Examples
    --------
    >>> from hypothesis import find
    >>> find(instance_norms(), lambda drawn: drawn.affine).keywords()
    {'num_features': 1, 'affine': True}
    """
    return _norms(InstanceNormArguments, False, (0.1,), bias_argument, max_numel)


def _norms(
    make: Callable[[int, float, M | float, bool, bool, bool], N],
    default: bool,
    momenta: tuple[M, ...],
    bias_argument: bool,
    max_numel: int,
) -> Callable[[Choices], N]:
    """Define a strategy.

    `default` is that of ``affine`` and ``track_running_stats``. The momentum is one of `momenta`
    or, as likely as each of these, any other.
    """
    _check.booleans(bias_argument=bias_argument)
    _check.integers(1, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> N:
        options: tuple[M | float, ...] = (*momenta, choices.log_float(1e-3, 1, near=0.5))
        momentum, eps = choices.pick(options), draw_eps(choices)
        affine, tracking = flag(choices, default), flag(choices, default)
        bias = flag(choices, True) or not bias_argument

        def numel(features: int) -> int:
            """Weight and bias; running mean and variance, and the number of batches."""
            return features * (affine * (1 + bias) + 2 * tracking) + tracking

        if numel(1) > max_numel:
            affine = tracking = False
        budget = draw_budget(choices, max(1, numel(1)), max_numel)
        return make(largest(numel, budget), eps, momentum, affine, tracking, bias)

    return draw_arguments
