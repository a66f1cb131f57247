"""Sums, means and maxima of bags, weighted ones too: what is in a bag, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from verify.behaviour.embeddings.tables import (
    filled,
    paddings,
    plain,
    rows_of,
    shuffled,
    slack,
    wholly_filled,
    without,
    wrong,
)
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import doubled

_SIZES = (0, 1, 4, 3, 0, 16, 2, 5, 8, 0)
"""Entries of bags in turn: first, last, and in between some have none."""

_TURNS = 40
"""So that the bags have more than 1,024 indices in all."""

_UNIT = 1 / 16
"""Of means of as many whole numbers as a power of two, of which a bag has 16 at most."""


@dataclass(frozen=True)
class Bags:
    """Indices on the host, and how many of them each bag has."""

    indices: Tensor
    sizes: Tensor

    @property
    def owners(self) -> Tensor:
        """The bag of each index."""
        return torch.arange(len(self.sizes)).repeat_interleave(self.sizes)

    def given(self, module: nn.Module, dtype: torch.dtype = torch.int64) -> tuple[Tensor, Tensor]:
        """Indices and offsets as a module takes them."""
        ends = self.sizes.cumsum(0)
        starts = torch.cat([ends[:1] * 0, ends])
        offsets = starts if module.include_last_offset else starts[:-1]
        device = module.get_parameter("weight").device
        return self.indices.to(device, dtype), offsets.to(device, dtype)


def bags_of(trial: Trial, padding: int | None, sizes: tuple[int, ...] = _SIZES) -> Bags:
    """Bags of any rows, with padding as every third index."""
    counts = torch.tensor(sizes).repeat(_TURNS)
    rows = rows_of(trial)
    indices = torch.arange(int(counts.sum())) % rows
    if padding is not None:
        indices[::3] = padding % rows
    return Bags(shuffled(trial, indices, "bags"), counts)


def distinct(trial: Trial, module: nn.Module) -> Tensor:
    """Fill a table with whole numbers that no column has twice, and return them in float64.

    One row alone is below zero.
    """
    rows, width = module.get_parameter("weight").shape
    order = doubled(trial.normals(rows, width, of="order"))
    table = order.argsort(0).argsort(0).double() - rows // 2 - 1
    filled(module, table)
    return table


@dataclass(frozen=True)
class Reduced:
    """Documented results, and how far rounding may move them."""

    values: Tensor
    bound: Tensor | float


def _filling(table: Tensor, bags: Bags, padding: int | None) -> tuple[Tensor, Tensor, Tensor]:
    """Vectors that are in a bag, their bags, and how many each bag has: padding is in none."""
    kept = without(bags.indices, padding, len(table))
    owners = bags.owners[kept]
    return table[bags.indices[kept]], owners, torch.bincount(owners, minlength=len(bags.sizes))


def _sum(table: Tensor, bags: Bags, padding: int | None, _dtype: torch.dtype) -> Reduced:
    vectors, owners, counts = _filling(table, bags, padding)
    return Reduced(vectors.new_zeros(len(counts), table.shape[1]).index_add_(0, owners, vectors), 0)


def _mean(table: Tensor, bags: Bags, padding: int | None, dtype: torch.dtype) -> Reduced:
    _, _, counts = _filling(table, bags, padding)
    shares = counts.clamp(min=1)[:, None]
    sums, sizes = (_sum(each, bags, padding, dtype).values for each in (table, table.abs()))
    unit = torch.where((shares & (shares - 1)) == 0, _UNIT, 0.0)
    bound = slack(sizes / shares, counts[:, None].expand_as(sizes), unit, dtype)
    return Reduced(sums / shares, bound)


def _max(table: Tensor, bags: Bags, padding: int | None, _dtype: torch.dtype) -> Reduced:
    vectors, owners, counts = _filling(table, bags, padding)
    least = vectors.new_full((len(counts), table.shape[1]), -torch.inf)
    where = owners[:, None].expand_as(vectors)
    values = least.scatter_reduce(0, where, vectors, "amax")
    return Reduced(values.where(counts[:, None] > 0, 0.0), 0)


_MODES = {"sum": _sum, "mean": _mean, "max": _max}


_LAYOUTS = ((False, torch.int64), (True, torch.int32))
"""Ways to hand bags over: with a last offset or without, in either type of indices."""


def misreduced(trial: Trial, mode: str) -> list[str]:
    """Bags whose vectors are not the documented ones, whatever way they are handed over."""
    found = list[str]()
    for padding in paddings(trial):
        bags = bags_of(trial, padding)
        first, *others = (
            plain(trial, mode=mode, padding_idx=padding, include_last_offset=last)
            for last, _ in _LAYOUTS
        )
        table = (distinct if mode == "max" else wholly_filled)(trial, first)
        expected = _MODES[mode](table, bags, padding, trial.dtype)
        if padding is not None:
            table = table.index_fill(0, torch.tensor(padding % len(table)), torch.inf)
        for module, (last, dtype) in zip((first, *others), _LAYOUTS, strict=True):
            vectors = filled(module, table)(*bags.given(module, dtype))
            name = f"{dtype} with padding_idx={padding}, include_last_offset={last}"
            found += wrong(name, vectors, expected.values, expected.bound, trial.dtype)
    return found


def misreduced_squares(trial: Trial) -> list[str]:
    """The same of bags as rows of a matrix."""
    found = list[str]()
    for mode, reduce in _MODES.items():
        for padding in paddings(trial):
            bags = bags_of(trial, padding, (8,))
            module = plain(trial, mode=mode, padding_idx=padding)
            table = wholly_filled(trial, module)
            expected = reduce(table, bags, padding, trial.dtype)
            vectors = module(bags.indices.view(-1, 8).to(trial.device))
            name = f"{mode} with padding_idx={padding}"
            found += wrong(name, vectors, expected.values, expected.bound, trial.dtype)
    return found


def lost_squares(trial: Trial) -> list[str]:
    """Rows of a matrix that are no bag once include_last_offset is set, which is to be ignored."""
    module = plain(trial, include_last_offset=True)
    table = wholly_filled(trial, module)
    bags = bags_of(trial, None, (8,))
    expected = _sum(table, bags, None, trial.dtype).values
    vectors = module(bags.indices.view(-1, 8).to(trial.device))
    return wrong("bags", vectors, expected, 0.0, trial.dtype)


def _empty(trial: Trial) -> Iterator[tuple[str, nn.Module, tuple[Tensor, ...], int]]:
    none = torch.zeros(0, dtype=torch.int64, device=trial.device)
    for mode in _MODES:
        for last in (False, True):
            module = plain(trial, mode=mode, include_last_offset=last)
            for bags in (0, 1, 3):
                offsets = torch.zeros(bags + last, dtype=torch.int64, device=trial.device)
                yield f"{mode} of {bags} bags, last offset {last}", module, (none, offsets), bags


def filled_though_empty(trial: Trial) -> list[str]:
    """Bags without any index that give something else than zeros."""
    found = list[str]()
    for name, module, given, bags in _empty(trial):
        wholly_filled(trial, module)
        zeros = torch.zeros(bags, module.get_parameter("weight").shape[1], dtype=torch.float64)
        found += wrong(name, module(*given), zeros, 0.0, trial.dtype)
    return found


def refused_though_empty(trial: Trial) -> list[str]:
    """Bags as rows of a matrix without columns that give something else than zeros, or an error."""
    found = list[str]()
    for mode in _MODES:
        module = plain(trial, mode=mode)
        zeros = torch.zeros(3, module.get_parameter("weight").shape[1], dtype=torch.float64)
        try:
            vectors = module(torch.zeros(3, 0, dtype=torch.int64, device=trial.device))
        except RuntimeError:
            found.append(f"{mode}: an error")
        else:
            found += wrong(mode, vectors, zeros, 0.0, trial.dtype)
    return found


def not_refused(trial: Trial) -> list[str]:
    """What is documented as an error, and is taken."""
    one, two = (torch.zeros(shape, dtype=torch.int64, device=trial.device) for shape in (2, (2, 2)))
    ones = torch.ones(2, 2, device=trial.device, dtype=trial.dtype)
    wrongly: dict[str, tuple[str, tuple[Tensor | None, ...]]] = {
        "a list without offsets": ("sum", (one,)),
        "a matrix with offsets": ("sum", (two, one[:1])),
        "a box": ("sum", (two[None],)),
        "weights for a mean": ("mean", (two, None, ones)),
        "weights for a maximum": ("max", (two, None, ones)),
        "weights of another shape": ("sum", (two, None, ones[0])),
    }
    found = list[str]()
    for name, (mode, given) in wrongly.items():
        try:
            plain(trial, mode=mode)(*given)
        except (NotImplementedError, RuntimeError, TypeError, ValueError):
            continue
        found.append(name)
    return found
