"""Convolutions and transposed convolutions of one to three dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from strategies.modules.convolution import ConvolutionArguments, convolutions
from strategies.modules.transposed_convolution import (
    TransposedConvolutionArguments,
    transposed_convolutions,
)
from verify.laws import Uniform
from verify.subjects.case import A
from verify.subjects.modules._row import row
from verify.subjects.subject import Module
from verify.subjects.tensor_law import TensorLaw


def convolution(a: ConvolutionArguments) -> Iterator[TensorLaw]:
    """Weight ``(out, in / groups, *kernel)``; each response sees in / groups channels."""
    inputs = a.in_channels // a.groups
    law = Uniform.for_variance(bound=1 / math.sqrt(inputs * math.prod(a.kernel_size)))
    yield TensorLaw("weight", (a.out_channels, inputs, *a.kernel_size), law, blocks=a.groups)
    if a.bias:
        yield TensorLaw("bias", (a.out_channels,), law)


def transposed(a: TransposedConvolutionArguments) -> Iterator[TensorLaw]:
    """Weight ``(in, out / groups, *kernel)``, whose second axis is taken for the fan-in."""
    outputs = a.out_channels // a.groups
    law = Uniform.for_variance(bound=1 / math.sqrt(outputs * math.prod(a.kernel_size)))
    yield TensorLaw("weight", (a.in_channels, outputs, *a.kernel_size), law, blocks=a.groups)
    if a.bias:
        yield TensorLaw("bias", (a.out_channels,), law)


def _kernel(dims: int) -> tuple[int, ...]:
    return (3, 5, 2)[:dims]


def _strata(of: Callable[..., A], dims: int) -> dict[str, tuple[A, ...]]:
    """Groups, kernels, paddings and few channels, whose fans differ."""
    kernel = _kernel(dims)
    strides = (2, 1, 3)[:dims]
    return {
        "2 or 3 groups": (of(8, 12, kernel, groups=2), of(9, 6, kernel, groups=3)),
        "more than 4 groups": (of(15, 20, kernel, groups=5), of(16, 32, kernel, groups=8)),
        "depthwise": (of(24, 24, kernel, groups=24), of(12, 48, kernel, groups=12)),
        "fewer than 4 channels": (of(1, 30, kernel), of(3, 20, kernel), of(30, 2, kernel)),
        "stride and dilation": (of(6, 10, kernel, stride=strides, dilation=strides[::-1]),),
        "padding": (of(6, 10, kernel, padding=1), of(10, 6, kernel, padding=kernel[::-1])),
        "kernels of 1": (of(40, 60, (1,) * dims),),
        "without bias": (of(8, 10, kernel, bias=False),),
    }


def _convolution(dims: int) -> Module[ConvolutionArguments]:
    return row(
        f"Conv{dims}d",
        lambda size: convolutions(dims=dims, max_numel=size),
        convolution,
        (
            ConvolutionArguments(16, 32, _kernel(dims), groups=4),
            ConvolutionArguments(3, 64, _kernel(dims)),
            ConvolutionArguments(1, 4096, (1,) * dims),
        ),
        strata=_strata(ConvolutionArguments, dims),
        words="weight and bias uniform within ± 1/√fan_in, of one group",
        formula="weight, bias ~ U(−√k, √k), k = groups / (in_channels · ∏kernel)",
    )


def _transposed(dims: int) -> Module[TransposedConvolutionArguments]:
    return row(
        f"ConvTranspose{dims}d",
        lambda size: transposed_convolutions(dims=dims, max_numel=size),
        transposed,
        (
            TransposedConvolutionArguments(16, 32, _kernel(dims), groups=4),
            TransposedConvolutionArguments(64, 3, _kernel(dims)),
            TransposedConvolutionArguments(1, 4096, (1,) * dims),
        ),
        strata=_strata(TransposedConvolutionArguments, dims),
        words="weight and bias uniform within ± 1/√fan, the fan over out_channels",
        formula="weight, bias ~ U(−√k, √k), k = groups / (out_channels · ∏kernel)",
    )


CONVOLUTIONS = tuple(make(dims) for make in (_convolution, _transposed) for dims in (1, 2, 3))
"""One row for each number of dimensions."""
