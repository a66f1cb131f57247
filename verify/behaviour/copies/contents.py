"""What copies of whole modules hold: all that their originals hold."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from verify import torch_api
from verify.behaviour.calls import alike
from verify.behaviour.copies.ways import (
    NOTE,
    WAYS,
    furnished,
    held,
    noted,
    off,
    pickled,
    same_bits,
    unlike_module,
    unlike_tensor,
)
from verify.behaviour.parameters.networks import output, scrambled
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import copied, is_over, through_file


def _otherwise(trial: Trial, way: Callable[[Any], Any]) -> list[str]:
    """Everything is as in the original, which stays; hooks too, which are given the copy."""
    module, kept = furnished(trial), furnished(trial)
    for parameter in module.parameters():
        parameter.grad = torch.ones_like(parameter)
    twin = way(module)
    found = unlike_module(module, twin)
    found += [f"{what} of the original" for what in unlike_module(kept, module)]
    found += [f"{n}.grad of the original" for n in _other_gradients(module)]
    module.zero_grad()
    twin.zero_grad()
    module.noted.clear()  # Of what reading the states has called.
    called = noted(trial, twin)
    found += ["a hook of the original is called"] if module.noted else []
    found += [] if called == noted(trial, module) else ["hooks"]
    return [*found, "outputs"] if off(output(trial, twin), output(trial, module)) else found


def _other_gradients(module: nn.Module) -> list[str]:
    """Names of the parameters whose gradient is not one everywhere."""
    return [
        n for n, p in module.named_parameters() if p.grad is None or bool((p.grad.cpu() != 1).any())
    ]


def otherwise_by_deepcopy(trial: Trial) -> list[str]:
    """By ``copy.deepcopy``, which is asked for without gradients too."""
    found, module = _otherwise(trial, copy.deepcopy), furnished(trial)
    with torch.no_grad():
        twin = copy.deepcopy(module)
    return found + [f"{what} under no_grad" for what in unlike_module(module, twin)]


def otherwise_by_pickle(trial: Trial) -> list[str]:
    """By the oldest protocol that knows classes, and by the newest."""
    protocols = (2, pickle.HIGHEST_PROTOCOL)
    wrong = {p: _otherwise(trial, partial(pickled, protocol=p)) for p in protocols}
    return [f"{what} by protocol {p}" for p, found in wrong.items() for what in found]


def otherwise_by_file(trial: Trial) -> list[str]:
    """By ``torch.save`` and ``torch.load``, which takes parameters as weights too."""
    found, module = _otherwise(trial, WAYS["file"]), furnished(trial)
    weights = dict(module.named_parameters())
    loaded = through_file(weights, weights_only=True)
    unlike = {name: unlike_tensor(name, of, loaded[name]) for name, of in weights.items()}
    return found + [f"{what}, weights only" for each in unlike.values() for what in each]


def unshared_by_copy(trial: Trial) -> list[str]:
    """``copy.copy`` makes another module of the same objects, and names of its own."""
    module = furnished(trial)
    twin = copy.copy(module)
    found = [] if twin is not module and type(twin) is type(module) else ["the module"]
    found += [name for name, tensor in held(module).items() if held(twin).get(name) is not tensor]
    parts = dict(twin.named_children())
    found += [name for name, part in module.named_children() if parts.get(name) is not part]
    found += [] if twin.note is module.note else ["an attribute"]
    twin.note = None
    found += [] if module.note is not None else ["the name of an attribute"]
    alone = copy.copy(module.turned)
    found += [] if type(alone) is nn.Parameter and is_over(alone, module.turned) else ["memory"]
    return found if not alone.requires_grad else [*found, "requires_grad"]


def drawn(trial: Trial) -> list[str]:
    """Copies draw nothing, though modules draw when they are built."""
    found = list[str]()
    for way, make in {**WAYS, "copy": copy.copy}.items():
        module = furnished(trial)
        trial.target()  # For its effect: the streams start anew.
        before = torch_api.streams(trial.device)
        make(module)
        moved = not alike(before, torch_api.streams(trial.device))
        found += [f"the global stream by {way}"] if moved else []
    return found


def lost_attributes(trial: Trial) -> list[str]:
    """An attribute of a parameter is copied with it."""
    return _without_note(copy.deepcopy(_annotated(trial)))


def lost_by_pickle(trial: Trial) -> list[str]:
    """So it is by pickle, and by ``torch.save`` and ``torch.load``."""
    ways = {name: WAYS[name] for name in ("pickle", "file")}
    lost = {name: _without_note(make(_annotated(trial))) for name, make in ways.items()}
    return [f"{what} by {name}" for name, found in lost.items() for what in found]


def _annotated(trial: Trial) -> nn.Module:
    """A module whose parameters have an attribute."""
    module = scrambled(trial)
    for parameter in module.parameters():
        vars(parameter)["note"] = {"steps": [*NOTE["steps"]]}
    return module


def _without_note(module: nn.Module) -> list[str]:
    return [n for n, p in module.named_parameters() if getattr(p, "note", None) != NOTE]


def lost_gradients(trial: Trial) -> list[str]:
    """A gradient is copied with its parameter."""
    module = scrambled(trial)
    for parameter in module.parameters():
        parameter.grad = torch.ones_like(parameter)
    return _other_gradients(copy.deepcopy(module))


def parted_views(trial: Trial) -> list[str]:
    """Parameters over one memory have one memory in the copy too."""
    whole = torch.zeros(4, device=trial.device)
    network = nn.ParameterList([nn.Parameter(whole), nn.Parameter(whole[1:])])
    first, second = copy.deepcopy(network)
    first.data.fill_(2)
    return [] if bool((second.cpu() == 2).all()) else ["views of one memory"]


class _Named(nn.Parameter):
    """A class of parameters of one's own."""


def lost_classes(trial: Trial) -> list[str]:
    """A class of one's own survives pickle and files, as that of any other object."""
    own = _Named(torch.ones(2, device=trial.device))
    ways = {**{name: WAYS[name] for name in ("pickle", "file")}, "copy": copy.copy}
    return [way for way, make in ways.items() if type(make(own)) is not _Named]


def unrestored(trial: Trial) -> list[str]:
    """A copy of a state is of that moment, and brings it back."""
    found = list[str]()
    for way, make in WAYS.items():
        module = furnished(trial)
        before, kept = copied(held(module)), make(module.state_dict())
        with torch.no_grad():
            for tensor in held(module).values():
                tensor.fill_(3)
        told = module.load_state_dict(kept)
        now = {n: t for n, t in held(module).items() if n != "passing"}
        found += [f"{n} by {way}" for n, t in now.items() if not same_bits(before[n], t)]
        found += [f"a name by {way}"] if any(told) else []
    return found
