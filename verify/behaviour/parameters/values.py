"""Switches and round trips: modes, states, dtypes, files and vectors change no value.

Values are copied, or converted to a dtype that has room for them: there is nothing to round, and
they are compared bit by bit. What does not fit is refused; `load_state_dict` is documented to
enforce its keys, and no class of exception is named for it.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from verify.behaviour.parameters.access import refuses
from verify.behaviour.parameters.networks import (
    Blocks,
    attribute,
    names,
    other_dtype,
    owned,
    scrambled,
)
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import copied, differing, identical, is_over, through_file
from verify.subjects.refusals.refusal import REFUSED
from verify.torch_api import state


def changed_by_modes(trial: Trial) -> list[str]:
    """train() and eval() reach every module, return the first, and touch no tensor."""
    network = Blocks.apart(trial).network
    before, found = copied(state(network)), list[str]()
    for switch, expected in (
        (network.eval, False),
        (network.train, True),
        (lambda: network.train(False), False),
    ):
        returned = switch()
        late = [name for name, m in network.named_modules() if m.training != expected]
        found += [f"the mode of {name or 'the network'}" for name in late]
        found += [] if returned is network else ["what is returned"]
    return found + differing(before, state(network))


def _loaded_with(module: nn.Module, saved: Mapping[str, Tensor], **options: bool) -> list[str]:
    """What loading says is missing or unexpected."""
    missing, unexpected = module.load_state_dict(saved, **options)
    return [
        *(f"{name} missing" for name in missing),
        *(f"{name} unexpected" for name in unexpected),
    ]


def lost_by_state(trial: Trial) -> list[str]:
    """Values are copied into the parameters that are there."""
    module, other = scrambled(trial), scrambled(trial, "other")
    before, held = copied(state(module)), owned(trial, other)
    found = _loaded_with(other, module.state_dict())
    found += differing(before, state(other))
    found += [f"{n} is another" for n, p in held.items() if attribute(other, n) is not p]
    for tensor in state(module).values():
        tensor.zero_()
    return found + [f"{n} is not its own" for n in differing(before, state(other))]


def lost_by_assigning(trial: Trial) -> list[str]:
    """With assign=True the tensors of the state are taken as they are; what is frozen stays so."""
    module, other = scrambled(trial).to(other_dtype(trial)), scrambled(trial, "other")
    frozen = list(owned(trial, other))[::2]
    for name in frozen:
        owned(trial, other)[name].requires_grad_(False)
    saved = module.state_dict()
    found = _loaded_with(other, saved, assign=True) + differing(saved, state(other))
    found += [n for n, t in state(other).items() if not is_over(t, saved[n])]
    flags = {name: p.requires_grad for name, p in owned(trial, other).items()}
    return found + [n for n in names(trial) if n in flags and flags[n] == (n in frozen)]


def lost_by_dtype(trial: Trial) -> list[str]:
    """To a dtype that has room for the values, to the host, and back; the module is returned."""
    module, other = scrambled(trial), other_dtype(trial)
    for tensor in state(module).values():
        tensor.copy_(tensor.to(other))  # Numbers that the other dtype has, too.
    before = copied(state(module))
    returned = module.to(other)
    floating = {n: t for n, t in state(module).items() if t.is_floating_point()}
    found = [f"{n} is {t.dtype}" for n, t in floating.items() if t.dtype != other]
    found += [] if returned is module else ["what is returned"]
    found += differing(before, state(module.to(trial.dtype)))
    return found + differing(before, state(module.to("cpu").to(trial.device)))


def lost_by_file(trial: Trial) -> list[str]:
    """A state, and a whole module with what is frozen and in which mode it is."""
    module = scrambled(trial).eval()
    frozen = list(owned(trial, module))[::2]
    for name in frozen:
        owned(trial, module)[name].requires_grad_(False)
    saved = through_file(module.state_dict(), weights_only=True)
    whole = through_file(module, weights_only=False)
    found = [f"{name} of a state" for name in differing(state(module), saved)]
    found += [f"{name} of a module" for name in differing(state(module), state(whole))]
    found += [n for n, p in owned(trial, whole).items() if p.requires_grad == (n in frozen)]
    return [*found, "the mode"] if any(m.training for m in whole.modules()) else found


def _refusal_text(module: nn.Module, saved: Mapping[str, Tensor]) -> str:
    """What a strict load says; nothing where it does not refuse."""
    try:
        module.load_state_dict(saved)
    except REFUSED as refusal:
        return str(refusal)
    return ""


def wrong_keys_taken(trial: Trial) -> list[str]:
    """One name too few, one too many: refused and named, or reported and the rest loaded."""
    module, found = scrambled(trial), list[str]()
    before, held = copied(state(module)), names(trial)
    for name in dict.fromkeys([*held[:1], *held[-1:]]):
        lacking = module.state_dict()
        del lacking[name]
        other = scrambled(trial, "other")
        start = copied(state(other))
        found += [] if name in _refusal_text(other, lacking) else [f"{name} missing is taken"]
        said = _loaded_with(other, lacking, strict=False)
        found += [] if said == [f"{name} missing"] else [f"{name}: {said} told"]
        found += differing(before | {name: start[name]}, state(other))
    surplus = module.state_dict()
    surplus["surplus"] = torch.zeros(1)
    other = scrambled(trial, "other")
    found += [] if "surplus" in _refusal_text(other, surplus) else ["a surplus name is taken"]
    said = _loaded_with(other, surplus, strict=False)
    found += [] if said == ["surplus unexpected"] else [f"a surplus name: {said} told"]
    return found + differing(before, state(other))


def wrong_shapes_taken(trial: Trial) -> list[str]:
    """A row too many is an error, strict or not."""
    module, found = scrambled(trial), list[str]()
    for name, parameter in owned(trial, module).items():
        saved = module.state_dict()
        saved[name] = torch.cat([parameter.detach(), parameter.detach()[:1]])
        for strict in (True, False):
            if not refuses(lambda: module.load_state_dict(saved, strict=strict), REFUSED):  # noqa: B023
                found.append(f"{name} with strict={strict}")
    return found


def lost_by_vector(trial: Trial) -> list[str]:
    """All parameters one after another as one vector, and back."""
    module, other = scrambled(trial), scrambled(trial, "other")
    vector = nn.utils.parameters_to_vector(module.parameters()).detach()
    parts = [parameter.detach().flatten() for parameter in module.parameters()]
    found = [] if identical(vector, torch.cat(parts)) else ["the vector"]
    nn.utils.vector_to_parameters(vector.clone(), other.parameters())
    found += differing(copied(owned(trial, module)), copied(owned(trial, other)))
    return found + [n for n, p in owned(trial, other).items() if not p.requires_grad]
