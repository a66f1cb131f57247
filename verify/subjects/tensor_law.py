"""One tensor that a subject fills, and the law it must follow."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from verify.laws import Law


@dataclass(frozen=True)
class TensorLaw:
    """One tensor that a subject fills, and the law it must follow.

    Attributes
    ----------
    name : str
        Its name in the module's ``state_dict``; empty for the tensor of an initializer.
    shape : tuple of int
        The shape that the documentation promises.
    law : Law
    kind : str
        Tensors of one kind are pooled together; by default each by itself.
    row : int or None
        The one row that the law speaks of.
    but_row : int or None
        The one row that the law does not speak of.
    blocks : int
        Equal parts of the first axis that are drawn for different ends: gates, projections.
    copy_of : str
        The tensor of which a new module's tensor is a documented copy: it adds no evidence.
    """

    name: str
    shape: tuple[int, ...]
    law: Law
    kind: str = ""
    row: int | None = None
    but_row: int | None = None
    blocks: int = 1
    copy_of: str = ""

    @property
    def label(self) -> str:
        """The name, and the row if the law speaks of one."""
        return self.name if self.row is None else f"{self.name}[{self.row}]"

    @property
    def pool(self) -> str:
        """Under which name the tensor is pooled."""
        return self.kind or self.name

    @property
    def lawful_shape(self) -> tuple[int, ...]:
        """The shape of the part that the law speaks of, with an axis for the blocks."""
        if self.row is not None:
            return self.shape[1:]
        if self.but_row is not None:
            return (self.shape[0] - 1, *self.shape[1:])
        if self.blocks > 1:
            return (self.blocks, self.shape[0] // self.blocks, *self.shape[1:])
        return self.shape

    def lawful(self, values: Tensor) -> Tensor:
        """The part that the law speaks of, out of values of shape ``(calls, numel)``."""
        calls = values.shape[0]
        if self.row is not None:
            return values.view(calls, *self.shape)[:, self.row].reshape(calls, -1)
        if self.but_row is not None:
            rows = values.view(calls, *self.shape)
            kept = (rows[:, : self.but_row], rows[:, self.but_row + 1 :])
            return torch.cat(kept, dim=1).reshape(calls, -1)
        return values
