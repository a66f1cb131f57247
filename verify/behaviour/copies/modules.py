"""Copies of modules are modules of their own: what is done to one is not done to the other."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.copies.ways import NOTE, WAYS, furnished, held, off, same_bits, unlike_tensor
from verify.behaviour.parameters.networks import backward, output, owned, scrambled
from verify.behaviour.promise import Trial


def _bits(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in held(module).items()}


def _moved(before: dict[str, Tensor], module: nn.Module) -> list[str]:
    now = held(module)
    return [name for name, tensor in before.items() if not same_bits(tensor, now[name])]


def _marked(module: Any) -> None:
    """Write to everything that a module holds."""
    with torch.no_grad():
        for tensor in held(module).values():
            tensor.fill_(2)
    module.note["steps"].append(3)
    module.rested.train()
    module.odd = None
    module.extra = nn.Buffer(torch.zeros(1))
    module.register_forward_hook(lambda module, *_: module.noted.append("another"))


def shared(trial: Trial) -> list[str]:
    """What is written to a copy shows in its original, or the other way."""
    module, found = furnished(trial), list[str]()
    before = _bits(module)
    for way, make in WAYS.items():
        _marked(make(module))
        found += [f"{what} of the original by {way}" for what in _touched(module, before)]
    twins = {way: (make(module), make(module)) for way, make in WAYS.items()}
    _marked(module)
    for way, (twin, other) in twins.items():
        found += [f"{what} of the copy by {way}" for what in _touched(twin, before)]
        _marked(twin)
        found += [f"{what} of another copy by {way}" for what in _touched(other, before)]
    return found


def _touched(module: Any, before: dict[str, Tensor]) -> list[str]:
    """What is no longer as it was furnished."""
    if held(module).keys() != before.keys():
        return ["names"]
    found = _moved(before, module)
    found += [] if module.note == NOTE else ["an attribute"]
    found += ["the mode of a part"] if module.rested.training else []
    return found if len(module._forward_hooks) == 2 else [*found, "hooks"]


def _erased(module: nn.Module) -> None:
    with torch.no_grad():
        for tensor in module.parameters():
            tensor.zero_()


def computed_from_another(trial: Trial) -> list[str]:
    """What each computes is decided by its own parameters, not by the other's."""
    found = list[str]()
    for way, make in WAYS.items():
        module = scrambled(trial)
        twin, before = make(module), output(trial, module).detach()
        found += [f"the copy by {way}"] if off(output(trial, twin), before) else []
        _erased(module)
        found += [f"the copy by {way}"] if off(output(trial, twin), before) else []
        module = scrambled(trial)
        _erased(make(module))
        found += [f"the original by {way}"] if off(output(trial, module), before) else []
        _erased(twin)
        kept = not off(output(trial, twin), before)
        found += [f"the copy by {way} keeps what is erased"] if kept else []
    return found


def _step(trial: Trial, module: nn.Module) -> None:
    """A step of gradient descent."""
    backward(trial, module)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.grad is not None:
                parameter.sub_(parameter.grad)


def trained_along(trial: Trial) -> list[str]:
    """A step of one moves its own parameters, and nothing of the other's."""
    found = list[str]()
    for way, make in WAYS.items():
        module = scrambled(trial)
        pair = {"the copy": make(module), "the original": module}
        for name, other in (("the copy", "the original"), ("the original", "the copy")):
            kept, before = pair[other], _bits(pair[other])
            grads = {n: p.grad for n, p in kept.named_parameters()}
            own = {n: t for n, t in _bits(pair[name]).items() if n in owned(trial, module)}
            _step(trial, pair[name])
            found += [f"{n} of {other} by {way}" for n in _moved(before, kept)]
            found += [
                f"{n}.grad of {other} by {way}"
                for n, p in kept.named_parameters()
                if p.grad is not grads[n]
            ]
            moved = own and not _moved(own, pair[name])
            found += [f"{name} by {way} does not learn"] if moved else []
    return found


