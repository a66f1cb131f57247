"""Lazy modules that are cast before their first input, as they are documented to need it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import nn

from verify.behaviour.conversions.dtypes import CASTS, Cast, possible
from verify.behaviour.conversions.future import OVERWRITE, SWAP, only
from verify.behaviour.conversions.holder import asked_once, tensors
from verify.behaviour.promise import Question, Trial
from verify.torch_api import state, uninitialised

_MADE: Mapping[str, Callable[..., nn.Module]] = {
    "Linear": partial(nn.LazyLinear, 3),
    "Conv1d": partial(nn.LazyConv1d, 3, 2),
    "BatchNorm1d": nn.LazyBatchNorm1d,
}
_CASTS = {by: cast for by, cast in CASTS.items() if by in ("double()", "to(tensor)")}


def wrong_after_cast(trial: Trial) -> list[str]:
    """“The usual dtype and device placement behavior applies”: LazyModuleMixin."""
    return [
        f"{each} of {name} by {by}"
        for name, make in _MADE.items()
        for by, cast in possible(trial, _CASTS).items()
        for each in _wrong(trial, name, make(), cast)
    ]


def _wrong(trial: Trial, name: str, module: nn.Module, cast: Cast) -> list[str]:
    """What is not of the dtype once there was an input, and what is no counterpart."""
    module = cast.call(module.to(trial.device), trial)
    made = module(trial.normals(2, 4, 5, of="input").to(cast.to))
    found = [] if type(module).__name__ == name else [f"the class {type(module).__name__}"]
    found += [] if made.dtype == cast.to else ["the output"]
    counters = {"num_batches_tracked"}
    expected = {n: torch.int64 if n in counters else cast.to for n in state(module)}
    return found + [n for n, tensor in state(module).items() if tensor.dtype != expected[n]]


def _known(trial: Trial, name: str, call: Callable[[nn.Module, Trial], nn.Module]) -> list[str]:
    """What a lazy module no longer waits for once it is converted."""
    lazy = _MADE[name](device=trial.device)
    waiting = [each for each, tensor in tensors(lazy).items() if uninitialised(tensor)]
    after = tensors(call(lazy, trial))
    return [f"{each} of {name}" for each in waiting if not uninitialised(after[each])]


def known_by_settings(trial: Trial) -> list[str]:
    """Parameters that are new, or swapped, wait for the first input as the old ones did."""
    found = list[str]()
    cast, *_ = possible(trial, _CASTS).values()
    for setting in (OVERWRITE, SWAP):
        with only(setting):
            wrong = [each for name in _MADE for each in _known(trial, name, cast.call)]
        found += [f"{each} with {setting}" for each in wrong]
    return found


def known_on_meta(trial: Trial) -> list[str]:
    """A move to the meta device knows no more of sizes."""
    return [each for name in _MADE for each in _known(trial, name, lambda m, _: m.to("meta"))]


QUESTIONS = {
    "lazy-of-another-dtype": Question(
        "what a lazy module that is cast makes otherwise", wrong_after_cast, asked_once
    ),
    "lazy-spoilt-by-settings": Question(
        "what a lazy module is said to know by settings", known_by_settings, asked_once
    ),
    "lazy-spoilt-on-meta": Question(
        "what a lazy module is said to know on the meta device", known_on_meta, asked_once
    ),
}
