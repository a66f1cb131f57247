"""Ways in which a tensor lies in memory, and what lies around it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from verify.subjects.unlawful import Unlawful

CANARY = -12345.0
"""What surrounds a tensor that is a window of a larger one; every dtype holds it exactly or at
least always the same."""


class Damaged(Unlawful):
    """Something outside the tensor was written to."""

    check = "canary"


@dataclass(frozen=True)
class Laid:
    """A tensor and the memory that it is a part of."""

    tensor: Tensor
    memory: Tensor

    def check(self) -> None:
        """Raise `Damaged` if any canary changed; all values are as before.

        The tensor is known by what is written to it (PyTorch documentation, "Tensor Views"): not
        every device tells its strides, and where it begins.
        """
        held = self.memory.clone()
        self.tensor.fill_(CANARY)
        canary = torch.full((), CANARY, dtype=self.memory.dtype, device=self.memory.device)
        damaged = int((self.memory != canary).sum())
        self.memory.copy_(held)
        if damaged:
            raise Damaged(f"{damaged} values outside the tensor were changed")


Lay = Callable[[tuple[int, ...], torch.dtype, torch.device], Laid]


def _permuted(order: Callable[[int], list[int]]) -> Lay:
    """A tensor whose axes lie in memory in another order, the last one fastest."""

    def lay(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Laid:
        axes = order(len(shape))
        memory = torch.empty([shape[axis] for axis in axes], dtype=dtype, device=device)
        tensor = memory.permute([axes.index(axis) for axis in range(len(shape))])
        return Laid(tensor, memory.view(-1))

    return lay


def _reversed(dims: int) -> list[int]:
    return list(range(dims))[::-1]


def _channels_last(dims: int) -> list[int]:
    return [0, *range(2, dims), 1] if dims > 2 else list(range(dims))


def _strided(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Laid:
    """Every second entry along the last axis, with a gap around each row and around them all."""
    last, rows = shape[-1] if shape else 1, math.prod(shape[:-1])
    memory = torch.full((rows + 2, 2 * last + 1), CANARY, dtype=dtype, device=device)
    return Laid(memory[1:-1, 1::2].view(shape), memory.view(-1))


def _offset(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Laid:
    """A contiguous part of a larger buffer, where no vector is aligned."""
    numel = math.prod(shape)
    memory = torch.full([numel + 40], CANARY, dtype=dtype, device=device)
    return Laid(memory[7 : 7 + numel].view(shape), memory)


LAYOUTS: Mapping[str, Lay] = {
    "transposed": _permuted(_reversed),
    "channels_last": _permuted(_channels_last),
    "strided": _strided,
    "offset": _offset,
}
"""Each layout by name; the plain one is that of `torch.empty`."""
