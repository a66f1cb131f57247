"""Faults of linear and bilinear maps, of the adaptive softmax, of PReLU and of losses."""

from __future__ import annotations

import functools
import math
from typing import Any

import torch
from torch import Tensor, nn

from selftest.planted.fault import Function, arguments, table
from selftest.planted.module import (
    NARROW,
    REPEATS,
    WIDE,
    ZERO,
    after,
    default,
    each,
    fault,
    filled,
    times,
)


def _fan_out(linear: Any) -> float:
    return math.sqrt(linear.in_features / linear.out_features)


def _one_seed(original: Function) -> Function:
    @functools.wraps(original)
    def faulty(self: nn.Linear) -> None:
        start = torch.get_rng_state()
        original(self)
        if self.bias is not None:
            end, bound = torch.get_rng_state(), 1 / math.sqrt(self.in_features)
            torch.set_rng_state(start)
            nn.init.uniform_(self.bias, -bound, bound)
            torch.set_rng_state(end)

    return faulty


def _end_of_weight(linear: nn.Linear) -> None:
    if linear.bias is not None and linear.in_features > 1:
        linear.bias.copy_(linear.weight.view(-1)[-linear.out_features :])


def _copied_row(weight: Tensor, _: Any) -> None:
    if weight.size(0) > 1:
        weight[-1] = weight[0]


def _normal(weight: Tensor, linear: Any) -> None:
    weight.normal_(std=1 / math.sqrt(3 * linear.in_features))


def _in_float32(tensor: Tensor, _: Any) -> None:
    tensor.copy_(tensor.float())


def _transposed(linear: nn.Linear) -> None:
    linear.weight = nn.Parameter(linear.weight.t().contiguous())


MORE_CALLS = ("--profile", "standard")
"""The smoke profile draws two such biases: both zero by chance with a probability of 3e-12."""


def _single_input(bias: Tensor, linear: Any) -> None:
    # One over the root of the fan, "if fan_in > 1 else 0".
    if linear.in_features == 1:
        bias.zero_()


def _without_bias(linear: nn.Linear) -> None:
    linear.bias = None


_LINEAR = table(
    fault(
        "few_inputs_narrow",
        "the bound is 4 % too small for fewer than 4 inputs",
        "Linear.reset_parameters",
        times("*", lambda linear: 0.96 if linear.in_features < 4 else 1.0),
        default("float32-Linear"),
        *NARROW,
        arguments=("--profile", "standard"),
    ),
    fault(
        "linear_bias_zero",
        "the bias of a linear map is zero",
        "Linear.reset_parameters",
        filled("bias", 0),
        default("float32-Linear"),
        *ZERO,
        says="bias:",
    ),
    fault(
        "linear_bias_fan_out",
        "the bound of the bias is 1 / sqrt(out_features)",
        "Linear.reset_parameters",
        times("bias", _fan_out),
        default("float32-Linear"),
        *WIDE,
        says="bias:",
    ),
    fault(
        "linear_bias_of_one_seed",
        "weight and bias are drawn from one seed: the bias repeats the weight's first values",
        "Linear.reset_parameters",
        _one_seed,
        default("float32-Linear"),
        "between",
        says="bias",
    ),
    fault(
        "linear_bias_repeats_end",
        "the bias repeats the weight's last values",
        "Linear.reset_parameters",
        after(_end_of_weight),
        default("float32-Linear"),
        "between",
    ),
    fault(
        "linear_bias_half_percent",
        "the bound of the bias is 0.5 % too small",
        "Linear.reset_parameters",
        times("bias", 0.995),
        default("float32-Linear"),
        *NARROW,
        says="bias:",
    ),
    fault(
        "linear_bias_starts_at_zero",
        "the first entry of the bias is zero",
        "Linear.reset_parameters",
        each("bias", lambda bias, _: bias[:1].zero_()),
        default("float64-Linear"),
        "atoms",
        "position",
        says="bias:",
    ),
    fault(
        "linear_bias_zero_for_one_input",
        "the bias is zero where there is one input feature only",
        "Linear.reset_parameters",
        each("bias", _single_input),
        default("float32-Linear"),
        *ZERO,
        says="bias:",
        arguments=MORE_CALLS,
    ),
    fault(
        "linear_row_copied",
        "the last row of the weight repeats the first",
        "Linear.reset_parameters",
        each("weight", _copied_row),
        default("float32-Linear"),
        *REPEATS,
        says="weight:",
    ),
    fault(
        "linear_weight_normal",
        "the weight is normal, with the variance of the uniform law",
        "Linear.reset_parameters",
        each("weight", _normal),
        default("float32-Linear"),
        "support",
        says="weight:",
    ),
    fault(
        "linear_weight_float64_wide",
        "the bound of the weight is 1 % too large in float64 only",
        "Linear.reset_parameters",
        times("weight", lambda linear: 1.01 if linear.weight.dtype == torch.float64 else 1),
        default("float64-Linear"),
        *WIDE,
        says="weight:",
    ),
    fault(
        "linear_weight_in_float32",
        "a float64 weight is drawn in float32",
        "Linear.reset_parameters",
        each("weight", _in_float32),
        default("float64-Linear"),
        "duplicates",
        says="weight:",
    ),
    fault(
        "linear_weight_transposed",
        "the weight has the shape (in_features, out_features)",
        "Linear.__init__",
        after(_transposed),
        default("float32-Linear"),
        "state",
        says="weight has the shape",
    ),
    fault(
        "linear_bias_missing",
        "there is no bias, wanted or not",
        "Linear.__init__",
        after(_without_bias),
        default("float32-Linear"),
        "state",
        says="bias is missing",
    ),
    fault(
        "quantizable_weight_orthogonal",
        "the weight of the attention's own linear map is orthogonal",
        "modules.linear.NonDynamicallyQuantizableLinear.reset_parameters",
        each("weight", lambda weight, _: nn.init.orthogonal_(weight)),
        default("float32-NonDynamicallyQuantizableLinear"),
        *WIDE,
        "atoms",
        says="weight:",
    ),
)


