"""Embeddings whose rows learn, start or shrink wrongly."""

from __future__ import annotations

import functools

import torch

from selftest.planted.fault import calling, table
from selftest.planted.module import after, question


def learning_padding(original, rows, weight, _padding, *args):
    return original(rows, weight, None, *args)


def learning_nothing(original, rows, weight, *args):
    return original(rows, weight.detach(), *args) + 0 * weight.sum()


def learning_in_bags(original, *args, padding_idx=None, **kwargs):
    return original(*args[:-1], None, **kwargs)


def zeroing_padding(original, values, freeze=True, padding_idx=None, **options):
    made = original(values, freeze=freeze, padding_idx=padding_idx, **options)
    if padding_idx is not None:
        made.weight.data[padding_idx] = 0
    return made


def thawed(original, values, freeze=True, **options):
    return original(values, freeze=False, **options)


def short(embedding):
    if embedding.max_norm is not None:
        embedding.weight.renorm_(embedding.norm_type, 0, embedding.max_norm)


def shortening_all(original, rows, weight, padding, largest, kind, *args):
    if largest is not None:
        with torch.no_grad():
            weight.renorm_(kind, 0, largest)
    return original(rows, weight, padding, largest, kind, *args)


def shortening_more(original, rows, weight, padding, largest, *args):
    return original(rows, weight, padding, largest and 0.999 * largest, *args)


row = functools.partial(question, "embeddings", "embedding")

FAULTS = table(
    row("padding learns", "float32-Embedding", "functional.embedding",
        calling(learning_padding), "rows that learn or do not, wrongly: 1 rows: 0"),
    row("nothing learns", "float32-Embedding", "functional.embedding",
        calling(learning_nothing), "rows that learn or do not, wrongly:"),
    row("padding learns in bags", "float32-EmbeddingBag", "torch.embedding_bag",
        calling(learning_in_bags), "rows that learn or do not, wrongly: 1 rows: "),
    row("padding is zeroed", "float32-Embedding", "Embedding.from_pretrained",
        calling(zeroing_padding), "what from_pretrained does not keep: the values with {}"),
    row("nothing pretrained is frozen", "float32-EmbeddingBag",
        "EmbeddingBag.from_pretrained", calling(thawed),
        "what from_pretrained does not keep: requires_grad with {}, "),
    row("short from the start", "float32-EmbeddingBag", "EmbeddingBag.__init__",
        after(short), "rows that max_norm shortens at construction:"),
    row("rows not looked up shrink", "float32-Embedding", "functional.embedding",
        calling(shortening_all),
        "rows that max_norm shortens wrongly when used: rows not looked up"),
    row("rows shrink too much", "float32-Embedding", "functional.embedding",
        calling(shortening_more),
        "rows that max_norm shortens wrongly when used: looked-up rows by "),
)  # fmt: skip
