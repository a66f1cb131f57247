"""Bags that hold too much or too little, are reduced wrongly, or learn wrongly."""

from __future__ import annotations

import functools
from typing import NamedTuple

import torch
from torch import Tensor

from selftest.planted.fault import calling, table
from selftest.planted.module import question

_SUM, _MEAN, _MAX = range(3)


def sizes_of(rows, offsets, last):
    ends = offsets if last else torch.cat([offsets, offsets.new_full((1,), len(rows))])
    return ends.diff()


def edited(edit):
    """Change what bags are reduced to; the edit gets results, mode, sizes, rows and padding."""

    def reduce(original, weight, rows, offsets, scaled, mode, sparse, weights, last, padding):
        found, *others = original(
            weight, rows, offsets, scaled, mode, sparse, weights, last, padding
        )
        sizes = sizes_of(rows, offsets, last)
        return edit(found, mode, sizes, rows, padding), *others

    return calling(reduce)


def padding_counts(found, mode, sizes, rows, padding):
    if mode != _MEAN or padding is None:
        return found
    owners = torch.arange(len(sizes)).repeat_interleave(sizes)
    kept = torch.bincount(owners[rows != padding % (1 << 40)], minlength=len(sizes))
    return found * (kept / sizes.clamp(min=1)).to(found.dtype)[:, None]


def one_more(found, mode, sizes, _rows, _padding):
    shares = sizes / (sizes + (sizes > 4))
    return found * shares.nan_to_num().to(found.dtype)[:, None] if mode == _MEAN else found


def empty_undefined(found, _mode, sizes, _rows, _padding):
    return found.masked_fill((sizes == 0)[:, None], torch.nan)


def not_below_zero(found, mode, _sizes, _rows, _padding):
    return found.clamp(min=0) if mode == _MAX else found


def long_as_mean(found, mode, sizes, _rows, _padding):
    return found / (1 + (mode == _SUM) * (sizes > 8))[:, None]


class Asked(NamedTuple):
    """What `functional.embedding_bag` is called with, in its order."""

    rows: Tensor
    weight: Tensor
    offsets: Tensor | None
    norm: float | None
    kind: float
    scaled: bool
    mode: str
    sparse: bool
    weights: Tensor | None
    last: bool
    padding: int | None


def asking(change):
    """Ask for other bags."""
    return calling(lambda original, *args: original(*change(Asked(*args))))


def maxima_of_padding(asked):
    return asked._replace(padding=None) if asked.mode == "max" else asked


def last_offset_taken(asked):
    return asked._replace(last=False)


def by_columns(asked):
    rows = asked.rows
    return asked._replace(rows=rows.T.reshape(rows.shape) if rows.dim() == 2 else rows)


def a_bag_less(original, *args):
    found, asked = original(*args), Asked(*args)
    return found[:-1] if asked.rows.dim() == 2 and asked.last else found


def one_bag(asked):
    is_bag = asked.rows.dim() == 1 and asked.offsets is None
    return asked._replace(offsets=asked.rows.new_zeros(1)) if is_bag else asked


def offsets_dropped(asked):
    return asked._replace(offsets=None) if asked.rows.dim() == 2 else asked


def weights_dropped(asked):
    return asked if asked.mode == "sum" else asked._replace(weights=None)


def learning_as(change, mode):
    """The same values, with the gradients of other bags."""

    def learn(original, *args):
        found, asked = original(*args), Asked(*args)
        if asked.mode != mode or asked.offsets is None or asked.weights is not None:
            return found
        others = original(*change(asked))
        return found.detach() + (others - others.detach())

    return calling(learn)


def as_sum(asked):
    return asked._replace(mode="sum")


def of_first_1024(asked):
    return asked._replace(rows=asked.rows[:1024], offsets=asked.offsets.clamp(max=1024))


def with_padding(asked):
    return asked._replace(padding=None)


def with_padding_if_sparse(asked):
    return with_padding(asked) if asked.sparse else asked


def weighted(change):
    def weigh(asked):
        weights = asked.weights
        return asked._replace(weights=weights if weights is None else change(weights))

    return asking(weigh)


def halved_slopes(weights):
    return weights / 2 + weights.detach() / 2


