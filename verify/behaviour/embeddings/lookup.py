"""Rows are found as they are, whatever asks for them, and the padding row is the user's own."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from verify.behaviour.embeddings.tables import filled, paddings, plain, shuffled, wholly_filled
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import identical

_MANY = 3103
"""More indices than some blocks of kernels, and no multiple of their sizes."""


def look_up(module: nn.Module, rows: Tensor) -> Tensor:
    """One vector for each row; of a bag, each row in a bag of its own."""
    bags: tuple[Tensor, ...] = ()
    if isinstance(module, nn.EmbeddingBag):
        count = len(rows) + module.include_last_offset
        bags = (torch.arange(count, device=rows.device, dtype=rows.dtype),)
    found: Tensor = module(rows, *bags)
    return found


def _asked_for(trial: Trial, rows: int) -> Iterator[tuple[str, Tensor]]:
    """Indices of many shapes; the first are of every row."""
    every = torch.arange(rows)
    many = shuffled(trial, every.repeat(-(-_MANY // rows)), "indices")
    yield "every row", every
    yield "many rows", many
    yield "a box of rows", many[: 2 * 3 * 5].view(2, 3, 5)
    yield "indices apart in memory", many[:3000].view(3, 1000).T
    yield "a single row", every[-1]
    yield "no rows", many[:0].view(3, 0, 2)


def misread(trial: Trial) -> list[str]:
    """Look-ups that do not give the rows of the table bit for bit."""
    found = list[str]()
    for padding in paddings(trial):
        module = plain(trial, padding_idx=padding)
        weight = module.get_parameter("weight")
        table = trial.normals(*weight.shape, of="rows")
        filled(module, table)
        for name, indices in _asked_for(trial, len(table)):
            for dtype in (torch.int64, torch.int32):
                vectors = module(indices.to(trial.device, dtype))
                rows = table.cpu()[indices].to(trial.device)
                if not identical(vectors.detach(), rows):
                    found.append(f"{name} in {dtype}")
        if not identical(weight.detach(), table):
            found.append("the table itself")
    return found


def on_host(trial: Trial) -> bool:
    """On an accelerator an index out of range may end the process, late and for good."""
    return trial.device.type == "cpu"


def not_refused(trial: Trial) -> list[str]:
    """Indices outside the table, of other types, that are taken."""
    module, found = plain(trial), list[str]()
    rows = len(module.get_parameter("weight"))
    far = 1 << 32  # In 32 bits the row 0.
    for index in (-1, rows, -rows, far, 0.0):
        try:
            look_up(module, torch.tensor([0, index], device=trial.device))
        except (IndexError, RuntimeError, ValueError, TypeError):
            continue
        found.append(f"{index!r} of {rows} rows")
    return found


def changed_padding(trial: Trial) -> list[str]:
    """Padding rows given by a user that look-ups do not return, or that a step changes."""
    found = list[str]()
    for padding in [each for each in paddings(trial) if each is not None]:
        for sparse in (False, True):
            module = plain(trial, padding_idx=padding, sparse=sparse)
            table = wholly_filled(trial, module)
            weight = module.get_parameter("weight")
            every = torch.arange(len(table), device=trial.device)
            found += _stepped(module, weight, every, padding, f"with sparse={sparse}")
    return found


def _stepped(
    module: nn.Module, weight: nn.Parameter, every: Tensor, padding: int, options: str
) -> Iterator[str]:
    before = weight.detach().clone().cpu()
    vectors = look_up(module, every)
    if isinstance(module, nn.Embedding) and not identical(vectors.detach().cpu(), before):
        yield f"look-ups {options}"
    torch.autograd.backward(vectors.sum())
    torch.optim.SGD([weight], lr=1.0).step()
    after = weight.detach().cpu()
    if not identical(after[padding], before[padding]):
        yield f"row {padding} after a step {options}"
    learning = torch.ones(len(before), dtype=torch.bool)
    learning[padding] = False
    if not identical(after[learning], before[learning] - 1):
        yield f"other rows after a step {options}"
