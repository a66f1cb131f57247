"""Which tensors of a model hold what was drawn from a generator of torch, whichever it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from initlaws.audits.seen import called
from initlaws.builds import Builds, places

_OVERWRITING = frozenset({"aten::fill_", "aten::zero_", "aten::copy_"})
"""Operators that leave nothing of what was there."""


class _Draws(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows what is drawn through whatever is computed of it.

    Attributes
    ----------
    held : dict
        A tensor that holds something drawn, by where it lies. It is kept, so that nothing else
        comes to lie there.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.held: dict[int, Tensor] = {}

    def holds(self, tensors: Sequence[Tensor]) -> bool:
        """Whether one of them holds something drawn."""
        return any(_place(tensor) in self.held for tensor in tensors)

    def follow(self, operation: Any, given: Sequence[Tensor], results: Sequence[Tensor]) -> None:
        """Note what an operator has done."""
        if given and operation._schema.name in _OVERWRITING:
            target, *sources = given
            if self.holds(sources):
                self.held[_place(target)] = target
            elif target.numel() * target.element_size() == target.untyped_storage().nbytes():
                self.held.pop(_place(target), None)
        elif torch.Tag.nondeterministic_seeded in operation.tags or self.holds(given):
            self.held |= {_place(tensor): tensor for tensor in results}


def _dispatched(
    self: _Draws,
    operation: Any,
    _types: Sequence[type],
    args: tuple[object, ...] = (),
    kwargs: Mapping[str, object] | None = None,
) -> Any:
    result = operation(*args, **(kwargs or {}))
    self.follow(operation, list(_tensors((args, kwargs))), list(_tensors(result)))
    return result


# Put in place after the class is made, which would otherwise load the compiler at its first call.
_Draws.__torch_dispatch__ = _dispatched  # type: ignore[method-assign, assignment]


def _tensors(of: object) -> Iterator[Tensor]:
    """Those that lie in memory of their own."""
    leaves: list[object] = tree_leaves(of)
    yield from (t for t in leaves if isinstance(t, Tensor) and t.layout is torch.strided)


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def drawn(builds: Builds) -> frozenset[str]:
    """Names of the tensors that hold something drawn in a build, each by its first.

    An operator that draws has a tag of its own (page "torch.Tag": `nondeterministic_seeded`).
    """
    draws = _Draws()

    def make() -> nn.Module:
        with draws:
            return builds.make()

    found = places(called(builds, builds.called, make).model(0))
    return frozenset(p.name for p in found if [*_tensors(p.tensor)] and draws.holds([p.tensor]))
