"""Convolutions and transposed convolutions of one to three dimensions."""

from __future__ import annotations

import math
from collections.abc import Iterator

from strategies.modules.convolution import ConvolutionArguments, convolutions
from strategies.modules.transposed_convolution import (
    TransposedConvolutionArguments,
    transposed_convolutions,
)
from verify.laws import Uniform
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
        words="weight and bias uniform within ± 1/√fan, the fan over out_channels",
        formula="weight, bias ~ U(−√k, √k), k = groups / (out_channels · ∏kernel)",
    )


CONVOLUTIONS = tuple(make(dims) for make in (_convolution, _transposed) for dims in (1, 2, 3))
"""One row for each number of dimensions."""
