"""What clipping takes as parameters, where it writes, and that nothing is no error.

Parameters are documented to be "an iterable of Tensors or a single Tensor": also one that can be
gone through but once. Gradients are "modified in-place": the very tensors, however they lie in
memory, and nothing beside them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from verify.behaviour.parameters.access import same
from verify.behaviour.parameters.gradients import mixtures, once, paths
from verify.behaviour.promise import Question, Trial
from verify.behaviour.rounding import gamma
from verify.behaviour.tensors import bits, identical, off
from verify.subjects.refusals.refusal import REFUSED

Parameters = Tensor | Iterable[Tensor]

_ROUNDINGS = 64
"""Of the norm of a few small numbers, of the factor and the product."""


@dataclass(frozen=True)
class _Clip:
    """One function that clips, and what it makes of the entries 3 and -4."""

    call: Callable[[Parameters, bool | None], object]
    made: tuple[float, float]


_CLIPS: Mapping[str, _Clip] = {
    "clip_grad_norm_": _Clip(
        lambda given, foreach: nn.utils.clip_grad_norm_(given, 2.5, foreach=foreach), (1.5, -2.0)
    ),
    "clip_grads_with_norm_": _Clip(
        lambda given, foreach: nn.utils.clip_grads_with_norm_(
            given, 1.0, torch.tensor(4.0), foreach=foreach
        ),
        (0.75, -1.0),
    ),
    "clip_grad_value_": _Clip(
        lambda given, foreach: nn.utils.clip_grad_value_(given, 1.0, foreach=foreach), (1.0, -1.0)
    ),
}

_SOURCES: Mapping[str, Callable[[list[Tensor]], Iterable[Tensor]]] = {
    "a tuple": tuple,
    "an iterator": iter,
    "a generator": lambda tensors: (tensor for tensor in tensors),
    "a filter": lambda tensors: filter(torch.is_tensor, tensors),
    "values of a dictionary": lambda tensors: dict(enumerate(tensors)).values(),
    "a ParameterList": nn.ParameterList,
}


def _parameter(gradient: Tensor) -> nn.Parameter:
    parameter = nn.Parameter(torch.zeros_like(gradient))
    parameter.grad = gradient
    return parameter


def _entries(trial: Trial, *values: float) -> Tensor:
    return torch.tensor(values, dtype=trial.dtype, device=trial.device)


def _off(trial: Trial, label: str, values: Tensor, made: tuple[float, ...]) -> list[str]:
    """What is off by more than roundings, and by the 10⁻⁶ that is added to a norm of 4 or 5."""
    exact = torch.tensor(made, dtype=torch.float64)
    return off(label, values, exact, (gamma(_ROUNDINGS, trial.dtype) + 3e-7) * exact.abs())


def taken_otherwise(trial: Trial) -> list[str]:
    """Every way to hand over two parameters with one entry each, between some without gradient."""
    found = list[str]()
    for name, clip in _CLIPS.items():
        for source, of in _SOURCES.items():
            gradients = [_entries(trial, 3), _entries(trial, -4)]
            parameters = [_parameter(gradient) for gradient in gradients]
            idle = nn.Parameter(_entries(trial, 7))
            clip.call(of([idle, parameters[0], idle, parameters[1], idle]), None)
            found += _off(trial, f"{name} of {source}", torch.cat(gradients), clip.made)
        single = _entries(trial, 3, -4)
        clip.call(_parameter(single), None)
        found += _off(trial, f"{name} of a single tensor", single, clip.made)
    for source, of in _SOURCES.items():
        told = nn.utils.get_total_norm(of([_entries(trial, 3), _entries(trial, -4)]))
        found += _off(trial, f"get_total_norm of {source}", told.view(1), (5.0,))
    told = nn.utils.get_total_norm(_entries(trial, 3, -4))
    return found + _off(trial, "get_total_norm of a single tensor", told.view(1), (5.0,))


def written_elsewhere(trial: Trial) -> list[str]:
    """Columns of a matrix as gradients: nothing but them changes, and they stay what they are."""
    found = list[str]()
    for name, clip in _CLIPS.items():
        for foreach in paths(trial):
            base = _entries(trial, 3, 50, -4, 50, 50, 50).view(2, 3)
            columns = (base[:1, 0], base[:1, 2])
            parameters = [_parameter(column) for column in columns]
            held = [bits(parameter) for parameter in parameters]
            clip.call(parameters, foreach)
            label = f"{name}, foreach={foreach}"
            made, (first, last) = base.flatten(), clip.made
            expected = (first, 50.0, last, 50.0, 50.0, 50.0)
            found += _off(trial, f"the memory, {label}", made, expected)
            kept = {
                "another gradient": same((p.grad for p in parameters), columns),
                "a gradient that requires one": not any(c.requires_grad for c in columns),
                "a parameter": all(map(torch.equal, held, map(bits, parameters))),
            }
            found += [f"{what}, {label}" for what, holds in kept.items() if not holds]
    return found


def off_any_value(trial: Trial) -> list[str]:
    """Each entry of any dtype by itself, also where it is infinite; to 0, where that is asked."""
    found = list[str]()
    for name, learner in mixtures(trial).items():
        for foreach in paths(trial):
            for limit in (0.0, 1.5 * 2.0**-10):
                *_, last = parameters = learner.given()
                if last.grad is not None:
                    last.grad[0, :2] = _entries(trial, math.inf, -math.inf)
                before = learner.left()
                nn.utils.clip_grad_value_(parameters, limit, foreach=foreach)
                inside = before.abs() <= limit
                expected = torch.where(inside, before, before.sign() * limit)
                left = learner.left() + 0.0  # Of a zero, either sign will do.
                same = identical(left, expected + 0.0)
                found += [] if same else [f"{name} to {limit:g} with foreach={foreach}"]
    return found


def _told(call: Callable[[], object]) -> object:
    """What a call returns, or the error that it refuses with."""
    try:
        return call()
    except REFUSED as refusal:
        return refusal


def _raised(trial: Trial, *names: str) -> list[str]:
    """Calls without a gradient that raise an error, or make a norm of something."""
    idle, found = nn.Parameter(_entries(trial, 7)), list[str]()
    for name in names:
        for what, given in {"parameters": (), "gradients": (idle,)}.items():
            for foreach in paths(trial):
                told = _told(partial(_CLIPS[name].call, given, foreach))
                label = f"{name} without {what}, foreach={foreach}"
                if isinstance(told, Exception):
                    found.append(f"{label} raises an error")
                elif told is not None and told != 0:
                    found.append(f"{label} tells another norm than 0")
    return found if idle.grad is None else [*found, "a gradient appears"]


def nothing_by_norm(trial: Trial) -> list[str]:
    """The norm of nothing is 0, and there is nothing to multiply."""
    return _raised(trial, "clip_grad_norm_", "clip_grads_with_norm_")


def nothing_by_value(trial: Trial) -> list[str]:
    """Where there is no entry, each one is within the limit."""
    return _raised(trial, "clip_grad_value_")


def _with_empty(trial: Trial, *orders: float) -> list[str]:
    """Gradients without entries, in front of others: they add nothing to a single vector."""
    found, wholes = list[str](), {1.0: 7.0, 2.0: 5.0, math.inf: 4.0}
    for order in orders:
        for foreach in paths(trial):
            gradient, label = _entries(trial, 3, -4), f"p = {order:g}, foreach={foreach}"
            given = [_parameter(_entries(trial)), _parameter(gradient)]
            clip = partial(nn.utils.clip_grad_norm_, given, wholes[order] / 2, order)
            told = _told(partial(clip, foreach=foreach))
            if isinstance(told, Tensor):
                found += _off(trial, f"the norm, {label}", told.view(1), (wholes[order],))
                found += _off(trial, f"gradients, {label}", gradient, (1.5, -2.0))
            else:
                found.append(f"{label} raises an error")
    return found


def empty_counted(trial: Trial) -> list[str]:
    """Of finite orders."""
    return _with_empty(trial, 1.0, 2.0)


def empty_refused(trial: Trial) -> list[str]:
    """Of the infinity norm, which is that of the entries that are there."""
    return _with_empty(trial, math.inf)


QUESTIONS = {
    "parameters-taken-otherwise": Question(
        "parameters that clipping takes otherwise", taken_otherwise, once
    ),
    "written-elsewhere-by-clipping": Question(
        "what clipping writes elsewhere", written_elsewhere, once
    ),
    "dtypes-off-the-value-limit": Question(
        "gradients of other dtypes off the largest value", off_any_value, once
    ),
    "nothing-to-clip-by-norm": Question("nothing to clip by norm", nothing_by_norm, once),
    "nothing-to-clip-by-value": Question("nothing to clip by value", nothing_by_value, once),
    "gradients-without-entries": Question("gradients without entries", empty_counted, once),
    "infinity-norm-without-entries": Question(
        "gradients without entries under the infinity norm",
        empty_refused,
        once,
        under="the infinity norm",
    ),
}
