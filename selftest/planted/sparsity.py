"""Faults of where a sparse matrix has its zeros: in calls, in columns, inside a column."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from selftest.planted.fault import Call, Edit, Fault, Function, editing, law, table

_SORTED = 1 << 16
"""Entries of the largest matrix whose keys are sorted twice, where that is not the point."""

POSITION = frozenset({"zero_position"})
OVERLAP = frozenset({"zero_overlap"})


def _count(tensor: Tensor, call: Call) -> int:
    return math.ceil(call.values["sparsity"] * tensor.size(0))


def _by_keys(tensor: Tensor, call: Call, keys: Tensor) -> None:
    """Put the zeros where the keys of a column are smallest, and draw the rest."""
    ranks = keys.argsort(0).argsort(0)
    tensor.copy_(call.normals() * call.values["std"])
    tensor.masked_fill_(ranks < _count(tensor, call), 0)


def _every_call(tensor: Tensor, call: Call) -> None:
    fixed = torch.Generator().manual_seed(tensor.numel())
    _by_keys(tensor, call, torch.rand(tensor.shape, generator=fixed))


def _of_two_streams(original: Function) -> Function:
    """Every second call starts the same stream of places anew, after one that does not."""
    calls = [0]

    def edit(tensor: Tensor, call: Call) -> None:
        calls[0] += 1
        if calls[0] % 2:
            _every_call(tensor, call)

    return editing(edit)(original)


def _like_the(lag: int) -> Edit:
    """Let columns share their rows with that so many further."""

    def edit(tensor: Tensor, call: Call) -> None:
        keys = call.uniforms().double()
        for start in range(lag, tensor.size(1), 2 * lag):
            width = min(lag, tensor.size(1) - start)
            keys[:, start : start + width] = keys[:, start - lag : start - lag + width]
        _by_keys(tensor, call, keys)

    return edit


def _avoided(tensor: Tensor, call: Call) -> None:
    """Let every second column have zeros where the one before it has none, if there is room."""
    keys = call.uniforms().double()
    pairs = tensor.size(1) // 2
    keys[:, 1 : 2 * pairs : 2] = 1 - keys[:, : 2 * pairs : 2]
    _by_keys(tensor, call, keys)


def _even_rows(tensor: Tensor, call: Call) -> None:
    keys = call.uniforms().double()
    keys[1::2] += 1
    _by_keys(tensor, call, keys)


def _three_quarters(tensor: Tensor, call: Call) -> None:
    keys = call.uniforms().double()
    keys[3 * tensor.size(0) // 4 :] += 1
    _by_keys(tensor, call, keys)


def _from_random_starts(tensor: Tensor, call: Call, step: int) -> None:
    """Order the rows of each column by steps from a random one, around the end."""
    rows, columns = tensor.shape
    start = (call.uniforms()[:1].double() * rows).long()
    place = (torch.arange(rows)[:, None] - start) % rows
    # Rows whose place is a multiple of the step come first, then the next ones.
    keys = (place % step * rows + place).double()
    _by_keys(tensor, call, keys.expand(rows, columns))


def _evenly_spread(tensor: Tensor, call: Call) -> None:
    _from_random_starts(tensor, call, max(1, tensor.size(0) // max(1, _count(tensor, call))))


def _in_a_run(tensor: Tensor, call: Call) -> None:
    _from_random_starts(tensor, call, 1)


def _in_pairs(tensor: Tensor, call: Call) -> None:
    """Let one zero in ten drag the row eight further along, where sorting is cheap."""
    if tensor.numel() > _SORTED:
        return
    keys = call.uniforms().double()
    dragged = call.chance(0.1)[8:]
    keys[8:] = torch.where(dragged, keys[:-8] + 1e-9, keys[8:])
    _by_keys(tensor, call, keys)


def _fault(name: str, description: str, edit: Edit, checks: frozenset[str]) -> Fault:
    return Fault(name, description, ("sparse_",), editing(edit), law("float32-sparse_"), checks)


FAULTS = table(
    _fault("sparse_every_call", "every call puts its zeros in the same places", _every_call,
           OVERLAP),
    Fault("sparse_every_second_call", "every second call puts its zeros in the same places",
          ("sparse_",), _of_two_streams, law("float32-sparse_"), OVERLAP),
    _fault("sparse_two_apart", "columns two apart have their zeros in the same rows", _like_the(2),
           OVERLAP),
    _fault("sparse_seven_apart", "columns seven apart have their zeros in the same rows",
           _like_the(7), OVERLAP),
    _fault("sparse_avoided", "every second column avoids the zeros of the one before", _avoided,
           OVERLAP),
    _fault("sparse_even_rows", "odd rows have zeros where there is no room in even ones",
           _even_rows, POSITION),
    _fault("sparse_three_quarters", "the last quarter of the rows has zeros only where others lack "
           "room", _three_quarters, POSITION),
    _fault("sparse_evenly_spread", "zeros are every k-th row, from a random one on",
           _evenly_spread, POSITION),
    _fault("sparse_in_a_run", "the zeros of a column are in a row, from a random one on", _in_a_run,
           POSITION),
    _fault("sparse_in_pairs", "one zero in ten drags the row eight further along", _in_pairs,
           POSITION),
)  # fmt: skip
