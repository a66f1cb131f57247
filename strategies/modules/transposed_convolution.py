"""Arguments of transposed convolutions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from strategies._choices import Choices
from strategies._define import strategy
from strategies.modules._draw import MAX_NUMEL, per_axis
from strategies.modules.arguments import Arguments
from strategies.modules.convolution import BLOCK, check_convolution, draw_common


@dataclass(frozen=True)
class TransposedConvolutionArguments(Arguments):
    """Constructor arguments of ``torch.nn.ConvTranspose1d``, ``2d`` and ``3d``."""

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    stride: int | tuple[int, ...] = 1
    padding: int | tuple[int, ...] = 0
    output_padding: int | tuple[int, ...] = 0
    groups: int = 1
    bias: bool = True
    dilation: int | tuple[int, ...] = 1


@partial(strategy, block=BLOCK)
def transposed_convolutions(
    *, dims: int = 2, lazy: bool = False, max_numel: int = MAX_NUMEL
) -> Callable[[Choices], TransposedConvolutionArguments]:
    """Draw constructor arguments of ``torch.nn.ConvTranspose1d``, ``2d`` or ``3d``.

    Sizes, groups, strides, paddings and dilations are those of `convolutions`. On every axis the
    output padding is smaller than the stride or than the dilation.

    Parameters
    ----------
    dims
        The number of kernel axes, from 1 to 3.
    lazy
        Whether to draw only what a lazy module takes whatever the extent of its input: no
        padding.
    max_numel
        The largest total number of entries of all parameters, nearly reached by one draw of
        four.

    Returns
    -------
    SearchStrategy[TransposedConvolutionArguments]
        Shrinks to ones and the defaults.

    Raises
    ------
    InvalidArgument
        When `dims` is not 1, 2 or 3, `lazy` is not a boolean, or `max_numel` is not an integer
        of at least 1.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(transposed_convolutions(dims=1), lambda drawn: drawn.stride == 2).keywords()
    {'in_channels': 1, 'out_channels': 1, 'kernel_size': (1,), 'stride': 2}
    """
    check_convolution(dims, lazy, max_numel)

    def draw_arguments(choices: Choices) -> TransposedConvolutionArguments:
        common = draw_common(choices, dims, lazy, max_numel)
        steps = zip(per_axis(common.stride, dims), per_axis(common.dilation, dims), strict=True)
        extra = tuple(choices.below(max(step)) for step in steps)
        options: tuple[int | tuple[int, ...], ...] = (0, min(extra), extra)
        output_padding = choices.pick(options)
        if lazy:
            output_padding = 0
        return TransposedConvolutionArguments(**common._asdict(), output_padding=output_padding)

    return draw_arguments
