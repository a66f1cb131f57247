"""Memory that holds nothing holds poison: whatever a build leaves unwritten is seen."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

_EMPTY = frozenset(
    {
        torch.ops.aten.empty.memory_format,
        torch.ops.aten.empty_like.default,
        torch.ops.aten.empty_permuted.default,
        torch.ops.aten.empty_strided.default,
        torch.ops.aten.new_empty.default,
        torch.ops.aten.new_empty_strided.default,
    }
)
"""What gives memory as it is found (PyTorch documentation, `torch.empty` and those beside it)."""


class Poisoned(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Fills what `torch.empty` and its kin return: with NaN, or with a number that is no start.

    It draws nothing, and a build that writes all it allocates is the same under it.

    Parameters
    ----------
    other : bool
        Another number, and False in place of True. A tensor of whole numbers or of truth values
        that was left unwritten differs between two builds of which one is under the other poison.
    """

    def __init__(self, *, other: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._other = other

    def spoil(self, memory: Tensor) -> None:
        """Fill memory with poison, if it can hold any."""
        if memory.is_floating_point() or memory.is_complex():
            memory.fill_(torch.nan)
        elif memory.dtype is torch.bool:
            memory.fill_(not self._other)
        elif not memory.is_quantized:
            memory.fill_(torch.iinfo(memory.dtype).max // 3 * (1 + self._other) - 7)


def _dispatched(
    self: Poisoned,
    operation: Callable[..., Any],
    _types: Sequence[type],
    args: tuple[object, ...] = (),
    kwargs: Mapping[str, object] | None = None,
) -> Any:
    result = operation(*args, **(kwargs or {}))
    if operation in _EMPTY:
        self.spoil(result)
    return result


# Put in place after the class is made, which would otherwise load the compiler at its first call.
Poisoned.__torch_dispatch__ = _dispatched  # type: ignore[method-assign, assignment]


def poisoned(device: torch.device, *, other: bool = False) -> AbstractContextManager[object]:
    """Poison the memory of a device in the block, where it bears that.

    Parameters
    ----------
    device : torch.device
    other : bool
        As for `Poisoned`.
    """
    return Poisoned(other=other) if bears(device.type) else contextlib.nullcontext()


@cache
def bears(kind: str) -> bool:
    """Whether a kind of device keeps what is written through a view while its memory is poisoned.

    One that rewrites views below PyTorch's dispatch loses it under any mode of Python's.
    """
    try:
        with Poisoned():
            whole = torch.zeros(1, device=kind)
            whole.view(1).fill_(1)
        return bool(whole.cpu() == 1)
    except Exception:  # Whoever fills a tensor there is told.
        return True
