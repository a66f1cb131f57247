"""The ways to copy an object, and what a copy of a module must have in common with it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from functools import partial
from types import FunctionType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from verify.behaviour.draws import bits_of
from verify.behaviour.parameters.networks import backward, owned, scrambled
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import doubled, through_file

_T = TypeVar("_T")

SPECIAL = (-0.0, 2.0**-149, torch.inf, -torch.inf)
_PAYLOAD = 0x7FC12345
"""A quiet NaN of single precision that is not the usual one."""

NOTE = {"steps": [1, 2]}
"""What a module holds besides tensors and modules."""


def pickled(of: _T, protocol: int = pickle.HIGHEST_PROTOCOL) -> _T:
    """What pickle makes of an object."""
    made: _T = pickle.loads(pickle.dumps(of, protocol))
    return made


WAYS: Mapping[str, Callable[[Any], Any]] = {
    "deepcopy": lambda of: copy.deepcopy(of),
    "pickle": pickled,
    "file": partial(through_file, weights_only=False),
}
"""Copies of everything that an object holds: each keeps what is one object one object."""


def special(device: torch.device) -> Tensor:
    """Numbers in single precision that arithmetic or a conversion would change."""
    unusual = torch.tensor([_PAYLOAD], dtype=torch.int32).view(torch.float32)
    return torch.cat([torch.tensor(SPECIAL, dtype=torch.float32), unusual]).to(device)


def turned(device: torch.device) -> Tensor:
    """Numbers in dense memory, the first axis adjacent."""
    return torch.arange(6.0, device=device).reshape(2, 3).t()


def channels_last(device: torch.device) -> Tensor:
    """Numbers in dense memory, the second of four axes adjacent."""
    numbers = torch.arange(48.0, device=device).reshape(2, 3, 2, 4)
    return numbers.contiguous(memory_format=torch.channels_last)


def _note(name: str, module: Any, *more: object) -> None:
    """Note the call of a hook in the module that it is given, and what else it is given."""
    module.noted.append(f"{name}, given {len(more)} more")


def _hook(module: Any) -> None:
    """Register a hook of each kind."""
    module.register_forward_pre_hook(partial(_note, "before"))
    module.register_forward_pre_hook(partial(_note, "before, with keywords"), with_kwargs=True)
    module.register_forward_hook(partial(_note, "after"))
    module.register_forward_hook(partial(_note, "after, with keywords"), with_kwargs=True)
    module.register_full_backward_pre_hook(partial(_note, "before backward"))
    module.register_full_backward_hook(partial(_note, "backward"))
    module.register_state_dict_pre_hook(partial(_note, "saving"))
    module.register_state_dict_post_hook(partial(_note, "saved"))
    module.register_load_state_dict_pre_hook(partial(_note, "loading"))
    module.register_load_state_dict_post_hook(partial(_note, "loaded"))


def furnished(trial: Trial) -> Any:
    """A module with something of everything that a module can hold."""
    module: Any = scrambled(trial)
    for parameter in list(owned(trial, module).values())[::2]:
        parameter.requires_grad_(False)
    module.odd = nn.Parameter(special(trial.device))
    module.turned = nn.Parameter(turned(trial.device), requires_grad=False)
    module.last = nn.Parameter(channels_last(trial.device))
    module.none, module.point = (nn.Parameter(special(trial.device)[i]) for i in (slice(0), 0))
    module.kept = nn.Buffer(special(trial.device))
    module.passing = nn.Buffer(turned(trial.device), persistent=False)
    module.rested = nn.Dropout().eval()
    module.note, module.noted = {"steps": [*NOTE["steps"]]}, []
    _hook(module)
    return module


def noted(trial: Trial, module: Any) -> list[str]:
    """The hooks that are called, in turn, when the module is used, saved and loaded."""
    module.noted.clear()
    backward(trial, module)
    module.load_state_dict(module.state_dict())
    return [*module.noted]


def strides(tensor: Tensor) -> tuple[int, ...]:
    """The strides that say where an entry lies; those of axes without a step say nothing."""
    if not tensor.numel():
        return ()
    return tuple(s for s, n in zip(tensor.stride(), tensor.shape, strict=True) if n > 1)


TENSOR: Mapping[str, Callable[[Tensor], object]] = {
    "class": lambda t: (type(t), isinstance(t, nn.Parameter), isinstance(t, nn.Buffer)),
    "dtype": lambda t: t.dtype,
    "device": lambda t: t.device,
    "shape": lambda t: t.shape,
    "strides": strides,
    "requires_grad": lambda t: t.requires_grad,
    "is_leaf": lambda t: t.is_leaf,
}
_PLAIN = (bool, int, float, str, tuple, type(None), FunctionType)


def _is_plain(name: str, attribute: object) -> bool:
    """Whether it is an attribute of the module's own that is compared by its value."""
    return not name.startswith(("_", "training")) and isinstance(attribute, _PLAIN)


_MODULE: Mapping[str, Callable[[nn.Module], object]] = {
    "class": type,
    "mode": lambda m: m.training,
    "parameters": lambda m: [name for name, _ in m.named_parameters()],
    "buffers": lambda m: [name for name, _ in m.named_buffers()],
    "submodules": lambda m: [name for name, _ in m.named_children()],
    "attributes": lambda m: {n: a for n, a in vars(m).items() if _is_plain(n, a)},
}


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors hold the same bits, be they NaN."""
    return torch.equal(*(bits_of(t.detach().cpu().reshape(-1)) for t in (one, other)))


def unlike_tensor(name: str, one: Tensor, other: Tensor) -> list[str]:
    """What is otherwise of a tensor's copy."""
    found = [f"{name}.{fact}" for fact, of in TENSOR.items() if of(one) != of(other)]
    if one.shape != other.shape or one.dtype != other.dtype:
        return found
    return found if same_bits(one, other) else [*found, f"bits of {name}"]


def held(module: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer as it is, by each of its names."""
    named: dict[str, Tensor] = dict(module.named_parameters(remove_duplicate=False))
    return named | dict(module.named_buffers(remove_duplicate=False))


def unlike_module(of: Any, twin: Any) -> list[str]:
    """What is otherwise of a module's copy, hooks left aside."""
    parts, others = dict(of.named_modules()), dict(twin.named_modules())
    found = [
        f"{name or 'the module'}: {fact}"
        for name in parts.keys() & others.keys()
        for fact, look in _MODULE.items()
        if look(parts[name]) != look(others[name])
    ]
    tensors, copies = held(of), held(twin)
    for name in sorted(tensors.keys() & copies.keys()):
        found += unlike_tensor(name, tensors[name], copies[name])
    found += [] if [*of.state_dict()] == [*twin.state_dict()] else ["names in the state"]
    return sorted(found) if of.note == twin.note else [*sorted(found), "an attribute"]


def off(one: Tensor, other: Tensor) -> bool:
    """Whether two outputs differ by more than half of the digits."""
    if not one.numel():
        return False
    allowed, one, other = torch.finfo(one.dtype).eps ** 0.5, doubled(one), doubled(other)
    largest = torch.maximum(one.abs().max(), other.abs().max())
    return bool(((one - other).abs() > allowed * largest).any())
