"""Operations that write into a tensor which they are given, by their argument ``out``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from verify.subjects.case import T, TensorCase
from verify.subjects.fills import Target
from verify.subjects.initializer_cases import ConstantCase
from verify.subjects.layouts import LAYOUTS, Laid
from verify.subjects.operations.picks import PICKS, PickCase
from verify.subjects.operations.usual import USUAL
from verify.subjects.subject import Operation
from verify.subjects.unlawful import Unlawful

_UNFILLED = 7


class _Elsewhere(Unlawful):
    """The result is another tensor than the one that was given."""

    check = "out"


_Call = Callable[[T, Target, Tensor], Tensor]


def _rand(case: TensorCase, at: Target, out: Tensor) -> Tensor:
    return torch.rand(case.shape, generator=at.generator, out=out)


def _randn(case: TensorCase, at: Target, out: Tensor) -> Tensor:
    return torch.randn(case.shape, generator=at.generator, out=out)


def _randperm(case: TensorCase, at: Target, out: Tensor) -> Tensor:
    return torch.randperm(case.shape[0], generator=at.generator, out=out)


def _full(case: ConstantCase, at: Target, out: Tensor) -> Tensor:
    return torch.full(case.shape, case.value, out=out)


def _picks(case: PickCase, at: Target, out: Tensor) -> Tensor:
    """Of a matrix of weights: a row of picks for each of its rows."""
    given, (rows, _) = case.given(at), case.shape
    return torch.multinomial(given, rows, replacement=True, generator=at.generator, out=out)


def _into(call: _Call[T], *, turned: bool = False) -> Callable[[T, Target], Tensor]:
    """Make a call that hands over a tensor that fits, one without entries, or a part of another.

    Parameters
    ----------
    call : callable
    turned : bool
        Whether the operation fills the transpose of the case's shape.
    """

    def drawn(case: T, at: Target) -> Tensor:
        shape = case.shape[::-1] if turned else case.shape
        lay = _LAYS[math.prod(shape) % len(_LAYS)]
        laid = lay(shape, at.dtype, at.device) if lay else _without_entries(at)
        result = call(case, at, laid.tensor.fill_(_UNFILLED))
        if result is not laid.tensor or result.shape != shape:
            raise _Elsewhere("the result is not the tensor that was given as out")
        kept = result.clone(memory_format=torch.contiguous_format)
        if lay:
            laid.check()
        return kept.mT if turned else kept

    return drawn


_LAYS = (None, LAYOUTS["strided"], LAYOUTS["offset"], LAYOUTS["transposed"])
"""How the tensor lies in memory, by the number of its entries; the first has none yet."""


def _without_entries(at: Target) -> Laid:
    """A tensor that is resized to what is drawn."""
    empty = torch.empty(0, **at.factory)
    return Laid(empty, empty)


_ROWS = {row.name: row for row in (*USUAL, *PICKS)}


def _row(name: str, call: Callable[[T, Target], Tensor], dtype: str, rows: int) -> Operation[T]:
    """The row of the same operation; its anchors have so many rows or more, one for each layout."""
    row: Operation[T] = _ROWS[f"torch.{name}"]
    anchor = row.anchors[0]
    shapes = ((rows + more, *anchor.shape[1:]) for more in range(len(_LAYS)))
    return replace(
        row,
        name=f"torch.{name} into a tensor",
        call=call,
        dtypes=(dtype,),
        anchors=tuple(replace(anchor, shape=shape) for shape in shapes),
        strata=(),
        pools=0.0,
        form_of=f"torch.{name}",
    )


INTO: tuple[Operation, ...] = (
    _row("rand", _into(_rand), "float32", 160),
    _row("randn", _into(_randn), "float32", 160),
    _row("randperm", _into(_randperm), "int64", 8),
    _row("full", _into(_full), "float32", 160),
    _row("multinomial", _into(_picks, turned=True), "int64", 4000),
)
"""One row for each operation whose other rows do not ask it."""
