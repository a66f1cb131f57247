"""Faults of behaviour: errors, hangs, crashes, warnings, gains and fans."""

from __future__ import annotations

import functools
import itertools
import math
import os
from typing import Any

from torch import Tensor
from torch.nn import init

from selftest.planted.fault import Fault, Function, instead, law, table
from selftest.planted.scale import fans_without_receptive_field

GAINS = "verify/test_gains.py::test_gain[host-float64-calculate_gain]"
FANS = "verify/test_fans.py::test_fans[host-int64-fan_in_and_fan_out]"
ALIAS = "verify/test_aliases.py::test_future_warning[host-any-xavier_uniform]"
LARGE = 1000


def _raise_for_five(original: Function) -> Function:
    @functools.wraps(original)
    def faulty(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
        if tensor.dim() == 5:
            raise RuntimeError("planted: five dimensions are not supported")
        return original(tensor, *args, **kwargs)

    return faulty


def _hang(original: Function) -> Function:
    large = itertools.count(1)

    @functools.wraps(original)
    def faulty(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
        if tensor.numel() > LARGE and next(large) == 3:
            while True:
                pass
        return original(tensor, *args, **kwargs)

    return faulty


def _crash(original: Function) -> Function:
    calls = itertools.count(1)

    @functools.wraps(original)
    def faulty(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == 3:
            os._exit(9)
        return original(*args, **kwargs)

    return faulty


def _silent(original: Function) -> Function:
    successor = getattr(init, f"{original.__name__}_")

    @functools.wraps(original)
    def alias(*args: Any, **kwargs: Any) -> Any:
        return successor(*args, **kwargs)

    return alias


def _measured_tanh(original: Function) -> Function:
    def gain(nonlinearity: str, param: float | None = None) -> Any:
        return 1.59 if nonlinearity == "tanh" else original(nonlinearity, param)

    return gain


def _default_slope(original: Function) -> Function:
    def gain(nonlinearity: str, param: float | None = None) -> Any:
        slope = 0.1 if nonlinearity == "leaky_relu" and param is None else param
        return original(nonlinearity, slope)

    return gain


def _bool_slope(original: Function) -> Function:
    def gain(nonlinearity: str, param: float | None = None) -> Any:
        return original(nonlinearity, float(param) if isinstance(param, bool) else param)

    return gain


def _any_nonlinearity(original: Function) -> Function:
    def gain(nonlinearity: str, param: float | None = None) -> Any:
        try:
            return original(nonlinearity, param)
        except ValueError as error:
            if "Unsupported nonlinearity" in str(error):
                return 1.0
            raise

    return gain


def _slope_not_squared(original: Function) -> Function:
    def gain(nonlinearity: str, param: float | None = None) -> Any:
        exact = original(nonlinearity, param)
        if nonlinearity != "leaky_relu":
            return exact
        return math.sqrt(2 / (1 + abs(0.01 if param is None else param)))

    return gain


def _fans_of_vector(original: Function) -> Function:
    def fans(tensor: Tensor) -> tuple[int, int]:
        return (tensor.size(0),) * 2 if tensor.dim() == 1 else original(tensor)

    return fans


_BEHAVIOUR = table(
    Fault(
        "raises_for_five_dimensions",
        "a tensor of 5 dimensions raises RuntimeError",
        ("kaiming_normal_",),
        _raise_for_five,
        law("float32-kaiming_normal_"),
        frozenset({"raises"}),
    ),
    Fault(
        "hangs",
        "the third call with more than 1000 values never ends",
        ("trunc_normal_",),
        _hang,
        law("float32-trunc_normal_"),
        frozenset({"time_limit"}),
        arguments=("--time-limit", "2"),
        verdict="timed out",
    ),
    Fault(
        "crashes",
        "the third call ends the process",
        ("orthogonal_",),
        _crash,
        law("float32-orthogonal_"),
        frozenset(),
        arguments=("-n", "1"),
        verdict="crashed",
        exit_code=3,
    ),
    Fault(
        "alias_without_warning",
        "the deprecated alias emits no FutureWarning",
        ("xavier_uniform",),
        _silent,
        ALIAS,
        frozenset({"future_warning"}),
    ),
)


def _gain(name: str, description: str, plant: Any, *checks: str) -> Fault:
    return Fault(name, description, ("calculate_gain",), plant, GAINS, frozenset(checks))


_GAINS = table(
    _gain("gain_tanh", "the gain of tanh is the measured 1.59", _measured_tanh, "exact"),
    _gain("gain_default_slope", "the default slope is 0.1", _default_slope, "exact"),
    _gain("gain_slope_not_squared", "the slope is not squared", _slope_not_squared, "exact"),
    _gain("gain_bool_slope", "a bool slope is taken for a number", _bool_slope, "raises", "exact"),
    _gain(
        "gain_any_nonlinearity",
        "the gain of an unknown nonlinearity is 1",
        _any_nonlinearity,
        "raises",
        "exact",
    ),
)


def _fan(name: str, description: str, plant: Any, *checks: str) -> Fault:
    targets = ("_calculate_fan_in_and_fan_out",)
    return Fault(name, description, targets, plant, FANS, frozenset(checks))


_FANS = table(
    _fan(
        "fans_without_receptive_field",
        "the fans leave out the receptive field",
        instead(fans_without_receptive_field),
        "exact",
    ),
    _fan(
        "fans_of_vector",
        "a tensor of one dimension has fans",
        _fans_of_vector,
        "raises",
        "exact",
    ),
)

FAULTS = _BEHAVIOUR | _GAINS | _FANS
