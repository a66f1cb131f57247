"""What questions compare tensors by: bit for bit, or within a bound on rounding."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor

from verify.behaviour.exact import Excess

_Stored = TypeVar("_Stored")


def doubled(tensor: Tensor) -> Tensor:
    """In float64, or in complex128, on the host; a gradient passes.

    References and comparisons are of the host, for not every device has these dtypes, and a device
    that is under test does not vouch for itself.
    """
    return tensor.cpu().to(torch.complex128 if tensor.is_complex() else torch.float64)


def identical(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are alike bit for bit, and of finite numbers.

    Asked of what nobody has written to in between, of copies, and of one program that runs twice
    from one seed: the note "Reproducibility" of PyTorch's documentation promises the same bits
    on the same release, platform and device, and lists what is not deterministic.
    """
    if (one.dtype, one.shape, one.device) != (other.dtype, other.shape, other.device):
        return False
    one, other = one.cpu(), other.cpu()
    return bool(one.isfinite().all()) and torch.equal(bits(one), bits(other))


def bits(tensor: Tensor) -> Tensor:
    """The bytes of every entry in turn, however they lie in memory, on the host."""
    adjacent = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
    return adjacent.reshape(-1).view(torch.uint8)


def differing(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> list[str]:
    """Names of the tensors that are not identical, or not in both."""
    return sorted(
        name
        for name in before.keys() | after.keys()
        if name not in before or name not in after or not identical(before[name], after[name])
    )


def is_over(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same view of the same memory.

    A device that hides where tensors lie, so that none is set to itself, shows it by what is
    written to the one (PyTorch documentation, "Tensor Views"); its values are restored.
    """
    if one.is_set_to(one):
        return one.is_set_to(other)
    values, shown = one.detach().clone(), one.shape == other.shape and one.dtype == other.dtype
    for mark in (0, 1):
        one.detach().fill_(mark)
        shown = shown and bool((other.detach().cpu() == mark).all())
    one.detach().copy_(values)
    return shown


def copied(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as they are now."""
    return {name: tensor.detach().clone() for name, tensor in state.items()}


def off(name: str, values: Tensor, reference: Tensor, bound: Tensor | float) -> list[str]:
    """Say by how much some values are off a reference, if by more than the bound of each.

    A value that is the reference is not off, be its bound 0: relative bounds of a weight that is
    exactly 0 are, as one float32 uniform in 2²⁴ is.
    """
    away = (doubled(values) - doubled(reference)).abs()
    bound = doubled(bound) if isinstance(bound, Tensor) else bound
    excess = float(torch.where(away == 0, 0.0, away / bound).max())
    return [] if excess <= 1 else [Excess(name, excess)]


def through_file(of: _Stored, weights_only: bool) -> _Stored:
    """What a file holds of an object once it is saved."""
    file = io.BytesIO()
    torch.save(of, file)
    file.seek(0)
    loaded: _Stored = torch.load(file, weights_only=weights_only)
    return loaded
