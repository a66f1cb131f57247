"""The contract of an in-place initializer: the same tensor, one stream, no trace in autograd."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction

from verify import torch_api
from verify.behaviour.calls import (
    agree,
    alike,
    blank,
    changed,
    diffuse,
    filled,
    filled_values,
    fixed,
    random,
    same,
    seeded,
)
from verify.behaviour.draws import stream_of
from verify.behaviour.promise import Promise, Question, Trial
from verify.behaviour.tensors import identical
from verify.defects import known_defects
from verify.subjects.initializers import INITIALIZERS
from verify.subjects.layouts import LAYOUTS


def _changed_when_plain(trial: Trial) -> list[str]:
    return changed(blank(trial), seeded(trial))


def _changed_in_layout(name: str, trial: Trial) -> list[str]:
    laid = LAYOUTS[name](trial.case.shape, trial.dtype, trial.device)
    return changed(laid.tensor, seeded(trial))


def _fills_layout(name: str, trial: Trial) -> bool:
    """A layout in which the call is known to raise is the matter of the promise on layouts."""
    known = known_defects.for_cell(trial.cell, name)
    raising = tuple(defect for defect in known if defect.check == "raises")
    return known_defects.excluding(trial.case, raising) is None


def _changed_of_parameter(trial: Trial) -> list[str]:
    """The gradient is kept too; and what is not filled, where it is filled in part."""
    parameter = nn.Parameter(blank(trial))
    gradient = parameter.grad = torch.ones_like(parameter)
    found = changed(parameter, seeded(trial))
    if parameter.grad is not gradient or not identical(gradient, torch.ones_like(gradient)):
        found.append("grad")
    whole = nn.Parameter(torch.ones_like(blank(trial, 2)))
    seeded(trial)(whole[0])
    rest = identical(whole[1], torch.ones_like(whole[1]))
    return found if rest else [*found, "the part that is not filled"]


def _recorded(trial: Trial) -> list[str]:
    """A call is no step of a computation: not on a leaf, a part of one, or a result."""
    fill, leaf = seeded(trial), blank(trial).requires_grad_()
    whole, result = nn.Parameter(blank(trial, 2)), leaf.clone()
    history = result.grad_fn
    fill(result)
    fill(whole[0])
    fill(leaf)
    histories = {"a leaf": leaf.grad_fn, "a leaf that is filled in part": whole.grad_fn}
    found = [name for name, function in histories.items() if function is not None]
    return found if result.grad_fn is history else [*found, "a result"]


class _Kept(torch.autograd.Function):
    """Needs its input again in the backward pass, in every dtype."""

    @staticmethod
    def forward(ctx: BackwardCFunction, weight: Tensor) -> Tensor:
        ctx.save_for_backward(weight)
        return weight.new_zeros((), dtype=torch.float32)

    @staticmethod
    def backward(ctx: BackwardCFunction, *_: Tensor) -> Tensor:
        (weight,) = ctx.saved_tensors
        return torch.zeros_like(weight)


def _unnoticed(trial: Trial) -> list[str]:
    """A saved tensor whose version has moved on must not be used in a backward pass.

    It is the call that the pass is refused for: without it, it is not.
    """
    parameter, keep = nn.Parameter(blank(trial)), cast(Callable[..., Tensor], _Kept.apply)
    torch.autograd.grad(keep(parameter), parameter)
    kept, version = keep(parameter), parameter._version
    seeded(trial)(parameter)
    found = [] if parameter._version > version else ["the version stays"]
    try:
        torch.autograd.grad(kept, parameter)
    except RuntimeError:
        return found
    return [*found, "a backward pass uses the new values"]


_MODES: Mapping[str, Callable[[], AbstractContextManager[object]]] = {
    "no_grad": torch.no_grad,
    "enable_grad": torch.enable_grad,
    "inference_mode": torch.inference_mode,
}

_KINDS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "a Parameter": nn.Parameter,
    "a frozen Parameter": lambda tensor: nn.Parameter(tensor, requires_grad=False),
    "a tensor that requires a gradient": Tensor.requires_grad_,
}


def _others_under_modes(trial: Trial) -> list[str]:
    """Modes of autograd, and kinds of tensors, in which other values come from the same seed."""
    plain = filled_values(trial)
    ways = {name: filled_values(trial, within=mode) for name, mode in _MODES.items()}
    ways |= {name: filled_values(trial, prepare=kind) for name, kind in _KINDS.items()}
    return [name for name, values in ways.items() if not agree(trial, plain, values)]


def _moved(trial: Trial) -> list[str]:
    """A call without chance leaves the streams to those that need them."""
    fill, before = seeded(trial), torch_api.streams(trial.device)
    fill(blank(trial))
    return [] if alike(before, torch_api.streams(trial.device)) else ["the global stream moves"]


def _streamed(trial: Trial, stream: str) -> Tensor:
    """What the call fills from the global stream of that name."""
    tensor = blank(trial)
    seeded(trial, stream)(tensor)
    return tensor


def _generated(trial: Trial, generator: str, stream: str = "") -> Tensor:
    """What the call fills from one stream, while another one is the global stream."""
    own = stream_of(trial.target(generator))
    trial.target(stream)
    tensor = blank(trial)
    trial.filler(own)(tensor)
    return tensor


def _used_besides(trial: Trial) -> list[str]:
    """The generator is the one stream: the global one neither moves nor matters."""
    generator = stream_of(trial.target())
    before = torch_api.streams(trial.device)
    trial.filler(generator)(blank(trial))
    found = [] if alike(before, torch_api.streams(trial.device)) else ["the global stream moves"]
    one, other = (_generated(trial, "own", stream) for stream in ("one", "other"))
    return found if same(one, other) else [*found, "the global seed changes the values"]


def _undecided_by_generator(trial: Trial) -> list[str]:
    generator = stream_of(trial.target())
    before = generator.get_state()
    trial.filler(generator)(blank(trial))
    one, again, other = (_generated(trial, seed) for seed in ("one", "one", "other"))
    return [
        *(["the generator stays where it is"] if before.equal(generator.get_state()) else []),
        *([] if same(one, again) else ["one seed gives different values"]),
        *(["two seeds give the same values"] if same(one, other) else []),
    ]


def _undecided_by_stream(trial: Trial) -> list[str]:
    fill, before = seeded(trial), torch_api.streams(trial.device)
    fill(blank(trial))
    stays = alike(before, torch_api.streams(trial.device))
    one, again, other = (_streamed(trial, stream) for stream in ("one", "one", "other"))
    return [
        *(["the global stream stays where it is"] if stays else []),
        *([] if same(one, again) else ["one seed gives different values"]),
        *(["two seeds give the same values"] if same(one, other) else []),
    ]


def _changed_when_empty(axes: Iterable[int], trial: Trial) -> list[str]:
    """Without entries along one axis there is nothing to do, and that is done."""
    found = []
    for axis in axes:
        shape = list(trial.case.shape)
        if axis < len(shape):
            shape[axis] = 0
            empty = torch.empty(shape, dtype=trial.dtype, device=trial.device)
            found += [f"{what} at {shape}" for what in changed(empty, seeded(trial))]
    return found


def _has_axis(axis: int, trial: Trial) -> bool:
    """Whether there is an axis to be left without entries: of a scalar nothing is asked."""
    return filled(trial) and len(trial.case.shape) > axis


PROMISE = Promise(
    name="contract of the call",
    check="call",
    questions={
        "changes-a-plain-tensor": Question(
            "what else changes of a plain tensor", _changed_when_plain
        ),
        **{
            f"changes-a-tensor-laid-{name.replace('_', '-')}": Question(
                f"what else changes of a tensor that is laid {name}",
                partial(_changed_in_layout, name),
                partial(_fills_layout, name),
            )
            for name in LAYOUTS
        },
        "changes-a-parameter": Question("what else changes of a Parameter", _changed_of_parameter),
        "recorded-by-autograd": Question("what autograd records", _recorded),
        "unnoticed-by-autograd": Question("what autograd does not notice", _unnoticed, filled),
        "other-under-modes": Question(
            "where the same seed gives other values", _others_under_modes, filled
        ),
        "uses-a-stream": Question("streams that a call without chance uses", _moved, fixed),
        "uses-other-streams": Question(
            "streams that are used besides the generator", _used_besides, random
        ),
        "undecided-by-the-generator": Question(
            "what the generator does not decide", _undecided_by_generator, diffuse
        ),
        "undecided-by-the-stream": Question(
            "what the global stream does not decide", _undecided_by_stream, diffuse
        ),
        "without-channels": Question(
            "what goes wrong without channels",
            partial(_changed_when_empty, range(2)),
            partial(_has_axis, 0),
        ),
        "without-a-kernel": Question(
            "what goes wrong without a kernel",
            partial(_changed_when_empty, range(2, 8)),
            partial(_has_axis, 2),
        ),
    },
    words="the tensor itself is returned with other values and nothing else changed, autograd "
    "records nothing but notices it, and the values come from the given generator alone",
    formula="f(w, generator=g) is w; w ← f(state of g)",
    source="PyTorch documentation, torch.nn.init; notes on autograd mechanics (in-place "
    "correctness checks, locally disabling gradient computation) and on randomness",
    subjects=tuple(row.name for row in INITIALIZERS if not row.deprecated),
)
