"""Shapes of convolution weights that can hold an identity."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.fan_shape import draw_kernel
from strategies.shape import MAX_NUMEL

_GROUPS = (1, 1, 2, 2, 3, 4, 5, 8)


@dataclass(frozen=True)
class DiracShape:
    """The shape of a convolution weight and its number of groups.

    Attributes
    ----------
    shape
        ``(out, in / groups, *kernel)``, with one to three kernel axes.
    groups
        A divisor of ``out``.
    """

    shape: tuple[int, ...]
    groups: int = 1

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        if len(self.shape) not in (3, 4, 5) or self.groups < 1 or self.shape[0] % self.groups:
            raise ValueError(f"not the shape of an identity convolution: {self}")


@strategy
def dirac_shapes(
    *, min_dims: int = 3, max_dims: int = 5, max_numel: int = MAX_NUMEL
) -> Callable[[Choices], DiracShape]:
    """Draw a shape and a number of groups for ``torch.nn.init.dirac_``.

    Three of four draws have more than one group, as far as `max_numel` allows. Kernels are even
    as well as odd (an even one has no middle), and a group has more input than output channels
    about as often as the reverse. Every size is at least 1.

    Parameters
    ----------
    min_dims, max_dims
        The number of axes, from 3 to 5: a convolution over one to three dimensions.
    max_numel
        The largest product of the sizes.

    Returns
    -------
    SearchStrategy[DiracShape]
        Shrinks to ones and one group.

    Raises
    ------
    InvalidArgument
        When the bounds are no integers, out of order, or out of range.

    References
    ----------
    https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.dirac_ (3-, 4- and
    5-dimensional tensors, groups must divide the first size)

    Examples
    --------
    >>> from hypothesis import find
    >>> find(dirac_shapes(), lambda drawn: drawn.groups > 1)
    DiracShape(shape=(2, 1, 1), groups=2)
    """
    _check.integers(3, min_dims=min_dims, max_dims=max_dims)
    _check.at_most(5, min_dims=min_dims, max_dims=max_dims)
    _check.ordered(min_dims=min_dims, max_dims=max_dims)
    _check.integers(1, max_numel=max_numel)
    dims = range(min_dims, max_dims + 1)

    def draw_shape(choices: Choices) -> DiracShape:
        count = choices.pick(dims)
        groups, swap = min(choices.pick(_GROUPS), max_numel), choices.one_in(2)
        kernel = draw_kernel(choices, count - 2, 1, max_numel, max_numel // groups)
        room = max_numel // groups // math.prod(kernel)
        outs = choices.log_integer(1, room, parts=2)
        ins = choices.log_integer(1, room // outs, parts=2)
        if swap:
            outs, ins = ins, outs
        return DiracShape((groups * outs, ins, *kernel), groups)

    return draw_shape
