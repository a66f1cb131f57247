"""Faults of one value of an argument, and of no other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from selftest.planted.fault import Call, Fault, Plant, editing, law, table
from selftest.planted.sizes import STANDARD, WIDTH

Values = Mapping[str, Any]


def _scaled(where: Callable[[Values], bool], factor: float) -> Plant:
    """Change what was filled where the arguments are such."""

    def edit(tensor: Tensor, call: Call) -> None:
        if where(call.values):
            tensor.mul_(factor)

    return editing(edit)


def _spread(where: Callable[[Values], bool], factor: float) -> Plant:
    """The same about the mean, where it is inside the window."""

    def edit(tensor: Tensor, call: Call) -> None:
        values = call.values
        if where(values):
            tensor.sub_(values["mean"]).mul_(factor).add_(values["mean"])

    return editing(edit)


def _group_left_out(tensor: Tensor, call: Call) -> None:
    if call.values["groups"] == 3:
        tensor[-(tensor.size(0) // 3) :].zero_()


def _tap_moved(tensor: Tensor, call: Call) -> None:
    if call.values["groups"] > 4 and tensor.size(-1) > 1:
        tensor.copy_(tensor.roll(1, -1))


def _seldom_zero(tensor: Tensor, call: Call) -> None:
    if call.values["sparsity"] == 0.9:
        tensor.mul_(1.08)


def _deviates_less(tensor: Tensor, call: Call) -> None:
    mean = call.values["mean"]
    if mean < 0:
        tensor.sub_(mean).mul_(0.985).add_(mean)


def _is_open(values: Values) -> bool:
    inside = values["a"] <= values["mean"] <= values["b"]
    return inside and math.isinf(values["a"]) is not math.isinf(values["b"])


def _of(name: str, does: str, target: str, plant: Plant) -> Fault:
    node = law(f"float32-{target}")
    return Fault(name, does, (target,), plant, node, WIDTH, arguments=STANDARD)


def _rectified_outputs(values: Values) -> bool:
    return (values["mode"], values["nonlinearity"]) == ("fan_out", "relu")


FAULTS = table(
    _of(
        "fan_out_relu_narrow",
        "values are 1.2 % too small for relu by fan_out",
        "kaiming_normal_",
        _scaled(_rectified_outputs, 0.988),
    ),
    _of(
        "selu_narrow",
        "values are 1.5 % too small for selu",
        "kaiming_uniform_",
        _scaled(lambda values: values["nonlinearity"] == "selu", 0.985),
    ),
    _of(
        "one_slope_narrow",
        "values are 1.5 % too small for leaky_relu of slope 0.2",
        "kaiming_uniform_",
        _scaled(lambda v: v["nonlinearity"] == "leaky_relu" and v["a"] == 0.2, 0.985),
    ),
    _of(
        "small_gain_narrow",
        "values are 2 % too small for gains below 0.1",
        "xavier_normal_",
        _scaled(lambda values: values["gain"] < 0.1, 0.98),
    ),
    _of(
        "negative_mean_narrow",
        "values deviate 1.5 % too little from a negative mean",
        "normal_",
        editing(_deviates_less),
    ),
    _of(
        "open_window_narrow",
        "values deviate 2 % too little from the mean in windows of one bound",
        "trunc_normal_",
        _spread(_is_open, 0.98),
    ),
    _of(
        "far_tail_narrow",
        "values are 0.1 % too large in windows beyond 8 deviations",
        "trunc_normal_",
        _scaled(lambda v: v["a"] > v["mean"] + 8 * v["std"], 1.001),
    ),
    Fault(
        "third_group_left_out",
        "of three groups the last has no identity",
        ("dirac_",),
        editing(_group_left_out),
        law("float32-dirac_"),
        frozenset({"exact"}),
    ),
    Fault(
        "many_groups_moved",
        "from five groups on the identity is moved along the kernel",
        ("dirac_",),
        editing(_tap_moved),
        law("float32-dirac_"),
        frozenset({"exact"}),
    ),
    _of(
        "sparsity_nine_tenths_wide",
        "what is not zero is 8 % too wide where nine of ten are",
        "sparse_",
        editing(_seldom_zero),
    ),
)
