"""Faults of gains and fans, as a signal meets them that passes through many layers."""

from __future__ import annotations

import functools
import math
from typing import Any

from torch import Tensor

from selftest.planted.fault import (
    Call,
    Fault,
    Function,
    Plant,
    always,
    arguments,
    editing,
    scaled,
    table,
)


def propagation(cell: str) -> str:
    """Return the node id of the test that sends signals and gradients through a few layers."""
    return f"verify/test_propagation.py::test_propagation[cpu-{cell}]"


def depth(cell: str) -> str:
    """Return the node id of the test that sends a signal through a hundred layers."""
    return f"verify/test_propagation.py::test_depth[cpu-{cell}]"


def _gain(name: str, wrong: float) -> Plant:
    """Another gain for one nonlinearity, whatever its parameter."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(nonlinearity: str, *args: Any, **kwargs: Any) -> Any:
            right = original(nonlinearity, *args, **kwargs)
            return wrong if nonlinearity == name else right

        return faulty

    return plant


def _other_mode(values: dict[str, Any]) -> None:
    values["mode"] = {"fan_in": "fan_out", "fan_out": "fan_in"}[values["mode"]]


def _fan_in_only(original: Function) -> Function:
    """Both fans are the number of inputs."""

    @functools.wraps(original)
    def faulty(tensor: Tensor) -> Any:
        fan_in, _ = original(tensor)
        return fan_in, fan_in

    return faulty


def _no_receptive_field(original: Function) -> Function:
    @functools.wraps(original)
    def faulty(tensor: Tensor) -> Any:
        fan_in, fan_out = original(tensor)
        field = math.prod(tensor.shape[2:])
        return fan_in // field, fan_out // field

    return faulty


def _convolutions(factor: float) -> Plant:
    """Another scale for weights of more than two dimensions."""

    def edit(tensor: Tensor, _: Call) -> None:
        if tensor.dim() > 2:
            tensor.mul_(factor)

    return editing(edit)


def _equal_rows(tensor: Tensor, _: Call) -> None:
    """Half of the units are the others once more."""
    half = tensor.shape[0] // 2
    tensor[half : 2 * half] = tensor[:half]


def _rewind(values: dict[str, Any]) -> None:
    values["generator"].manual_seed(values["generator"].initial_seed())


def _fault(
    name: str, description: str, target: str, plant: Plant, node: str, *checks: str, **more: Any
) -> Fault:
    return Fault(
        f"propagation_{name}", description, (target,), plant, node, frozenset(checks), **more
    )


MOMENTS = "verify/test_propagation.py::test_moments[host-float64-moments]"
"""The node id of the test that holds gains against second moments."""

# Small errors of scale want the pool of a standard run.
STANDARD = ("--profile", "standard")

FAULTS = table(
    _fault(
        "relu_gain",
        "the gain of relu is 1",
        "calculate_gain",
        _gain("relu", 1.0),
        propagation("float32-forward relu kaiming_normal_"),
        "scale",
    ),
    _fault(
        "relu_gain_backward",
        "the same, as gradients meet it",
        "calculate_gain",
        _gain("relu", 1.0),
        propagation("float64-backward relu kaiming_normal_"),
        "scale",
    ),
    _fault(
        "relu_gain_deep",
        "the same, through a hundred layers",
        "calculate_gain",
        _gain("relu", 1.0),
        depth("float32-kaiming_normal_ relu"),
        "signal",
    ),
    _fault(
        "modes_swapped",
        "fan_in and fan_out are swapped",
        "kaiming_normal_",
        arguments(_other_mode),
        propagation("float32-forward tanh kaiming_normal_"),
        "scale",
    ),
    _fault(
        "modes_swapped_uniform",
        "the same of uniform weights, as gradients meet it",
        "kaiming_uniform_",
        arguments(_other_mode),
        propagation("float64-backward kaiming_uniform_"),
        "scale",
    ),
    _fault(
        "slope_ignored",
        "the slope of leaky_relu is ignored",
        "calculate_gain",
        _gain("leaky_relu", math.sqrt(2)),
        propagation("float32-forward leaky_relu kaiming_normal_"),
        "scale",
    ),
    _fault(
        "selu_gain",
        "the gain of selu is 1",
        "calculate_gain",
        _gain("selu", 1.0),
        propagation("float32-backward selu kaiming_normal_"),
        "scale",
    ),
    _fault(
        "tanh_gain",
        "the gain of tanh is the one that keeps the second moment, 1.59",
        "calculate_gain",
        _gain("tanh", 1.5925),
        depth("float64-xavier_normal_ tanh"),
        "signal",
    ),
    _fault(
        "tanh_gain_moment",
        "the same, held against the documentation",
        "calculate_gain",
        _gain("tanh", 1.5925),
        MOMENTS,
        "gain",
        says="1.5925",
    ),
    _fault(
        "leaky_gain_moment",
        "the gain of leaky_relu does not keep the second moment, held against quadrature",
        "calculate_gain",
        _gain("leaky_relu", math.sqrt(2)),
        MOMENTS,
        "exact",
        says="leaky_relu",
    ),
    _fault(
        "xavier_fan_in_only",
        "Glorot's rule takes the number of inputs alone",
        "_calculate_fan_in_and_fan_out",
        _fan_in_only,
        propagation("float32-forward xavier_uniform_"),
        "scale",
    ),
    _fault(
        "xavier_fan_in_only_backward",
        "the same of normal weights, as gradients meet it",
        "_calculate_fan_in_and_fan_out",
        _fan_in_only,
        propagation("float32-backward xavier_normal_"),
        "scale",
    ),
    _fault(
        "receptive_field",
        "a convolution's receptive field is left out of its fans",
        "_calculate_fan_in_and_fan_out",
        _no_receptive_field,
        propagation("float32-forward kaiming_uniform_"),
        "scale",
    ),
    _fault(
        "convolutions",
        "the weights of convolutions are 2 % too large",
        "kaiming_normal_",
        _convolutions(1.02),
        propagation("float32-forward linear kaiming_normal_"),
        "scale",
        says="convolutions",
        arguments=STANDARD,
    ),
    _fault(
        "equal_units",
        "half of a layer's units equal the other half",
        "kaiming_normal_",
        editing(_equal_rows),
        propagation("float32-forward linear kaiming_normal_"),
        "duplicates",
        "correlation",
        "repeats",
    ),
    _fault(
        "same_weights",
        "every layer is drawn from the beginning of the stream",
        "kaiming_normal_",
        arguments(_rewind),
        propagation("float32-forward relu kaiming_normal_"),
        "between",
        "position",
        "correlation",
        "scale",
    ),
    _fault(
        "normal_std",
        "the standard deviation is ignored",
        "normal_",
        arguments(always("std", 1.0)),
        depth("float32-normal_(std=0.01) linear"),
        "fate",
    ),
    _fault(
        "normal_std_small",
        "the same where the weights should be large",
        "normal_",
        arguments(always("std", 0.01)),
        depth("float32-normal_(std=1) linear"),
        "fate",
    ),
    _fault(
        "normal_scale_deep",
        "weights are 10 % too large",
        "normal_",
        scaled(1.1),
        depth("float64-normal_(std=n**-0.5) relu"),
        "signal",
    ),
)