def padded_slopes(original, *args):
    found, weights = original(*args), Asked(*args).weights
    more = 0 if weights is None else weights.sum() - weights.sum().detach()
    return found + more


row = functools.partial(question, "embeddings", "embedding")
SUMS, MEANS, MAXIMA = "sums of bags:", "means of bags:", "maxima of bags:"
TAKEN = "bags that are not refused:"
WEIGHTED = "weighted sums of bags and their gradients:"

FAULTS = table(
    row("long bags are averaged", "float32-EmbeddingBag", "torch.embedding_bag",
        edited(long_as_mean), f"{SUMS} torch.int64 with padding_idx=None"),
    row("means count padding", "float32-EmbeddingBag", "torch.embedding_bag",
        edited(padding_counts), f"{MEANS} torch.int64 with padding_idx=0"),
    row("means of long bags count one more", "float64-EmbeddingBag", "torch.embedding_bag",
        edited(one_more), f"{MEANS} torch.int64 with padding_idx=None"),
    row("maxima start from zero", "float32-EmbeddingBag", "torch.embedding_bag",
        edited(not_below_zero), f"{MAXIMA} torch.int64 with padding_idx=None"),
    row("maxima are of padding too", "float32-EmbeddingBag", "functional.embedding_bag",
        asking(maxima_of_padding), f"{MAXIMA} torch.int64 with padding_idx=0"),
    row("the last offset starts a bag", "float32-EmbeddingBag", "functional.embedding_bag",
        asking(last_offset_taken), f"{SUMS} torch.int32 with padding_idx=None"),
    row("empty bags are undefined", "float32-EmbeddingBag", "torch.embedding_bag",
        edited(empty_undefined), "empty bags that are not zero: sum of 1 bags"),
    row("a matrix is read by columns", "float32-EmbeddingBag", "functional.embedding_bag",
        asking(by_columns), "bags that are rows of a matrix: sum"),
    row("a matrix loses its last bag", "float32-EmbeddingBag", "functional.embedding_bag",
        calling(a_bag_less), "bags of a matrix with include_last_offset: bags of shape"),
    row("a list is one bag", "float32-EmbeddingBag", "functional.embedding_bag",
        asking(one_bag), f"{TAKEN} a list without offsets"),
    row("offsets of a matrix are dropped", "float32-EmbeddingBag", "functional.embedding_bag",
        asking(offsets_dropped), f"{TAKEN} a matrix with offsets"),
    row("weights of a mean are dropped", "float32-EmbeddingBag", "functional.embedding_bag",
        asking(weights_dropped), f"{TAKEN} weights for a mean, weights for a maximum"),
    row("only the first 1,024 in bags learn", "float32-EmbeddingBag", "functional.embedding_bag",
        learning_as(of_first_1024, "sum"), "gradients of sums of bags: padding_idx=None"),
    row("padding in bags learns sparsely", "float32-EmbeddingBag", "functional.embedding_bag",
        learning_as(with_padding_if_sparse, "sum"),
        "gradients of sums of bags: padding_idx=0, sparse=True"),
    row("gradients of means are those of sums", "float64-EmbeddingBag",
        "functional.embedding_bag", learning_as(as_sum, "mean"), "gradients of means of bags:"),
    row("gradients of means are divided by padding", "float32-EmbeddingBag",
        "functional.embedding_bag", learning_as(with_padding, "mean"),
        "gradients of means of bags: padding_idx=0"),
    row("gradients of maxima go to all", "float32-EmbeddingBag", "functional.embedding_bag",
        learning_as(as_sum, "max"), "gradients of maxima of bags: padding_idx=None"),
    row("weights are squared", "float32-EmbeddingBag", "functional.embedding_bag",
        weighted(lambda weights: weights * weights), f"{WEIGHTED} sums with"),
    row("weights learn half", "float64-EmbeddingBag", "functional.embedding_bag",
        weighted(halved_slopes), f"{WEIGHTED} weights with"),
    row("weights of padding learn", "float32-EmbeddingBag", "functional.embedding_bag",
        calling(padded_slopes), f"{WEIGHTED} weights with"),
)  # fmt: skip
