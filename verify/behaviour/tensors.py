"""What questions compare tensors by: bit for bit, or within a bound on rounding."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor

from verify.behaviour.exact import Excess

_Stored = TypeVar("_Stored")


def identical(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are alike bit for bit, and of finite numbers.

    Asked of what nobody has written to in between, of copies, and of one program that runs twice
    from one seed: the note "Reproducibility" of PyTorch's documentation promises the same bits
    on the same release, platform and device, and lists what is not deterministic.
    """
    if (one.dtype, one.shape, one.device) != (other.dtype, other.shape, other.device):
        return False
    return bool(one.isfinite().all()) and torch.equal(bits(one), bits(other))


def bits(tensor: Tensor) -> Tensor:
    """The bytes of every entry in turn, however they lie in memory."""
    adjacent = tensor.detach().clone(memory_format=torch.contiguous_format)
    return adjacent.reshape(-1).view(torch.uint8)


def differing(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> list[str]:
    """Names of the tensors that are not identical, or not in both."""
    return sorted(
        name
        for name in before.keys() | after.keys()
        if name not in before or name not in after or not identical(before[name], after[name])
    )


def copied(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as they are now."""
    return {name: tensor.detach().clone() for name, tensor in state.items()}


def off(name: str, values: Tensor, reference: Tensor, bound: Tensor | float) -> list[str]:
    """Say by how much some values are off a reference, if by more than the bound of each.

    A value that is the reference is not off, be its bound 0: relative bounds of a weight that is
    exactly 0 are, as one float32 uniform in 2²⁴ is.
    """
    away = (values.double() - reference).abs()
    excess = float(torch.where(away == 0, 0.0, away / bound).max())
    return [] if excess <= 1 else [Excess(name, excess)]


def through_file(of: _Stored, weights_only: bool) -> _Stored:
    """What a file holds of an object once it is saved."""
    file = io.BytesIO()
    torch.save(of, file)
    file.seek(0)
    loaded: _Stored = torch.load(file, weights_only=weights_only)
    return loaded
