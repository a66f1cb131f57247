"""Copies of tensors: every bit, what is known of them, their memory, and what shares it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from verify.behaviour.copies.ways import (
    NOTE,
    WAYS,
    channels_last,
    same_bits,
    strides,
    turned,
    unlike_tensor,
)
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import is_over, through_file

_FLOATING = {
    torch.float16: torch.int16,
    torch.bfloat16: torch.int16,
    torch.float32: torch.int32,
    torch.float64: torch.int64,
}
"""The dtypes of real numbers, and the integers of their width."""

_WHOLE = (torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8)

_ENTRY_WAYS: Mapping[str, Callable[[Tensor], Tensor]] = {
    **WAYS,
    "clone": lambda tensor: tensor.clone(),
    "copy_": lambda tensor: torch.empty_like(tensor).copy_(tensor),
    "to": lambda tensor: tensor.to(tensor.device, copy=True),
}

_SHARING: Mapping[str, Callable[[Any], Any]] = {
    "deepcopy": WAYS["deepcopy"],
    "file": WAYS["file"],
    "file of weights only": partial(through_file, weights_only=True),
}
"""The ways that keep what lies in one memory in one memory."""


_LAST = torch.channels_last
_Formats = Mapping[str, torch.memory_format]

_LOADING = ("weights only", "anything")


def _odd_numbers(dtype: torch.dtype, whole: torch.dtype) -> Tensor:
    """Zeros of both signs, the smallest number, infinities, and an unusual quiet NaN."""
    finite = torch.finfo(dtype)
    smallest = finite.smallest_normal * finite.eps
    numbers = torch.tensor([0.0, -0.0, smallest, torch.inf, -torch.inf, torch.nan], dtype=dtype)
    numbers.view(whole)[-1] ^= 5
    return numbers


def _odd_tensors() -> Iterator[Tensor]:
    """What arithmetic or a conversion would change, in every dtype that parameters may have."""
    for dtype, whole in _FLOATING.items():
        yield _odd_numbers(dtype, whole)
    for dtype in (torch.float32, torch.float64):
        yield torch.view_as_complex(_odd_numbers(dtype, _FLOATING[dtype]).reshape(3, 2))
    for dtype in _WHOLE:
        limits = torch.iinfo(dtype)
        yield torch.tensor([limits.min, limits.max, 1], dtype=dtype)
    yield torch.tensor([True, False])


def changed_entries(trial: Trial) -> list[str]:
    """A copy has the bits of its original, and its dtype."""
    found = list[str]()
    for tensor in _odd_tensors():
        if not trial.cell.has(tensor.dtype):
            continue
        original = tensor.to(trial.device)
        for way, make in _ENTRY_WAYS.items():
            twin = make(original)
            same = twin.dtype == original.dtype and same_bits(original, twin)
            found += [] if same else [f"{original.dtype} by {way}"]
            found += [f"none is made by {way}"] if is_over(twin, original) else []
        parameter = nn.Parameter(original, requires_grad=False)
        wrong = {way: unlike_tensor("", parameter, make(parameter)) for way, make in WAYS.items()}
        found += [f"parameters of {original.dtype} by {way}" for way, what in wrong.items() if what]
    return found


def _leaf(trial: Trial) -> Any:
    leaf: Any = turned(trial.device)
    leaf.note, leaf.grad = {"steps": [*NOTE["steps"]]}, turned(trial.device) + 1
    return leaf.requires_grad_()


def lost_of_tensors(trial: Trial) -> list[str]:
    """Strides, requires_grad and attributes by every way; the gradient by deepcopy."""
    found = list[str]()
    for way, make in WAYS.items():
        leaf = _leaf(trial)
        twin = make(leaf)
        found += [f"{what} by {way}" for what in unlike_tensor("a leaf", leaf, twin)]
        own = twin.note == NOTE and twin.note["steps"] is not leaf.note["steps"]
        found += [] if own else [f"an attribute by {way}"]
        twin.detach().fill_(7)
        found += [f"a memory of its own by {way}"] if bool((leaf.cpu() == 7).any()) else []
    leaf = _leaf(trial)
    gradient = copy.deepcopy(leaf).grad
    if gradient is None or unlike_tensor("", leaf.grad, gradient):
        return [*found, "the gradient by deepcopy"]
    gradient.fill_(7)
    shared = bool((leaf.grad.cpu() == 7).any())
    return [*found, "a gradient of its own by deepcopy"] if shared else found


def _views(trial: Trial) -> dict[str, Tensor]:
    """Whole numbers, every other one of them, and a matrix of them."""
    whole = torch.arange(12.0, device=trial.device)
    return {"whole": whole, "odd": whole[1::2], "matrix": whole.view(3, 4).t()}


def parted(trial: Trial) -> list[str]:
    """Views of one memory, the largest first or last, stay so, each in its place."""
    found = list[str]()
    for way, make in _SHARING.items():
        for turn in (1, -1):
            given = _views(trial)
            twins = make(dict([*given.items()][::turn]))
            found += [f"{w} by {way}" for n in given for w in unlike_tensor(n, given[n], twins[n])]
            twins["whole"].fill_(-1)
            found += [f"{n} by {way}" for n, t in twins.items() if bool((t.cpu() != -1).any())]
            found += [f"the original by {way}"] if bool((given["whole"].cpu() < 0).any()) else []
    return [*dict.fromkeys(found)]


def stored_besides(trial: Trial) -> list[str]:
    """A clone of five of a thousand entries is saved as five, as the documentation advises."""
    few = torch.arange(1000.0, device=trial.device)[:5].clone()
    loaded = {way: through_file(few, weights_only=way == "weights only") for way in _LOADING}
    sizes = {way: t.untyped_storage().nbytes() // t.element_size() for way, t in loaded.items()}
    return [f"{size - 5} entries, {way}" for way, size in sizes.items() if size != 5]


def taken_inside_graph(trial: Trial) -> list[str]:
    """What is computed is refused, alone or in something else; detached, it is copied."""
    leaf = torch.ones(2, device=trial.device, requires_grad=True)
    inner, module = leaf * 2, nn.Module()
    module.kept = inner
    found = [
        name
        for name, of in {"a tensor": inner, "a list": [inner], "a module": module}.items()
        if _is_taken(of)
    ]
    alone = copy.deepcopy(inner.detach())
    return found if same_bits(alone, inner) else [*found, "a detached one is not"]


def _is_taken(of: object) -> bool:
    try:
        copy.deepcopy(of)
    except RuntimeError:
        return False
    return True


def _images(device: torch.device) -> Tensor:
    return channels_last(device).contiguous()


_CLONES: Mapping[str, tuple[Callable[[torch.device], Tensor], _Formats, tuple[int, ...]]] = {
    "transposed": (turned, {}, (1, 3)),
    "channels last": (channels_last, {}, (24, 1, 12, 3)),
    "every other column": (lambda device: _images(device)[0, 0, :, ::2], {}, (2, 1)),
    "inside a buffer": (lambda device: _images(device).view(-1)[5:9], {}, (1,)),
    "expanded": (lambda device: _images(device)[0, 0, 0].expand(3, 4), {}, (4, 1)),
    "made contiguous": (turned, {"memory_format": torch.contiguous_format}, (2, 1)),
    "made channels last": (_images, {"memory_format": _LAST}, (24, 1, 12, 3)),
}
"""What is cloned, how, and the strides that `torch.memory_format` documents for its clone."""


def cloned_otherwise(trial: Trial) -> list[str]:
    """A clone has a memory of its own, in the documented order, and a derivative of one."""
    found = list[str]()
    for name, (make, formats, expected) in _CLONES.items():
        of = make(trial.device)
        for clone in (of.clone(**formats), torch.clone(of, **formats)):
            lies = "strides" in trial.cell.backend.lacks or strides(clone) == expected
            found += [] if lies else [f"strides: {name}"]
            found += [] if torch.equal(of.cpu(), clone.cpu()) else [f"values: {name}"]
    leaf = turned(trial.device).requires_grad_()
    weights = turned(trial.device) + 1
    for clone in (leaf.clone(), torch.clone(leaf)):
        (slopes,) = torch.autograd.grad((clone * weights).sum(), leaf)
        found += [] if torch.equal(slopes.cpu(), weights.cpu()) else ["the derivative"]
        clone.detach().fill_(7)
    with torch.no_grad():
        found += ["requires_grad under no_grad"] if leaf.clone().requires_grad else []
    return [*found, "the original is written to"] if bool((leaf.cpu() == 7).any()) else found


def detached_otherwise(trial: Trial) -> list[str]:
    """The same memory, outside the graph: no derivative flows through what is detached."""
    leaf = turned(trial.device).requires_grad_()
    inner = (leaf * 1.0)[1:]
    apart = inner.detach()
    found = ["requires_grad"] if apart.requires_grad or not apart.is_leaf else []
    found += [] if is_over(apart, inner) else ["memory"]
    (slopes,) = torch.autograd.grad((inner.detach() * inner).sum(), leaf)
    found += [] if torch.equal(slopes[1:].cpu(), inner.cpu()) else ["the derivative"]
    found += [] if inner.requires_grad and inner.grad_fn else ["the original"]
    apart.fill_(7)
    return found if bool((inner.cpu() == 7).all()) else [*found, "what is written"]


def other_parameter(trial: Trial) -> list[str]:
    """A parameter is a leaf over the memory of its tensor; it is trainable, unless told."""
    data = turned(trial.device)
    with torch.no_grad():
        made = {
            "frozen": (nn.Parameter(data, requires_grad=False), False),
            "by default": (nn.Parameter(data), True),
            "told to be trainable": (nn.Parameter(data, requires_grad=True), True),
        }
    made["of a graph"] = (nn.Parameter(data.clone().requires_grad_() * 1.0), True)
    found = list[str]()
    for name, (parameter, trainable) in made.items():
        facts = (type(parameter), parameter.requires_grad, parameter.is_leaf)
        found += [name] if facts != (nn.Parameter, trainable, True) else []
        found += [f"strides {name}"] if strides(parameter) != strides(data) else []
    found += ["its tensor is trained"] if data.requires_grad else []
    over = [n for n, (p, _) in made.items() if n != "of a graph" and not is_over(p, data)]
    return [*found, *(f"memory {name}" for name in over)]


def other_buffer(trial: Trial) -> list[str]:
    """A buffer lies over the memory of its tensor, is not trained, and is saved unless told."""
    data, module = turned(trial.device), nn.Module()
    made = {"kept": nn.Buffer(data), "passing": nn.Buffer(data, persistent=False)}
    for name, buffer in made.items():
        setattr(module, name, buffer)
    found = [] if [*module.state_dict()] == ["kept"] else ["what is saved"]
    held = dict(module.named_buffers())
    for name, buffer in made.items():
        found += [] if held.get(name) is buffer and is_over(buffer, data) else [f"{name}: memory"]
        found += [f"{name}: requires_grad"] if buffer.requires_grad else []
    return found
