"""Modules that are moved: to a device, to another order in memory, to new memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from verify.behaviour.conversions.dtypes import changed, flags
from verify.behaviour.conversions.holder import Holder, asked, asked_once, gradients, held, tensors
from verify.behaviour.promise import Question, Trial
from verify.behaviour.tensors import bits

_MOVES: Mapping[str, Callable[[nn.Module, Trial], nn.Module]] = {
    "cpu()": lambda module, _: module.cpu(),
    "to(device)": lambda module, trial: module.to(trial.device),
    "to(device, non_blocking)": lambda module, trial: module.to(trial.device, non_blocking=True),
    "to(device=name)": lambda module, trial: module.to(device=f"{trial.device}"),
}
_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def _facts(module: nn.Module) -> dict[str, object]:
    """Dtype and shape of every tensor, and flags."""
    held = {name: (each.dtype, each.shape) for name, each in tensors(module).items()}
    return {**held, **flags(module)}


def _written(module: nn.Module) -> dict[str, Tensor]:
    """The bits of every tensor and gradient, on the host."""
    every = {**tensors(module), **{f"{n}.grad": g for n, g in gradients(module).items()}}
    return {name: bits(each.cpu()) for name, each in every.items()}


def _other_bits(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> list[str]:
    return [n for n, b in before.items() if n not in after or not torch.equal(b, after[n])]


def changed_by_moving(trial: Trial) -> list[str]:
    """To the host and back, every bit stays, and the module is returned."""
    holder, found = held(trial), list[str]()
    before, facts = _written(holder), _facts(holder)
    for by, move in _MOVES.items():
        returned = move(holder, trial)
        wrong = [*_other_bits(before, _written(holder)), *changed(facts, _facts(holder))]
        wrong += [] if returned is holder else ["what is returned"]
        at = torch.device("cpu") if by == "cpu()" else trial.device
        wrong += [f"the device of {n}" for n, t in tensors(holder).items() if t.device != at]
        found += [f"{name} by {by}" for name in wrong]
    return found


def not_moved(trial: Trial) -> list[str]:
    """The meta device takes every tensor, of whatever dtype, and keeps dtype and shape."""
    holder = held(trial)
    before = _facts(holder)
    returned = holder.to("meta")
    found = [name for name, each in tensors(holder).items() if not each.is_meta]
    found += changed(before, _facts(holder))
    return found if returned is holder else [*found, "what is returned"]


def _with_images(trial: Trial) -> Holder:
    """A holder that has tensors of four axes and, below, of three."""
    holder = held(trial)
    image = trial.normals(2, 3, 4, 5, of="image")
    holder.image = nn.Parameter(image)
    holder.image.grad = image.flip(0)
    holder.register_buffer("shown", image.flip(1), persistent=False)
    holder.register_buffer("pixels", (image * 100).long())
    holder.register_buffer("line", image[0].clone())
    holder.deep["block"].register_parameter("image", nn.Parameter(image[:, :2].clone()))
    return holder


def wrong_order(trial: Trial) -> list[str]:
    """Tensors of four axes lie channels last, and not a bit is another."""
    holder = _with_images(trial)
    before, facts, old = _written(holder), _facts(holder), tensors(holder)
    strides = {name: each.stride() for name, each in old.items() if each.dim() not in _LAST}
    move: Callable[..., nn.Module] = holder.to  # Its overloads leave out the argument.
    returned = move(memory_format=torch.channels_last)
    found, after = _other_bits(before, _written(holder)), tensors(holder)
    found += changed(facts, _facts(holder))
    found += [
        f"the order of {name}"
        for name, each in after.items()
        if each.dim() == 4 and not each.is_contiguous(memory_format=torch.channels_last)
    ]
    found += [f"the strides of {n}" for n, s in strides.items() if after[n].stride() != s]
    found += [n for n, p in old.items() if isinstance(p, nn.Parameter) and after[n] is not p]
    return found if returned is holder else [*found, "what is returned"]


def wrong_beside_volumes(trial: Trial) -> list[str]:
    """The order is one for tensors of four axes: what has five stays as it is."""
    holder = _with_images(trial)
    volume = nn.Parameter(trial.normals(2, 3, 2, 3, 2, of="volume"))
    holder.register_parameter("volume", volume)
    before, strides = _written(holder), volume.stride()
    move: Callable[..., nn.Module] = holder.to
    move(memory_format=torch.channels_last)
    after, found = tensors(holder), _other_bits(before, _written(holder))
    ordered = after["image"].is_contiguous(memory_format=torch.channels_last)
    found += [] if ordered else ["the order of image"]
    return found + ([] if after["volume"].stride() == strides else ["the strides of volume"])


def _with_convolutions(trial: Trial) -> Holder:
    """A holder of images, and of convolutions that are nested."""
    holder = _with_images(trial)
    holder.deep["flat"] = nn.Sequential(nn.Conv2d(2, 3, 2, device=trial.device))
    holder.deep["solid"] = nn.Sequential(nn.Conv3d(2, 3, 2, device=trial.device))
    return holder


_WEIGHTS = {
    "convert_conv2d_weight_memory_format": ("deep.flat.0.weight", torch.channels_last),
    "convert_conv3d_weight_memory_format": ("deep.solid.0.weight", torch.channels_last_3d),
}


def wrong_order_of_weights(trial: Trial) -> list[str]:
    """Weights of convolutions alone lie in the order asked for, and only the order changes."""
    found = list[str]()
    for by, (weight, order) in _WEIGHTS.items():
        holder = _with_convolutions(trial)
        before, facts, old = _written(holder), _facts(holder), tensors(holder)
        strides = {name: each.stride() for name, each in old.items() if name != weight}
        returned, after = getattr(nn.utils, by)(holder, order), tensors(holder)
        wrong = [*_other_bits(before, _written(holder)), *changed(facts, _facts(holder))]
        wrong += [] if after[weight].is_contiguous(memory_format=order) else [f"order of {weight}"]
        wrong += [f"the strides of {n}" for n, s in strides.items() if after[n].stride() != s]
        wrong += [] if returned is holder else ["what is returned"]
        found += [f"{each} by {by}" for each in wrong]
    return found


def wrong_when_empty(trial: Trial) -> list[str]:
    """From the meta device every tensor gets memory, or without `recurse` the module's own."""
    found = list[str]()
    for recurse in (True, False):
        holder = held(trial).to("meta")
        before = _facts(holder)
        returned = holder.to_empty(device=trial.device, recurse=recurse)
        wrong = changed(before, _facts(holder))
        wrong += [] if returned is holder else ["what is returned"]
        wrong += [
            f"the device of {name}"
            for name, each in tensors(holder).items()
            # What is tied to a tensor of the module's own may go with it.
            if not name.endswith("tied") and each.is_meta == (recurse or "." not in name)
        ]
        found += [f"{name} with recurse={recurse}" for name in wrong]
    return found


QUESTIONS = {
    "changed-by-moving": Question("what a move to a device changes", changed_by_moving, asked),
    "not-moved": Question("what is not moved, or changed by it", not_moved, asked),
    "wrong-order": Question("what channels_last leaves or changes", wrong_order, asked),
    "wrong-beside-volumes": Question(
        "what channels_last does beside five axes", wrong_beside_volumes, asked_once
    ),
    "wrong-order-of-weights": Question(
        "what an order for convolutions leaves or changes", wrong_order_of_weights, asked
    ),
    "wrong-when-empty": Question("what to_empty leaves or changes", wrong_when_empty, asked),
}
