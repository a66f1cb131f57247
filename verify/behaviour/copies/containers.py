"""Copies of containers: what they hold, in which order, under which keys."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from verify.behaviour.copies.ways import WAYS, held, unlike_tensor
from verify.behaviour.promise import Trial

_KEYED = (nn.ModuleDict, nn.ParameterDict)


def _containers(trial: Trial) -> dict[str, Any]:
    """Containers of two, of which the later has the larger name."""
    factory, device = trial.target().factory, trial.device
    modules = {name: nn.Linear(2, 1 + i, **factory) for i, name in enumerate("zab")}
    tensors = {
        name: nn.Parameter(torch.full((2,), i + 1.0, device=device)) for i, name in enumerate("zab")
    }
    return {
        "Sequential": nn.Sequential(*modules.values()),
        "ModuleList": nn.ModuleList(modules.values()),
        "ModuleDict": nn.ModuleDict(modules),
        "ParameterList": nn.ParameterList(tensors.values()),
        "ParameterDict": nn.ParameterDict(tensors),
    }


def _unlike(of: Any, twin: Any) -> list[str]:
    """What is otherwise of a container: its class, its tensors, its keys and their order."""
    found = [] if type(twin) is type(of) and len(twin) == len(of) else ["class or length"]
    tensors, copies = held(of), held(twin)
    found += [] if [*tensors] == [*copies] else ["names"]
    for name in tensors.keys() & copies.keys():
        found += unlike_tensor(name, tensors[name], copies[name])
    entries = {**copies, **dict(twin.named_children())}
    keys = [*of] if isinstance(of, _KEYED) else range(len(of))
    reached = [twin[key] is entries.get(f"{key}") for key in keys]
    return found if all(reached) else [*found, "entries"]


def _add(container: Any) -> None:
    """One more entry."""
    if isinstance(container, _KEYED):
        container.update({"more": container["z"]})
    else:
        container.append(container[0])


def otherwise(trial: Trial) -> list[str]:
    """A copy holds what its original holds, and is changed by itself."""
    found = list[str]()
    for kind, container in _containers(trial).items():
        for way, make in WAYS.items():
            twin = make(container)
            found += [f"{kind}: {what} by {way}" for what in _unlike(container, twin)]
            _add(twin)
            kept = len(container) == 3 and len(twin) == 4
            found += [] if kept else [f"{kind}: shared entries by {way}"]
    return found
