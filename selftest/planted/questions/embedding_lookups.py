"""Embeddings that find other rows, and whose gradients do not add up."""

from __future__ import annotations

import functools

import torch

from selftest.planted.fault import calling, table
from selftest.planted.module import question


def last_as_first(original, rows, weight, *args):
    return original(rows.where(rows != len(weight) - 1, 0), weight, *args)


def in_seven_bits(original, rows, weight, *args):
    return original(rows & 127 if rows.dtype == torch.int32 else rows, weight, *args)


def one_block(original, rows, weight, *args):
    found = original(rows, weight, *args)
    late = torch.arange(rows.numel()).view(rows.shape) >= 3072
    return found.masked_fill(late[..., None], 0)


def in_memory_order(original, rows, weight, *args):
    stored = rows.as_strided((rows.numel(),), (1,), rows.storage_offset()).view(rows.shape)
    return original(stored, weight, *args)


def padding_as_zero(original, rows, weight, padding, *args):
    found = original(rows, weight, padding, *args)
    return found if padding is None else found * (rows != padding)[..., None]


def from_the_end(original, rows, weight, *args):
    negative = not rows.is_floating_point() and bool((rows >= -len(weight)).all())
    return original(rows.where(rows >= 0, rows + len(weight)) if negative else rows, weight, *args)


def clamped(original, rows, weight, *args):
    return original(rows.clamp(max=len(weight) - 1), weight, *args)


def whole(original, rows, weight, *args):
    return original(rows.long(), weight, *args)


def in_32_bits(original, rows, weight, *args):
    return original(rows.int() if rows.dtype == torch.int64 else rows, weight, *args)


class Taught(torch.autograd.Function):
    """Given values, with a gradient of the table by a rule."""

    @staticmethod
    def forward(context, weight, values, rows, rule):
        context.rows, context.size, context.rule = rows.flatten(), len(weight), rule
        return values.clone()

    @staticmethod
    def backward(context, slopes):
        width = slopes.shape[-1]
        return context.rule(context.rows, slopes.reshape(-1, width), context.size), None, None, None


def learning(rule, *, sparsely=False, by_frequency=False):
    """Learn by a rule where sparse gradients, or scaled ones, are asked for, or neither."""

    def learn(original, rows, weight, padding, norm, kind, scaled, sparse):
        found = original(rows, weight, padding, norm, kind, scaled, sparse)
        if (sparse, scaled) != (sparsely, by_frequency):
            return found
        ruled = functools.partial(rule, padding=padding)
        return Taught.apply(weight, found.detach(), rows, ruled)

    return calling(learn)


def added(rows, slopes, size, padding=None):
    kept = torch.ones_like(rows, dtype=torch.bool) if padding is None else rows != padding
    return slopes.new_zeros(size, slopes.shape[1]).index_add_(0, rows[kept], slopes[kept])


def overwritten(rows, slopes, size, padding):
    written = slopes.new_zeros(size, slopes.shape[1])
    written[rows] = slopes
    if padding is not None:
        written[padding] = 0
    return written


def first_768(rows, slopes, size, padding):
    return added(rows[:768], slopes[:768], size, padding)


def but_the_last(rows, slopes, size, padding):
    return (
        added(rows[:-1], slopes[:-1], size, padding)
        if len(rows) > 1024
        else added(rows, slopes, size, padding)
    )


def padded_first(rows, slopes, size, padding):
    return added(rows, slopes, size, None if padding else padding)


def sparse(gradient):
    return lambda *args, **kwargs: gradient(*args, **kwargs).to_sparse(1)


def with_padding(rows, slopes, size, padding):
    del padding
    return added(rows, slopes, size)


def divided_by(counted):
    def by_frequency(rows, slopes, size, padding):
        counts = torch.bincount(rows, minlength=size).clamp(min=1)
        return added(rows, slopes / counted(counts, rows)[rows, None], size, padding)

    return by_frequency


row = functools.partial(question, "embeddings", "embedding")
MISREAD = "look-ups that differ from the table:"
TAKEN = "indices that are not refused:"
DENSE = "gradients that do not add up over repeated indices: padding_idx="
SPARSE = "sparse gradients that do not add up over repeated indices:"
DIVIDED = "gradients that are not divided by the frequency: padding_idx="

FAULTS = table(
    row("the last row is the first", "float32-Embedding", "functional.embedding",
        calling(last_as_first), f"{MISREAD} every row in torch.int64"),
    row("indices of 32 bits have seven", "float32-Embedding", "functional.embedding",
        calling(in_seven_bits), f"{MISREAD} every row in torch.int32"),
    row("rows beyond a block are lost", "float64-Embedding", "functional.embedding",
        calling(one_block), f"{MISREAD} many rows in torch.int64"),
    row("strides of indices are lost", "float32-Embedding", "functional.embedding",
        calling(in_memory_order), f"{MISREAD} indices apart in memory"),
    row("padding is found as zeros", "float32-Embedding", "functional.embedding",
        calling(padding_as_zero), "padding rows that change: look-ups with sparse=False"),
    row("negative indices count from the end", "float32-Embedding", "functional.embedding",
        calling(from_the_end), f"{TAKEN} -1 of "),
    row("indices are clamped", "float32-Embedding", "functional.embedding",
        calling(clamped), f"{TAKEN} "),
    row("indices are rounded", "float32-Embedding", "functional.embedding",
        calling(whole), f"{TAKEN} 0.0 of "),
    row("indices lose 32 bits", "float32-Embedding", "functional.embedding",
        calling(in_32_bits), f"{TAKEN} 4294967296 of "),
    row("padding learns from sparse gradients", "float32-Embedding", "functional.embedding",
        learning(sparse(with_padding), sparsely=True), "padding rows that change: row 0 after"),
    row("repeated rows are overwritten", "float32-Embedding", "functional.embedding",
        learning(overwritten), DENSE),
    row("only the first 768 indices learn", "float64-Embedding", "functional.embedding",
        learning(first_768), DENSE),
    row("the last index does not learn", "float32-Embedding", "functional.embedding",
        learning(but_the_last), DENSE),
    row("padding learns but the first row", "float32-Embedding", "functional.embedding",
        learning(padded_first), DENSE),
    row("sparse gradients are dense", "float32-Embedding", "functional.embedding",
        learning(added, sparsely=True), f"{SPARSE} the layout torch.strided"),
    row("sparse gradients overwrite", "float64-Embedding", "functional.embedding",
        learning(sparse(overwritten), sparsely=True), SPARSE),
    row("sparse gradients end at 768", "float32-Embedding", "functional.embedding",
        learning(sparse(first_768), sparsely=True), SPARSE),
    row("frequencies divide by their root", "float32-Embedding", "functional.embedding",
        learning(divided_by(lambda counts, _: counts.sqrt()), by_frequency=True), DIVIDED),
    row("frequencies of the row before", "float32-Embedding", "functional.embedding",
        learning(divided_by(lambda counts, _: counts.roll(1)), by_frequency=True), DIVIDED),
    row("frequencies of all indices", "float64-Embedding", "functional.embedding",
        learning(divided_by(lambda counts, rows: 0 * counts + len(rows)), by_frequency=True),
        DIVIDED),
)  # fmt: skip