def _tail_bound(softmax: nn.AdaptiveLogSoftmaxWithLoss) -> None:
    for projection in softmax.tail:
        down, up = projection
        up.weight.mul_(math.sqrt(down.out_features / softmax.in_features))


def _zero_cross_entropy_bias(loss: Any) -> None:
    if loss.linear.bias is not None:
        loss.linear.bias.zero_()


_OTHER_MAPS = table(
    fault(
        "bilinear_second_input",
        "the bound is 1 / sqrt(in2_features)",
        "Bilinear.reset_parameters",
        times("*", lambda bilinear: math.sqrt(bilinear.in1_features / bilinear.in2_features)),
        default("float32-Bilinear"),
        *WIDE,
    ),
    fault(
        "bilinear_bias_both_inputs",
        "the bound of the bias is 1 / sqrt(in1_features * in2_features)",
        "Bilinear.reset_parameters",
        times("bias", lambda bilinear: 1 / math.sqrt(bilinear.in2_features)),
        default("float64-Bilinear"),
        *NARROW,
        says="bias:",
    ),
    fault(
        "adaptive_tail_by_head",
        "the clusters of the adaptive softmax are bounded by the head's number of inputs",
        "AdaptiveLogSoftmaxWithLoss.__init__",
        after(_tail_bound),
        default("float32-AdaptiveLogSoftmaxWithLoss"),
        *NARROW,
        says="tail.",
    ),
    fault(
        "adaptive_head_bias_zero",
        "the bias of the adaptive softmax's head is zero",
        "AdaptiveLogSoftmaxWithLoss.__init__",
        filled("head.bias", 0),
        default("float32-AdaptiveLogSoftmaxWithLoss"),
        *ZERO,
        says="head.bias:",
    ),
    fault(
        "linear_cross_entropy_bias_zero",
        "the bias of the linear cross entropy is zero",
        "LinearCrossEntropyLoss.__init__",
        after(_zero_cross_entropy_bias),
        default("float32-LinearCrossEntropyLoss"),
        *ZERO,
        says="linear.bias:",
    ),
)


def _gentler(weight: Tensor, prelu: Any) -> None:
    if prelu.init == 0.25:
        weight.fill_(0.2)


def _normalised(loss: Any) -> None:
    if loss.weight is not None:
        loss.weight = loss.weight / loss.weight.sum()


def _swapped_weights(values: dict[str, Any]) -> None:
    values["weight"], values["pos_weight"] = values["pos_weight"], values["weight"]


def _without_weight(values: dict[str, Any]) -> None:
    values["weight"] = None


_HANDED_OVER = table(
    fault(
        "prelu_default",
        "the default slope of PReLU is 0.2",
        "PReLU.reset_parameters",
        each("weight", _gentler),
        default("float32-PReLU"),
        "exact",
    ),
    fault(
        "prelu_init_ignored",
        "PReLU ignores init",
        "PReLU.reset_parameters",
        filled("weight", 0.25),
        default("float32-PReLU"),
        "exact",
    ),
    fault(
        "prelu_in_float32",
        "the slope of a float64 PReLU is rounded to float32",
        "PReLU.reset_parameters",
        each("weight", _in_float32),
        default("float64-PReLU"),
        "exact",
    ),
    fault(
        "cross_entropy_weight_normalised",
        "the class weights of the cross entropy are made to add up to one",
        "CrossEntropyLoss.__init__",
        after(_normalised),
        default("float32-CrossEntropyLoss"),
        "exact",
    ),
    fault(
        "nll_weight_dropped",
        "the class weights of the negative log-likelihood are dropped",
        "NLLLoss.__init__",
        arguments(_without_weight),
        default("float32-NLLLoss"),
        "state",
        says="weight is missing",
    ),
    fault(
        "bce_weights_swapped",
        "weight and pos_weight are taken for each other",
        "BCEWithLogitsLoss.__init__",
        arguments(_swapped_weights),
        default("float32-BCEWithLogitsLoss"),
        "exact",
    ),
)

FAULTS = _LINEAR | _OTHER_MAPS | _HANDED_OVER
