"""What learns and what rests: frozen and replaced parameters, accumulated and zeroed gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.parameters.networks import attribute, backward, output, owned
from verify.behaviour.promise import Trial
from verify.behaviour.rounding import gamma, least
from verify.behaviour.tensors import copied, differing, doubled, off

_CALLS = 3
_ROUNDINGS = 64
"""Additions to a gradient in all calls, generously counted."""


def _fade(trial: Trial, module: nn.Module) -> list[torch.optim.Optimizer]:
    """Optimizers under which even a gradient of zero moves every weight that is not zero."""
    fading = torch.optim.SGD(module.parameters(), lr=0.5, momentum=0.9, weight_decay=0.5)
    return [fading, torch.optim.AdamW(module.parameters(), lr=0.5, weight_decay=0.5)]


def _graded(tensors: Mapping[str, Tensor]) -> set[str]:
    return {name for name, tensor in tensors.items() if tensor.grad is not None}


def _wrongly_graded(found: set[str], expected: set[str], when: str) -> list[str]:
    return [
        *(f"{name} has a gradient {when}" for name in sorted(found - expected)),
        *(f"{name} has no gradient {when}" for name in sorted(expected - found)),
    ]


def wrong_when_partly_frozen(trial: Trial) -> list[str]:
    """Every other parameter frozen: no gradient and no step; and all of them learn once thawed."""
    module = trial.build()
    every = owned(trial, module)
    frozen = {name: every[name] for name in list(every)[::2]}
    for parameter in frozen.values():
        parameter.requires_grad_(False)
    found = _wrongly_graded(_graded(every), set(), "before the first backward")
    backward(trial, module)
    found += _wrongly_graded(_graded(every), every.keys() - frozen.keys(), "when partly frozen")
    before = copied(frozen)
    for optimizer in _fade(trial, module):
        optimizer.step()
    found += [f"{name} in a step" for name in differing(before, copied(frozen))]
    for parameter in frozen.values():
        parameter.requires_grad_()
    backward(trial, module)
    return found + _wrongly_graded(_graded(every), {*every}, "when thawed")


def wrong_when_frozen(trial: Trial) -> list[str]:
    """The whole module, which is returned: it makes what nothing can be learned from."""
    module = trial.build()
    every, returned = owned(trial, module), module.requires_grad_(False)
    found = [f"{name} requires a gradient" for name, p in every.items() if p.requires_grad]
    found += [] if returned is module else ["what is returned"]
    found += ["the output requires a gradient"] if output(trial, module).requires_grad else []
    module.requires_grad_()
    found += [f"{name} stays frozen" for name, p in every.items() if not p.requires_grad]
    backward(trial, module)
    return found + _wrongly_graded(_graded(every), {*every}, "when thawed")


def thawed_by_reset(trial: Trial) -> list[str]:
    """New values, in the very same parameters, which stay frozen."""
    module = trial.build().requires_grad_(False)
    before = owned(trial, module)
    torch_api.reset(module)
    after = owned(trial, module)
    return [n for n in before if after.get(n) is not before[n] or after[n].requires_grad]


def is_reset(trial: Trial) -> bool:
    """Whether the module promises a reset."""
    return trial.row.resets


def wrong_when_replaced(trial: Trial) -> list[str]:
    """The new parameters take the old ones' names and learn; the old ones rest."""
    module = trial.build()
    old = owned(trial, module)
    before, optimizers = copied(old), _fade(trial, module)
    new = {name: nn.Parameter(trial.normals(*p.shape, of=name)) for name, p in old.items()}
    listed = [name for name, _ in module.named_parameters()]
    for name, parameter in new.items():
        path, _, last = name.rpartition(".")
        setattr(module.get_submodule(path), last, parameter)
    backward(trial, module)
    for optimizer in optimizers:
        optimizer.step()
    named = dict(module.named_parameters())
    return [
        *(name for name in new if named.get(name) is not attribute(module, name)),
        *(name for name, parameter in new.items() if named.get(name) is not parameter),
        *([] if [*named] == listed else ["the order"]),
        *_wrongly_graded(_graded(new), {*new}, "although it is new"),
        *_wrongly_graded(_graded(old), set(), "although it is replaced"),
        *(f"{name}, replaced, in a step" for name in differing(before, copied(old))),
    ]


def _keep(where: list[Tensor], gradient: Tensor) -> None:
    where.append(gradient.clone())


def off_accumulated(trial: Trial) -> list[str]:
    """Each backward call adds what autograd hands over, in whatever order its parts are added.

    A hook is handed the sum of a parameter's uses in a call. An implementation may add each use by
    itself: that is a few roundings more, of parts about as large as the largest entries.
    """
    module = trial.build()
    every = owned(trial, module)
    handed: dict[str, list[Tensor]] = {name: [] for name in every}
    for name, parameter in every.items():
        watch: Callable[..., object] = parameter.register_hook
        watch(partial(_keep, handed[name]))
    for call in range(_CALLS):
        backward(trial, module, call)
    found = list[str]()
    for name, parameter in every.items():
        if len(handed[name]) != _CALLS or parameter.grad is None:
            found.append(name)
            continue
        calls = torch.stack([*map(doubled, handed[name])])
        size = float(calls.abs().sum(dim=0).max())
        slack = gamma(_ROUNDINGS, trial.dtype) * size + least(trial.dtype)
        found += off(name, parameter.grad, calls.sum(dim=0), slack)
    return found


def left_by_zero_grad(trial: Trial) -> list[str]:
    """Gradients become None or zeros, those too that are no number or frozen; values stay."""
    network, found = nn.Sequential(trial.build()), list[str]()
    for to_none in (True, False):
        for number, (name, parameter) in enumerate(network.named_parameters()):
            parameter.requires_grad_(bool(number % 3))
            parameter.grad = trial.normals(*parameter.shape, of=name)
            parameter.grad.view(-1)[:1] = torch.nan
        before = copied(torch_api.state(network))
        network.zero_grad(set_to_none=to_none)
        for name, parameter in network.named_parameters():
            left = parameter.grad
            # By value: −0 is zero, and NaN is not.
            if (left is None) != to_none or (left is not None and left.count_nonzero()):
                found.append(f"{name} with set_to_none={to_none}")
        found += differing(before, torch_api.state(network))
    return found