def untied(trial: Trial) -> list[str]:
    """One parameter in two modules, in a list, or a module twice: each stays one in a copy."""
    found = list[str]()
    for way, make in WAYS.items():
        one, two = scrambled(trial), scrambled(trial)
        for name, parameter in owned(trial, one).items():
            path, _, last = name.rpartition(".")
            setattr(two.get_submodule(path), last, parameter)
        kept = nn.Buffer(torch.ones(1, device=trial.device))
        one.kept = two.kept = kept
        loose = nn.Parameter(torch.ones(2, device=trial.device))
        network, row, mapping = make((nn.Sequential(one, two, one), [loose, loose], {"a": loose}))
        first, second = held(network[0]), held(network[1])
        alike = make([nn.Parameter(torch.ones(2, device=trial.device)) for _ in range(2)])
        ties = {
            **{n: first[n] is second[n] for n in (*owned(trial, one), "kept")},
            "a module that is there twice": network[2] is network[0],
            "a parameter in a list": row[0] is row[1] and row[0] is mapping["a"],
            "a parameter by itself": row[0] is not loose,
            "two alike parameters": alike[0] is not alike[1],
            "of two copies": make(loose) is not make(loose),
        }
        found += [f"{name} by {way}" for name, is_tied in ties.items() if not is_tied]
    return found


def parametrized_otherwise(trial: Trial) -> list[str]:
    """A deepcopy of a parametrised module computes its weight from tensors of its own."""
    found = list[str]()
    for kind in ("weight_norm", "orthogonal", "spectral_norm"):
        inner = nn.Linear(4, 3, **trial.target().factory)
        module = torch_api.parametrize(inner, kind, "weight").eval()
        twin = copy.deepcopy(module)
        tensors, copies = held(module), held(twin)
        found += [] if tensors.keys() == copies.keys() else [f"names by {kind}"]
        for name in tensors.keys() & copies.keys():
            found += [f"{w} by {kind}" for w in unlike_tensor(name, tensors[name], copies[name])]
        before = _weight(module)
        found += [f"the weight by {kind}"] if off(before, _weight(twin)) else []
        with torch.no_grad():
            for tensor in tensors.values():
                tensor.fill_(2)
        found += [f"what is shared by {kind}"] if off(before, _weight(twin)) else []
    return sorted(found)


def _weight(module: Any) -> Tensor:
    """The weight that is computed."""
    weight: Tensor = module.weight.detach().clone()
    return weight


def layers_otherwise(trial: Trial) -> list[str]:
    """Layers of a stack start alike, as the documentation warns, and are layers of their own."""
    factory = trial.target().factory
    encoder: Any = trial.build()
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8, **factory), 3)
    model = nn.Transformer(4, 2, 2, 2, 8, **factory)
    found = list[str]()
    for name, stack in {"encoder": encoder, "decoder": decoder}.items():
        found += [f"{what} of the {name} start apart" for what in _apart(stack.layers)]
    found += ["a layer that does not train"] if _resting(encoder, decoder, model) else []
    stacks = (encoder, decoder, model.encoder, model.decoder)
    for name, stack in zip(("encoder", "decoder", "model", "model"), stacks, strict=True):
        first, *others = stack.layers
        before = [_bits(other) for other in others]
        _erased(first)
        moved = {n for old, other in zip(before, others, strict=True) for n in _moved(old, other)}
        found += [f"{what} of the {name} is shared" for what in sorted(moved)]
    return found


def _resting(*built: nn.Module) -> bool:
    """Whether anything is in eval mode, or frozen, right after it is built."""
    parts = [part.training for module in built for part in module.modules()]
    return not all(parts + [p.requires_grad for module in built for p in module.parameters()])


def _apart(layers: nn.ModuleList) -> list[str]:
    start = _bits(layers[0])
    return sorted({name for layer in layers for name in _moved(start, layer)})
