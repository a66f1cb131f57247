"""Other ways in which ranks may store, load and divide anew what they hold together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import torch

from selftest.lawful.alternative import Control
from selftest.lawful.sharded import InRanks
from selftest.planted.fault import Function, calling, table
from selftest.planted.resharding import EVERYTHING, PLANS, RESHARDING, planned

_WRITER = "torch.distributed.checkpoint.FileSystemWriter.__init__"
_REDISTRIBUTE = "torch.distributed.tensor.DTensor.redistribute"


def _rows(item: Any) -> Iterator[Any]:
    """A piece that is read row by row."""
    for row in range(item.lengths[0] if item.lengths else 0):
        further = [
            torch.Size([offsets[0] + row, *offsets[1:]])
            for offsets in (item.dest_offsets, item.storage_offsets)
        ]
        lengths = torch.Size([1, *item.lengths[1:]])
        to, at = further
        yield dataclasses.replace(item, dest_offsets=to, storage_offsets=at, lengths=lengths)


def _by_rows(items: list[Any], _planner: Any) -> list[Any]:
    return [row for item in items for row in ([*_rows(item)] or [item])]


def _without_last_row(items: list[Any], _planner: Any) -> list[Any]:
    return [row for item in items for row in ([*_rows(item)][:-1] or [item])]


def _backwards(items: list[Any], _planner: Any) -> list[Any]:
    return items[::-1]


def _in_many_files(original: Function, self: Any, path: Any, **more: Any) -> None:
    original(self, path, **more | {"single_file_per_rank": False, "thread_count": 2})


def _by_the_whole(original: Function, tensor: Any, *args: Any, **kwargs: Any) -> Any:
    """Gather everything everywhere, and keep a part of it."""
    from torch.distributed.tensor import Replicate, distribute_tensor

    wanted = original(tensor, *args, **kwargs)
    mesh, placements = wanted.device_mesh, wanted.placements
    whole = original(tensor, mesh, [Replicate()] * mesh.ndim).to_local()
    return distribute_tensor(whole, mesh, placements, src_data_rank=None)


_LOADS = "PyTorch documentation, torch.distributed.checkpoint: a LoadPlanner may split what is read"
_STORES = "PyTorch documentation, torch.distributed.checkpoint.FileSystemWriter"
_PLACES = "PyTorch documentation, DTensor.redistribute: placements are promised, not the way there"


def _alternative(name: str, words: str, target: str, plant: Any, source: str) -> InRanks:
    return InRanks(
        name, words, (target,), plant, nodes=(RESHARDING,), source=source, arguments=EVERYTHING
    )


ALTERNATIVES = table(
    _alternative("reshard_by_rows", "what is loaded is read row by row",
                 PLANS, planned(_by_rows), _LOADS),
    _alternative("reshard_backwards", "what is loaded is read from the last on",
                 PLANS, planned(_backwards), _LOADS),
    _alternative("reshard_in_many_files", "each tensor is stored in a file of its own",
                 _WRITER, calling(_in_many_files), _STORES),
    _alternative("redistribute_by_the_whole", "ranks gather the whole and keep their part",
                 _REDISTRIBUTE, calling(_by_the_whole), _PLACES),
)  # fmt: skip

CONTROLS = table(
    Control("reshard_by_rows_but_one", "what is loaded is read row by row but for the last",
            (PLANS,), planned(_without_last_row), RESHARDING, frozenset({"resharding"}),
            says="entries that loading leaves unwritten, of modules"),
)  # fmt: skip
