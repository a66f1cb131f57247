"""Faults of convolutions and transposed convolutions."""

from __future__ import annotations

import functools
import math
from typing import Any

from torch import Tensor, nn

from selftest.planted.fault import Function, table
from selftest.planted.module import NARROW, WIDE, default, each, fault, times


def _swapped_fan(conv: Any) -> float:
    return math.sqrt(conv.out_channels / conv.in_channels)


def _dilated_fan(conv: Any) -> float:
    spans = [d * (k - 1) + 1 for d, k in zip(conv.dilation, conv.kernel_size, strict=True)]
    return math.sqrt(math.prod(conv.kernel_size) / math.prod(spans))


def _same_groups(weight: Tensor, conv: Any) -> None:
    first, *others = weight.chunk(conv.groups)
    for other in others:
        other.copy_(first)


def _depthwise_raises(original: Function) -> Function:
    @functools.wraps(original)
    def faulty(self: nn.ConvTranspose1d) -> None:
        if self.groups == self.in_channels:
            raise RuntimeError("planted: one channel for each group is not supported")
        original(self)

    return faulty


# At the smoke profile dilation is rare, and the bias of grouped channels has too few values.
MORE_CASES = ("--profile", "standard")

FAULTS = table(
    fault(
        "many_groups_narrow",
        "from five groups on the bound is 4 % too small",
        "modules.conv._ConvNd.reset_parameters",
        times("*", lambda conv: 0.96 if conv.groups > 4 else 1.0),
        default("float32-Conv1d"),
        *NARROW,
        arguments=MORE_CASES,
    ),
    fault(
        "conv_groups_ignored",
        "the fan of a convolution counts the channels of all groups",
        "modules.conv._ConvNd.reset_parameters",
        times("*", lambda conv: 1 / math.sqrt(conv.groups)),
        default("float32-Conv2d"),
        *NARROW,
    ),
    fault(
        "conv_bias_groups_ignored",
        "the fan counts the channels of all groups for the bias only",
        "Conv1d.reset_parameters",
        times("bias", lambda conv: 1 / math.sqrt(conv.groups)),
        default("float64-Conv1d"),
        *NARROW,
        says="bias:",
        arguments=MORE_CASES,
    ),
    fault(
        "conv_groups_repeat",
        "every group of a convolution starts with the same weights",
        "Conv2d.reset_parameters",
        each("weight", _same_groups),
        default("float32-Conv2d"),
        "duplicates",
        "correlation",
        says="weight:",
    ),
    fault(
        "conv_transposed_fan_swapped",
        "the fan of a transposed convolution is taken over its inputs",
        "ConvTranspose2d.reset_parameters",
        times("*", _swapped_fan),
        default("float32-ConvTranspose2d"),
        *WIDE,
    ),
    fault(
        "conv_transposed_3d_fan_swapped",
        "the same for the bias, in three dimensions only",
        "ConvTranspose3d.reset_parameters",
        times("bias", _swapped_fan),
        default("float32-ConvTranspose3d"),
        *WIDE,
        says="bias:",
    ),
    fault(
        "conv3d_short",
        "the bound is 2 % too small in three dimensions only",
        "Conv3d.reset_parameters",
        times("*", 0.98),
        default("float32-Conv3d"),
        *NARROW,
    ),
    fault(
        "conv_bias_without_kernel",
        "the fan of the bias leaves out the kernel",
        "Conv2d.reset_parameters",
        times("bias", lambda conv: math.sqrt(math.prod(conv.kernel_size))),
        default("float32-Conv2d"),
        "support",
        says="bias:",
    ),
    fault(
        "conv_kernel_taken_for_square",
        "the fan is a power of the kernel's first extent",
        "Conv3d.reset_parameters",
        times(
            "*",
            lambda conv: math.sqrt(
                math.prod(conv.kernel_size) / conv.kernel_size[0] ** len(conv.kernel_size)
            ),
        ),
        default("float64-Conv3d"),
        *WIDE,
    ),
    fault(
        "conv_dilation_counted",
        "the fan counts what a dilated kernel skips",
        "Conv2d.reset_parameters",
        times("*", _dilated_fan),
        default("float32-Conv2d"),
        *NARROW,
        arguments=MORE_CASES,
    ),
    fault(
        "conv_depthwise_raises",
        "a transposed convolution of one channel for each group raises",
        "ConvTranspose1d.reset_parameters",
        _depthwise_raises,
        default("float32-ConvTranspose1d"),
        "raises",
    ),
    fault(
        "lazy_conv_fan_out",
        "a lazy convolution is bounded by its number of outputs",
        "LazyConv2d.initialize_parameters",
        times("*", lambda conv: math.sqrt(conv.in_channels / conv.out_channels)),
        default("float32-LazyConv2d"),
        *WIDE,
    ),
)
