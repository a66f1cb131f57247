"""Arguments of convolutions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, NamedTuple

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.fan_shape import draw_kernel
from strategies.modules._draw import MAX_NUMEL, draw_per_axis, draw_two, flag
from strategies.modules.arguments import Arguments

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
PaddingWord = Literal["same", "valid"]

#: More choices than a kernel of three axes takes.
BLOCK = 192

_GROUPS = (1, 1, 1, 1, 1, 2, 2, 3, 4, 8)
_WORDS: tuple[PaddingWord | None, ...] = (*[None] * 6, "valid", "same")
_MODES: tuple[PaddingMode, ...] = ("zeros", "zeros", "zeros", "reflect", "replicate", "circular")


@dataclass(frozen=True)
class ConvolutionArguments(Arguments):
    """Constructor arguments of ``torch.nn.Conv1d``, ``Conv2d`` and ``Conv3d``."""

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    stride: int | tuple[int, ...] = 1
    padding: int | tuple[int, ...] | PaddingWord = 0
    dilation: int | tuple[int, ...] = 1
    groups: int = 1
    bias: bool = True
    padding_mode: PaddingMode = "zeros"


@partial(strategy, block=BLOCK)
def convolutions(
    *, dims: int = 2, lazy: bool = False, max_numel: int = MAX_NUMEL
) -> Callable[[Choices], ConvolutionArguments]:
    """Draw constructor arguments of ``torch.nn.Conv1d``, ``Conv2d`` or ``Conv3d``.

    Half of the draws have more than one group, and one in eight is depthwise: as many groups as
    input channels. The numbers of channels are seldom equal, most kernels are asymmetric, and
    strides, paddings and dilations are numbers as well as tuples.

    Parameters
    ----------
    dims
        The number of kernel axes, from 1 to 3.
    lazy
        Whether to draw only what a lazy module takes with an input of the dilated kernel's
        extent: no padding.
    max_numel
        The largest total number of entries of all parameters, nearly reached by one draw of
        four.

    Returns
    -------
    SearchStrategy[ConvolutionArguments]
        Shrinks to ones and the defaults.

    Raises
    ------
    InvalidArgument
        When `dims` is not 1, 2 or 3, `lazy` is not a boolean, or `max_numel` is not an integer
        of at least 1.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html (the groups divide both
    numbers of channels; ``padding="same"`` needs stride 1)

    Examples
    --------
    >>> from hypothesis import find
    >>> find(convolutions(dims=1), lambda drawn: drawn.groups == 3).keywords()
    {'in_channels': 3, 'out_channels': 3, 'kernel_size': (1,), 'groups': 3}
    """
    check_convolution(dims, lazy, max_numel)

    def draw_arguments(choices: Choices) -> ConvolutionArguments:
        common = draw_common(choices, dims, lazy, max_numel)
        word, mode = choices.pick(_WORDS), choices.pick(_MODES)
        drawn = ConvolutionArguments(**common._asdict())
        if lazy:
            return drawn
        stride = 1 if word == "same" else common.stride
        return replace(drawn, stride=stride, padding=word or common.padding, padding_mode=mode)

    return draw_arguments


class Common(NamedTuple):
    """The arguments that convolutions have in common, transposed or not."""

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    stride: int | tuple[int, ...]
    padding: int | tuple[int, ...]
    dilation: int | tuple[int, ...]
    groups: int
    bias: bool


def check_convolution(dims: int, lazy: bool, max_numel: int) -> None:
    """Check the arguments of a strategy for convolutions."""
    _check.integers(1, dims=dims, max_numel=max_numel)
    _check.at_most(3, dims=dims)
    _check.booleans(lazy=lazy)


def draw_common(choices: Choices, dims: int, lazy: bool, max_numel: int) -> Common:
    """Draw what convolutions have in common; one group has as many entries as any other."""
    depthwise = choices.one_in(8)
    groups = min(choices.pick(_GROUPS), max_numel)
    bias = flag(choices, True) and 2 * groups <= max_numel
    # There is room for sixteen kernels a group: channels that differ.
    kernel = draw_kernel(choices, dims, 1, max_numel, max(1, max_numel // groups // 16))
    field = math.prod(kernel)
    outs, ins = draw_two(choices, lambda outs, ins: groups * outs * (ins * field + bias), max_numel)
    wide = draw_two(choices, lambda outs, groups: groups * outs * (field + bias), max_numel)
    if depthwise:
        ins, (outs, groups) = 1, wide
    stride, dilation = draw_per_axis(choices, dims, 1, 3), draw_per_axis(choices, dims, 1, 3)
    padding = draw_per_axis(choices, dims, 0, 4)
    if lazy:
        padding = 0
    return Common(groups * ins, groups * outs, kernel, stride, padding, dilation, groups, bias)
