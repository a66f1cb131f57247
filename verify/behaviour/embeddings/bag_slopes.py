"""Gradients of bags, with respect to the table and to the weights of its rows in each bag."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from verify.behaviour.embeddings.bags import Bags, bags_of, distinct
from verify.behaviour.embeddings.slopes import repeated
from verify.behaviour.embeddings.tables import (
    paddings,
    plain,
    rows_of,
    slack,
    whole,
    wholly_filled,
    without,
    wrong,
)
from verify.behaviour.promise import Trial

_STEEP = 2
_BINARY = (0, 1, 4, 0, 16, 2, 8)
"""Entries of bags in turn: of a mean, every share is a power of two unless some are padding."""

_UNIT = 1 / 16


def _shares(mode: str, table: Tensor, bags: Bags, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives of the vector of a bag with respect to each index in it, and their unit."""
    if mode == "max":
        return _chosen(table, bags, kept), torch.ones(())
    owners = bags.owners
    counts = torch.bincount(owners[kept], minlength=len(bags.sizes)).clamp(min=1)
    unit = _UNIT if mode == "mean" and not bool((counts & (counts - 1)).any()) else 0.0
    shares = 1 / counts[owners].double() if mode == "mean" else torch.ones(len(owners)).double()
    return (shares * kept)[:, None], torch.tensor(1.0 if mode == "sum" else unit)


def _chosen(table: Tensor, bags: Bags, kept: Tensor) -> Tensor:
    """The first largest one of each bag: a row that is twice in a bag is one of two alike."""
    vectors = table[bags.indices].masked_fill(~kept[:, None], -torch.inf)
    owners = bags.owners[:, None].expand_as(vectors)
    best = vectors.new_full((len(bags.sizes), table.shape[1]), -torch.inf)
    best = best.scatter_reduce(0, owners, vectors, "amax")
    is_best = (vectors == best.gather(0, owners)) & kept[:, None]
    places = torch.arange(len(vectors))[:, None].expand_as(vectors)
    none = torch.full_like(best, len(vectors), dtype=torch.int64)
    first = none.scatter_reduce(0, owners, places.where(is_best, len(vectors)), "amin")
    return (places == first.gather(0, owners)).double()


def misadded(trial: Trial, mode: str) -> list[str]:
    """Gradients of a table that are not the sums over the bags, dense ones and sparse ones."""
    found = list[str]()
    for padding in paddings(trial):
        bags = bags_of(trial, padding, _BINARY)
        for sparse in (False, True) if mode != "max" else (False,):
            module = plain(trial, mode=mode, padding_idx=padding, sparse=sparse)
            found += _off(trial, module, bags, f"padding_idx={padding}, sparse={sparse}")
    return found


def _off(trial: Trial, module: nn.Module, bags: Bags, name: str) -> list[str]:
    mode = module.mode if isinstance(module.mode, str) else ""
    table = distinct(trial, module)
    slopes = whole(trial, len(bags.sizes), table.shape[1], of="slopes", largest=_STEEP)
    weight = module.get_parameter("weight")
    vectors = module(*bags.given(module))
    (gradient,) = torch.autograd.grad(vectors, weight, slopes.to(trial.device, trial.dtype))
    padding = module.padding_idx if isinstance(module.padding_idx, int) else None
    kept = without(bags.indices, padding, len(table))
    shares, unit = _shares(mode, table, bags, kept)
    terms = shares * slopes[bags.owners]
    expected = torch.zeros_like(table).index_add_(0, bags.indices, terms)
    sizes = torch.zeros_like(table).index_add_(0, bags.indices, terms.abs())
    counts = torch.bincount(bags.indices, minlength=len(table))[:, None].expand_as(table)
    wrongly = [] if gradient.is_sparse == module.sparse else [f"{gradient.layout} with {name}"]
    bound = slack(sizes, counts, unit, trial.dtype)
    return wrongly + wrong(name, gradient.to_dense(), expected, bound, trial.dtype)


def misweighted(trial: Trial) -> list[str]:
    """Weighted sums that are off, and their gradients with respect to rows and to weights."""
    found = list[str]()
    for padding in paddings(trial):
        bags = bags_of(trial, padding)
        for sparse in (False, True):
            module = plain(trial, padding_idx=padding, sparse=sparse)
            found += _weighted(trial, module, bags, f"padding_idx={padding}, sparse={sparse}")
    return found


def _weighted(trial: Trial, module: nn.Module, bags: Bags, name: str) -> list[str]:
    table = wholly_filled(trial, module)
    weights = whole(trial, len(bags.indices), of="weights", largest=2)
    slopes = whole(trial, len(bags.sizes), table.shape[1], of="slopes", largest=_STEEP)
    padding = module.padding_idx if isinstance(module.padding_idx, int) else None
    kept = without(bags.indices, padding, len(table))[:, None]
    given = weights.to(trial.device, trial.dtype).requires_grad_()
    vectors = module(*bags.given(module), given)
    rows, shares = torch.autograd.grad(
        vectors, (module.get_parameter("weight"), given), slopes.to(trial.device, trial.dtype)
    )
    products = {
        "sums": (vectors, (table[bags.indices] * weights[:, None] * kept), bags.owners),
        "rows": (rows.to_dense(), slopes[bags.owners] * weights[:, None] * kept, bags.indices),
    }
    found = list[str]()
    for of, (values, terms, places) in products.items():
        zeros = torch.zeros(values.shape, dtype=torch.float64)
        sums, sizes = (zeros.index_add(0, places, each) for each in (terms, terms.abs()))
        counts = torch.bincount(places, minlength=len(zeros))[:, None].expand_as(zeros)
        bound = slack(sizes, counts, 1.0, trial.dtype)
        found += wrong(f"{of} with {name}", values, sums, bound, trial.dtype)
    terms = slopes[bags.owners] * table[bags.indices] * kept
    counts = torch.full((len(terms),), terms.shape[1])
    bound = slack(terms.abs().sum(1), counts, 1.0, trial.dtype)
    return found + wrong(f"weights with {name}", shares, terms.sum(1), bound, trial.dtype)


def of_many_rows(trial: Trial) -> bool:
    """Whether some rows differ in their frequency from their neighbours."""
    return trial.row.name == "EmbeddingBag" and rows_of(trial) >= 8


def misdivided(trial: Trial) -> list[str]:
    """Gradients that are not divided by how often a row is in the mini-batch."""
    return _misdivided(trial, *repeated(trial))


def misdivided_evenly(trial: Trial) -> list[str]:
    """The same where every row is there four times, and a frequency cannot be another row's."""
    indices = torch.arange(rows_of(trial)).repeat(4)
    return _misdivided(trial, indices, indices.bincount())


def _misdivided(trial: Trial, indices: Tensor, counts: Tensor) -> list[str]:
    sizes = torch.ones(len(indices), dtype=torch.int64)
    bags, found = Bags(indices, sizes), list[str]()
    for mode in ("sum", "mean"):
        module = plain(trial, mode=mode, scale_grad_by_freq=True)
        table = wholly_filled(trial, module)
        slopes = whole(trial, len(indices), table.shape[1], of="slopes", largest=_STEEP)
        (gradient,) = torch.autograd.grad(
            module(*bags.given(module)),
            module.get_parameter("weight"),
            slopes.to(trial.device, trial.dtype),
        )
        terms = slopes / counts[indices, None]
        expected = torch.zeros_like(table).index_add_(0, indices, terms)
        found += wrong(mode, gradient, expected, 0.0, trial.dtype)
    return found
