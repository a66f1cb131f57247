"""Modules that are cast: what becomes of values, dtypes, gradients, and of the module itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from verify.behaviour.conversions.holder import Holder, asked, gradients, held, needed, tensors
from verify.behaviour.conversions.nearest import nearest, others
from verify.behaviour.parameters import networks
from verify.behaviour.promise import Question, Trial
from verify.behaviour.tensors import copied, differing, doubled, off
from verify.torch_api import state

_Call = Callable[[nn.Module, Trial], nn.Module]
_AGREE = 2.0**-20
"""Of the largest result: two runs in float64 agree by far more."""


@dataclass(frozen=True)
class Cast:
    """One way to cast a module.

    Attributes
    ----------
    call : callable
        Casts a module, and returns what the method returns.
    to : torch.dtype
        The dtype asked for.
    source : torch.dtype
        What the module was of.
    """

    call: _Call
    to: torch.dtype
    source: torch.dtype = torch.float32


CASTS: Mapping[str, Cast] = {
    "half()": Cast(lambda module, _: module.half(), torch.float16),
    "bfloat16()": Cast(lambda module, _: module.bfloat16(), torch.bfloat16),
    "double()": Cast(lambda module, _: module.double(), torch.float64),
    "float()": Cast(lambda module, _: module.float(), torch.float32, torch.float64),
    "float() of bfloat16": Cast(lambda module, _: module.float(), torch.float32, torch.bfloat16),
    "to(dtype)": Cast(lambda module, _: module.to(torch.float16), torch.float16),
    "to(device, dtype)": Cast(
        lambda module, trial: module.to(trial.device, torch.float32), torch.float32, torch.float64
    ),
    "to(tensor)": Cast(
        lambda module, trial: module.to(torch.zeros(1, dtype=torch.bfloat16, device=trial.device)),
        torch.bfloat16,
    ),
}
TYPES: Mapping[str, Cast] = {
    "type(float16)": Cast(lambda module, _: module.type(torch.float16), torch.float16),
    "type(float64)": Cast(lambda module, _: module.type(torch.float64), torch.float64),
}
EVERY = {**CASTS, **TYPES}


def possible(trial: Trial, casts: Mapping[str, Cast]) -> dict[str, Cast]:
    """The casts from and to dtypes that the backend has."""
    has = trial.cell.has
    return {by: cast for by, cast in casts.items() if has(cast.source) and has(cast.to)}


def _each(trial: Trial, casts: Mapping[str, Cast]) -> Iterator[tuple[str, Cast, Holder]]:
    for name, cast in possible(trial, casts).items():
        yield name, cast, held(trial, cast.source)


def unequal(
    before: Mapping[str, Tensor], after: Mapping[str, Tensor], to: torch.dtype
) -> list[str]:
    """Names of floating numbers that are not the nearest ones of a dtype, or not of it."""
    old = {name: each for name, each in before.items() if each.is_floating_point()}
    form = {name: (to, each.shape) for name, each in old.items()}
    wrong = [name for name in old if (after[name].dtype, after[name].shape) != form[name]]
    cast = [name for name in old if name not in wrong]
    if not cast:
        return wrong
    numbers = nearest(_joined(old[name] for name in cast), to)
    made = _joined(after[name] for name in cast)
    parts = torch.split(others(numbers, made), [old[name].numel() for name in cast])
    return [*wrong, *(name for name, part in zip(cast, parts, strict=True) if part.any())]


def _joined(tensors: Iterable[Tensor]) -> Tensor:
    return torch.cat([doubled(tensor.detach()).flatten() for tensor in tensors])


def not_nearest(trial: Trial) -> list[str]:
    """Parameters and buffers, at every depth, saved or not, and none is lost."""
    found = list[str]()
    for by, cast, holder in _each(trial, EVERY):
        before = copied(state(holder))
        cast.call(holder, trial)
        found += [f"{name} by {by}" for name in unequal(before, state(holder), cast.to)]
    return found


def gradients_not_nearest(trial: Trial) -> list[str]:
    """A gradient has the dtype of its parameter, at every time."""
    found = list[str]()
    for by, cast, holder in _each(trial, EVERY):
        before = copied(gradients(holder))
        cast.call(holder, trial)
        after = gradients(holder)
        lost = [name for name in before if name not in after]
        found += [f"{name} by {by}" for name in lost or unequal(before, after, cast.to)]
    return found


def _whole(holder: nn.Module) -> dict[str, Tensor]:
    return {n: t for n, t in copied(state(holder)).items() if not t.is_floating_point()}


def wrong_whole_numbers(trial: Trial) -> list[str]:
    """Counters and masks stay what they are, but under `type`, which casts all."""
    found = list[str]()
    for by, cast, holder in _each(trial, EVERY):
        expected = _whole(holder)
        if by in TYPES:
            expected = {name: each.to(cast.to) for name, each in expected.items()}
        cast.call(holder, trial)
        after = {name: state(holder)[name] for name in expected}
        found += [f"{name} by {by}" for name in differing(expected, after)]
    return found


def flags(module: nn.Module) -> dict[str, object]:
    """What is frozen, what is a leaf, and the modes."""
    named = module.named_parameters(remove_duplicate=False)
    learns = {f"what {name} requires": (p.requires_grad, p.is_leaf) for name, p in named}
    modes = {
        f"the mode of {name or 'the module'}": m.training for name, m in module.named_modules()
    }
    return learns | modes


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Names of what is otherwise, or lost."""
    return [name for name, each in before.items() if after.get(name) != each]


