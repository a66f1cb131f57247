"""What `torch.__future__` changes of conversions: parameters are new ones, or swapped."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from verify.behaviour.conversions.dtypes import CASTS, Cast, changed, flags, possible, unequal
from verify.behaviour.conversions.holder import Holder, asked, gradients, held, tensors
from verify.behaviour.promise import Question, Trial
from verify.behaviour.tensors import copied, differing
from verify.torch_api import state

_CALLS = ("half()", "double()", "float()", "to(tensor)")
_CASTS = {by: cast for by, cast in CASTS.items() if by in _CALLS}
OVERWRITE, SWAP = "overwrite_module_params_on_conversion", "swap_module_params_on_conversion"


@contextlib.contextmanager
def only(*settings: str) -> Iterator[None]:
    """Some settings on, and all as they were afterwards."""
    before = {name: _get(name) for name in (OVERWRITE, SWAP)}
    try:
        for name in before:
            _put(name, name in settings)
        yield
    finally:
        for name, value in before.items():
            _put(name, value)


def _get(name: str) -> bool:
    return bool(getattr(torch.__future__, f"get_{name}")())


def _put(name: str, value: bool) -> None:
    getattr(torch.__future__, f"set_{name}")(value)


def not_set(_trial: Trial) -> list[str]:
    """Neither is set from the start; each is what it is set to, and leaves the other alone."""
    found = [f"{name} from the start" for name in (OVERWRITE, SWAP) if _get(name)]
    for settings in ((OVERWRITE,), (SWAP,), (OVERWRITE, SWAP), ()):
        with only(*settings):
            wrong = [name for name in (OVERWRITE, SWAP) if _get(name) != (name in settings)]
        found += [f"{name} of {', '.join(settings) or 'none'}" for name in wrong]
    return found


def _objects(module: nn.Module) -> dict[str, Tensor]:
    """Every parameter itself, by each of its names."""
    return dict(module.named_parameters(remove_duplicate=False))


def _empty(module: nn.Module, trial: Trial) -> nn.Module:
    return module.to_empty(device=trial.device)


def _to_meta(module: nn.Module, _: Trial) -> nn.Module:
    return module.to("meta")


_MOVES: Mapping[str, Callable[[nn.Module, Trial], nn.Module]] = {
    "to_empty": _empty,
    "to(meta)": _to_meta,
}
"""Conversions of memory alone, beside the casts."""


def kept_when_overwriting(trial: Trial) -> list[str]:
    """Every parameter is a new one; the old ones keep their values, dtypes and gradients."""
    found = list[str]()
    calls = {by: (cast.call, cast.source) for by, cast in possible(trial, _CASTS).items()}
    calls |= {by: (move, torch.float32) for by, move in _MOVES.items()}
    for by, (call, source) in calls.items():
        holder = held(trial, source)
        old, slopes = _objects(holder), gradients(holder)
        values, before = copied(old), copied(slopes)
        with only(OVERWRITE):
            call(holder, trial)
        new = _objects(holder)
        wrong = [f"{name} is the old one" for name in old if new[name] is old[name]]
        wrong += [f"{n} is no parameter" for n, p in new.items() if not isinstance(p, nn.Parameter)]
        wrong += [f"the old {n}" for n in _other(values, old)]
        wrong += [f"the old gradient of {n}" for n in _other(before, slopes)]
        found += [f"{each} by {by}" for each in wrong]
    return found


def _other(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> list[str]:
    """Names of tensors that are of another dtype, or of other numbers."""
    return [name for name, each in before.items() if unequal({name: each}, after, each.dtype)]


def _wrong_cast(trial: Trial, cast: Cast, *settings: str) -> tuple[Holder, list[str]]:
    """A module that is cast under some settings, and what is not as it is without them."""
    holder = held(trial, cast.source)
    values, slopes, before = copied(state(holder)), copied(gradients(holder)), flags(holder)
    with only(*settings):
        returned = cast.call(holder, trial)
    found = unequal(values, state(holder), cast.to)
    after = gradients(holder)
    lost = [name for name in slopes if name not in after]
    found += [f"the gradient of {n}" for n in lost or unequal(slopes, after, cast.to)]
    found += changed(before, flags(holder))
    return holder, found if returned is holder else [*found, "what is returned"]


def wrong_when_overwriting(trial: Trial) -> list[str]:
    """Values, gradients, what is frozen, and the modes are those of any cast."""
    return [
        f"{each} by {by}"
        for by, cast in possible(trial, _CASTS).items()
        for each in _wrong_cast(trial, cast, OVERWRITE)[1]
    ]


def wrong_when_swapping(trial: Trial) -> list[str]:
    """As without: values, gradients and flags, whatever the other setting."""
    return [
        f"{each} by {by} with {' and '.join(settings)}"
        for settings in ((SWAP,), (SWAP, OVERWRITE))
        for by, cast in possible(trial, _CASTS).items()
        for each in _wrong_cast(trial, cast, *settings)[1]
    ]


def replaced_when_swapping(trial: Trial) -> list[str]:
    """The same objects, tied as before, even from one device to another; it takes precedence."""
    found = list[str]()
    casts = possible(trial, _CASTS)
    calls = {by: cast.call for by, cast in casts.items() if cast.source == torch.float32}
    for by, call in {**calls, **_MOVES}.items():
        for settings in ((SWAP,), (SWAP, OVERWRITE)):
            holder = held(trial)
            before = _objects(holder)
            with only(*settings):
                call(holder, trial)
            after = _objects(holder)
            wrong = [name for name, each in before.items() if after[name] is not each]
            found += [f"{name} by {by} with {' and '.join(settings)}" for name in wrong]
    return found


class _Doubling(TorchFunctionMode):
    """A context in which what `module_load` makes of a value is twice the value."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        if func is not torch.Tensor.module_load:
            return func(*args, **(kwargs or {}))
        self.calls += 1
        return (2 * args[1]).detach()


