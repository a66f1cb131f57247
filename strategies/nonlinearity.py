"""Nonlinearities and their parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, get_args

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy

NonlinearityName = Literal[
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "selu",
]
NONLINEARITIES: tuple[NonlinearityName, ...] = get_args(NonlinearityName)

_SLOPES: tuple[float | int | None, ...] = (None, 0, 0.0, 0.01, 0.2, 1, 2, -0.2, -1, math.sqrt(5))


@dataclass(frozen=True)
class Nonlinearity:
    """A nonlinearity as ``torch.nn.init.calculate_gain`` takes it.

    Attributes
    ----------
    name
        One of `NONLINEARITIES`.
    param
        The negative slope of ``leaky_relu``, dimensionless, or None for the default of 0.01. For
        every other name a number without effect, or None.
    """

    name: NonlinearityName
    param: float | int | None = None


@strategy
def nonlinearities(
    *, names: Collection[NonlinearityName] = NONLINEARITIES
) -> Callable[[Choices], Nonlinearity]:
    """Draw a nonlinearity and the parameter that goes with it.

    ``leaky_relu`` is drawn about four times as often as any other name: it alone has a
    parameter. Its slopes are None (the default), the usual ones, integers, negative ones and
    any size from 1e-3 to 1e3. The other names get None in half of the draws, else a number that
    must be ignored.

    Parameters
    ----------
    names
        The names to draw from; all twelve by default.

    Returns
    -------
    SearchStrategy[Nonlinearity]
        Shrinks to the first of `names` in the order of `NONLINEARITIES`, without parameter.

    Raises
    ------
    InvalidArgument
        When `names` is empty or holds an unknown name.

    References
    ----------
    https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain

    Examples
    --------
    >>> from hypothesis import find
    >>> find(nonlinearities(names=["leaky_relu"]), lambda chosen: chosen.param is not None)
    Nonlinearity(name='leaky_relu', param=0)
    """
    _check.subset(NONLINEARITIES, names=names)
    options = [name for name in NONLINEARITIES if name in names]
    if "leaky_relu" in names:
        options += ["leaky_relu"] * 3

    def draw_nonlinearity(choices: Choices) -> Nonlinearity:
        name = choices.pick(options)
        none, usual = not choices.one_in(2), not choices.one_in(2)
        param, whole, sign = choices.pick(_SLOPES), choices.one_in(4), choices.sign()
        slope = sign * choices.log_float(1e-3, 1e3)
        if name != "leaky_relu" and none:
            return Nonlinearity(name)
        if not usual:
            param = round(slope) if whole else slope
        return Nonlinearity(name, param)

    return draw_nonlinearity