def replaced(trial: Trial) -> list[str]:
    """The module is returned; its parameters are the same objects, tied and frozen as before."""
    found = list[str]()
    for by, cast, holder in _each(trial, CASTS):
        # Objects, not their addresses: what is freed gives its address away.
        before, objects = flags(holder), dict(holder.named_parameters(remove_duplicate=False))
        returned = cast.call(holder, trial)
        after = dict(holder.named_parameters(remove_duplicate=False))
        wrong = [name for name, each in objects.items() if after.get(name) is not each]
        wrong += [] if returned is holder else ["what is returned"]
        found += [f"{name} by {by}" for name in [*wrong, *changed(before, flags(holder))]]
    return found


def lost_on_the_way_back(trial: Trial) -> list[str]:
    """Float64 has room for every bit of float32."""
    holder, wide = held(trial), needed(trial, torch.float64)
    before = copied(state(holder))
    holder.to(wide).float()
    # What is no number stays so, with whatever payload.
    return unequal(before, state(holder), torch.float32)


def not_refused(trial: Trial) -> list[str]:
    """`to` only accepts floating point or complex dtypes, and leaves the module as it was."""
    found = list[str]()
    for dtype in (torch.int32, torch.bool):
        holder = held(trial)
        before = {name: each.dtype for name, each in tensors(holder).items()}
        try:
            holder.to(dtype)
            found.append(f"{dtype} is taken")
        except (TypeError, ValueError, RuntimeError):
            after = {name: each.dtype for name, each in tensors(holder).items()}
            found += [f"{name} once {dtype} is refused" for name in changed(before, after)]
    return found


def computed_otherwise(trial: Trial) -> list[str]:
    """A module that is cast does what a module does that was built in the dtype."""
    target = replace(trial.target(), dtype=needed(trial, torch.float64))
    module, built = _positive(trial), trial.row.build(trial.case, target).eval()
    built.load_state_dict(module.state_dict())
    wide = replace(trial, cell=replace(trial.cell, dtype_name="float64"))
    made, expected = (networks.output(wide, each) for each in (module.double(), built))
    bound = _AGREE * float(expected.detach().abs().max()) if expected.numel() else 0.0
    return off("the output", made.detach(), expected.detach(), bound) if made.numel() else []


def _positive(trial: Trial) -> nn.Module:
    """A module away from its start, of variances that are possible, in evaluation mode."""
    module = networks.scrambled(trial).eval()
    for tensor in state(module).values():
        tensor.abs_()
    return module


def _has_inputs(trial: Trial) -> bool:
    return trial.row.name in networks.SUBJECTS


QUESTIONS = {
    "not-nearest": Question("numbers that are not the nearest", not_nearest, asked),
    "gradients-not-nearest": Question(
        "gradients that are not the nearest", gradients_not_nearest, asked
    ),
    "whole-numbers-otherwise": Question(
        "whole numbers that are otherwise", wrong_whole_numbers, asked
    ),
    "replaced": Question("what a cast replaces or changes besides", replaced, asked),
    "lost-on-the-way-back": Question("bits lost in float64 and back", lost_on_the_way_back, asked),
    "whole-dtypes-not-refused": Question("dtypes that are not refused", not_refused, asked),
    "computed-otherwise": Question(
        "what a module that is cast computes otherwise", computed_otherwise, _has_inputs
    ),
}
