"""Zeros in other places: subsets of the rows of a column by other algorithms."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from selftest.lawful.alternative import Control, Declined, Stream, is_plain, swap
from selftest.planted.contracts import contract
from selftest.planted.fault import Function, Plant, law, table

Subset = Callable[[int, int, Stream], list[int]]
"""Draws which rows are zero: of how many, how many, where from."""


def _zeros(order: Callable[[int, Stream], Tensor]) -> Plant:
    def plant(original: Function) -> Function:
        def sparse_(
            tensor: Tensor,
            sparsity: float,
            std: float = 0.01,
            generator: torch.Generator | None = None,
        ) -> Tensor:
            if tensor.is_meta or tensor.ndim != 2:
                raise Declined
            rows, columns = tensor.shape
            with torch.no_grad():
                tensor.normal_(0, std, generator=generator)
                for column in range(columns):
                    places = order(rows, Stream(generator))[: math.ceil(sparsity * rows)]
                    tensor[places, column] = 0
            return tensor

        return functools.wraps(original)(sparse_)

    return plant


def _keys(rows: int, stream: Stream) -> Tensor:
    return stream.integers(rows, 62).argsort()


def _shuffled(rows: int, stream: Stream) -> Tensor:
    host = np.random.Generator(np.random.SFC64(stream.key()))
    order = np.arange(rows)
    host.shuffle(order)
    return torch.from_numpy(order)


def _zeros_first(original: Function) -> Function:
    """Places of all columns at once, where uniforms are largest; then only what is not zero."""

    @functools.wraps(original)
    def sparse_(
        tensor: Tensor,
        sparsity: float,
        std: float = 0.01,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        if not is_plain(tensor) or tensor.is_complex() or tensor.ndim != 2 or not tensor.numel():
            raise Declined
        with torch.no_grad():
            uniforms = Stream(generator).doubles(tensor.numel()).view(tensor.shape)
            places = uniforms.topk(math.ceil(sparsity * len(tensor)), dim=0).indices
            kept = torch.ones(tensor.shape, dtype=torch.bool).scatter_(0, places, value=False)
            drawn = torch.empty(int(kept.sum()), dtype=tensor.dtype)
            tensor.zero_().masked_scatter_(kept, drawn.normal_(0, std, generator=generator))
        return tensor

    return sparse_


def _places(choose: Subset) -> Plant:
    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def sparse_(
            tensor: Tensor,
            sparsity: float,
            std: float = 0.01,
            generator: torch.Generator | None = None,
        ) -> Tensor:
            if not is_plain(tensor) or tensor.ndim != 2:
                raise Declined
            rows, columns = tensor.shape
            count = math.ceil(sparsity * rows)
            with torch.no_grad():
                tensor.normal_(0, std, generator=generator)
                for column in range(columns):
                    tensor[choose(rows, count, Stream(generator)), column] = 0
            return tensor

        return sparse_

    return plant


def _floyd(rows: int, count: int, stream: Stream) -> list[int]:
    """Propose one of ever more rows; where it is taken already, take the last of them."""
    chosen = set[int]()
    for top, u in zip(range(rows - count, rows), stream.doubles(count).tolist(), strict=True):
        place = int(u * (top + 1))
        chosen.add(top if place in chosen else place)
    return sorted(chosen)


def _selected(rows: int, count: int, stream: Stream, factor: float = 1.0) -> list[int]:
    """Go through the rows, and take each with the chance of what is still to be taken."""
    chosen = list[int]()
    for row, u in enumerate(stream.doubles(rows).tolist()):
        if u * (rows - row) < factor * (count - len(chosen)):
            chosen.append(row)
    return chosen


_NODES = (law("float32-sparse_"), law("float64-sparse_"))
_ALL_DEFECTS = ("--known-defects", "none")

ALTERNATIVES = table(
    swap("sparse_of_keys", "zeros where random keys are smallest, from the generator", "sparse_",
         _zeros(_keys), "Martens 2010, sec. 5", *_NODES, contract("float32-sparse_"),
         arguments=_ALL_DEFECTS),
    swap("sparse_shuffled", "zeros where another library shuffles them to", "sparse_",
         _zeros(_shuffled), "Martens 2010, sec. 5", *_NODES),
    swap("sparse_zeros_first", "the zeros of all columns at once, before anything is drawn",
         "sparse_", _zeros_first, "Martens 2010, sec. 5", *_NODES),
    swap("sparse_of_floyd", "zeros by Floyd's algorithm", "sparse_", _places(_floyd),
         "Bentley & Floyd 1987", law("float32-sparse_"), contract("float32-sparse_"),
         arguments=_ALL_DEFECTS),
    swap("sparse_selected", "zeros row by row, by the chance that is left", "sparse_",
         _places(_selected), "Knuth, TAOCP 2, sec. 3.4.2, algorithm S", law("float32-sparse_")),
)  # fmt: skip

CONTROLS = table(
    Control("sparse_selected_too_soon", "zeros row by row, by a chance that is 10 % too large",
            ("sparse_",), _places(functools.partial(_selected, factor=1.1)), law("float32-sparse_"),
            frozenset({"zero_position"})),
)  # fmt: skip