def _finite(module: nn.Module) -> nn.Module:
    for tensor in state(module).values():
        if tensor.is_floating_point():
            tensor.nan_to_num_(0.0, 1.0, -1.0).clamp_(-1, 1)
    return module


def loaded_otherwise(trial: Trial) -> list[str]:
    """What `module_load` returns is swapped in, for every parameter and buffer of the state."""
    holder, saved = held(trial), copied(_finite(held(trial)).state_dict())
    before, facts = tensors(holder), flags(holder)
    with only(SWAP), _Doubling():
        holder.load_state_dict(saved)
    after = tensors(holder)
    expected = {name: 2 * each for name, each in saved.items()}
    found = differing(expected, {name: after[name].detach() for name in saved})
    found += [f"{name} is another" for name in saved if after[name] is not before[name]]
    return found + changed(facts, flags(holder))


def loaded_by_swapping(trial: Trial) -> list[str]:
    """Without the setting values are copied, and `module_load` is not used."""
    holder, saved = held(trial), copied(_finite(held(trial)).state_dict())
    with only(), _Doubling() as mode:
        holder.load_state_dict(saved)
    after = {name: each for name, each in state(holder).items() if name in saved}
    return differing(saved, after) + (["module_load is used"] if mode.calls else [])


QUESTIONS = {
    "settings-otherwise": Question("settings that are otherwise", not_set, asked),
    "kept-when-overwriting": Question(
        "what is not new when parameters are overwritten", kept_when_overwriting, asked
    ),
    "wrong-when-overwriting": Question(
        "what is cast otherwise when parameters are overwritten", wrong_when_overwriting, asked
    ),
    "replaced-when-swapping": Question(
        "parameters that are replaced instead of swapped", replaced_when_swapping, asked
    ),
    "wrong-when-swapping": Question(
        "what is cast otherwise when parameters are swapped", wrong_when_swapping, asked
    ),
    "loaded-otherwise-when-swapping": Question(
        "what is loaded otherwise when parameters are swapped", loaded_otherwise, asked
    ),
    "loaded-by-swapping": Question("what is loaded by swapping unasked", loaded_by_swapping, asked),
}
