"""Lazy modules: the law of their counterpart, once the first input has told the sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Unpack

import torch
from hypothesis.strategies import SearchStrategy
from torch import nn

from strategies.modules.arguments import Arguments
from strategies.modules.batch_norm import (
    BatchNormArguments,
    InstanceNormArguments,
    batch_norms,
    instance_norms,
)
from strategies.modules.convolution import ConvolutionArguments, convolutions
from strategies.modules.linear import LinearArguments, linears
from strategies.modules.transposed_convolution import (
    TransposedConvolutionArguments,
    transposed_convolutions,
)
from verify import torch_api
from verify.subjects.case import A
from verify.subjects.fills import Factory
from verify.subjects.modules._row import row
from verify.subjects.modules.convolution import convolution, transposed
from verify.subjects.modules.dense import linear
from verify.subjects.modules.normalization import bias_argument, running
from verify.subjects.subject import Maker, Module
from verify.subjects.tensor_law import TensorLaw

Input = Callable[[A], tuple[int, ...]]
_TENSOR = 1 << 13  # The first forward pass costs as much as several constructions.


def unmaterialised(
    name: str, arguments: Arguments, inferred: str, **factory: Unpack[Factory]
) -> nn.Module:
    """The lazy module before its first input: all arguments but the `inferred` one."""
    keywords = {k: v for k, v in arguments.keywords().items() if k != inferred}
    return torch_api.module(name)(**keywords, **factory)


def _materialised(name: str, inferred: str, first_input: Input[A]) -> Maker[A]:
    def make(arguments: A, **factory: Unpack[Factory]) -> nn.Module:
        module = unmaterialised(name, arguments, inferred, **factory)
        # Not in training mode, where running statistics move with the first input.
        module.eval()(torch.zeros(first_input(arguments), **factory))
        return module.train()

    return make


def _row(
    name: str,
    cases: Callable[[int], SearchStrategy[A]],
    state: Callable[[A], Iterable[TensorLaw]],
    anchors: tuple[A, ...],
    inferred: str,
    first_input: Input[A],
) -> Module[A]:
    return row(
        name,
        cases,
        state,
        anchors,
        words=f"nothing before the first input; then the law of {name.removeprefix('Lazy')}",
        formula=f"as {name.removeprefix('Lazy')}",
        make=_materialised(name, inferred, first_input),
        tensor=_TENSOR,
        resets=False,
    )


def _extents(a: ConvolutionArguments) -> tuple[int, ...]:
    """The smallest input that a dilated kernel fits into."""
    dilation = a.dilation if isinstance(a.dilation, tuple) else (a.dilation,) * len(a.kernel_size)
    return tuple(d * (k - 1) + 1 for d, k in zip(dilation, a.kernel_size, strict=True))


def _convolutional(dims: int) -> tuple[Module, Module]:
    return (
        _row(
            f"LazyConv{dims}d",
            lambda size: convolutions(dims=dims, lazy=True, max_numel=size),
            convolution,
            (
                ConvolutionArguments(16, 32, (3,) * dims, groups=4),
                ConvolutionArguments(1, 4096, (1,) * dims),
            ),
            "in_channels",
            lambda a: (1, a.in_channels, *_extents(a)),
        ),
        _row(
            f"LazyConvTranspose{dims}d",
            lambda size: transposed_convolutions(dims=dims, lazy=True, max_numel=size),
            transposed,
            (
                TransposedConvolutionArguments(16, 32, (3,) * dims, groups=4),
                TransposedConvolutionArguments(1, 4096, (1,) * dims),
            ),
            "in_channels",
            lambda a: (1, a.in_channels, *(1,) * dims),
        ),
    )


def _normalising(dims: int) -> tuple[Module, Module]:
    batch, instance = f"LazyBatchNorm{dims}d", f"LazyInstanceNorm{dims}d"

    def first_input(a: BatchNormArguments | InstanceNormArguments) -> tuple[int, ...]:
        return (2, a.num_features, *(2,) * dims)

    return (
        _row(
            batch,
            lambda size: batch_norms(bias_argument=bias_argument(batch), max_numel=size),
            running,
            (BatchNormArguments(64),),
            "num_features",
            first_input,
        ),
        _row(
            instance,
            lambda size: instance_norms(bias_argument=bias_argument(instance), max_numel=size),
            running,
            (InstanceNormArguments(64, affine=True, track_running_stats=True),),
            "num_features",
            first_input,
        ),
    )


LAZY = (
    _row(
        "LazyLinear",
        lambda size: linears(max_numel=size),
        linear,
        (LinearArguments(784, 10), LinearArguments(3, 8192)),
        "in_features",
        lambda a: (1, a.in_features),
    ),
    *(module for dims in (1, 2, 3) for module in _convolutional(dims)),
    *(module for dims in (1, 2, 3) for module in _normalising(dims)),
)
"""Their counterparts' laws, reached by another way."""
