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


def shortening_by_length(original, rows, weight, padding, largest, _kind, *args):
    return original(rows, weight, padding, largest, 2.0, *args)


def shortening_each_time(original, rows, weight, padding, largest, kind, *args):
    if largest is not None:
        norms = torch.linalg.vector_norm(weight.detach(), kind, dim=1, keepdim=True)
        factors = (largest / norms).clamp(max=1.0)
        times = torch.bincount(rows.flatten(), minlength=len(weight))[:, None]
        with torch.no_grad():
            weight.mul_(factors**times)
    return original(rows, weight, padding, None, kind, *args)


def shortening_a_copy(original, rows, weight, padding, largest, *args):
    return original(rows, weight if largest is None else weight.clone(), padding, largest, *args)


def growing(original, rows, weight, padding, largest, kind, *args):
    if largest is not None:
        norms = torch.linalg.vector_norm(weight.detach(), kind, dim=1, keepdim=True)
        with torch.no_grad():
            weight[rows] = (weight * (largest / norms))[rows]
    return original(rows, weight, padding, None, kind, *args)


def shortening_aside(original, rows, weight, padding, largest, kind, *args):
    if largest is not None:
        original(rows, weight.data, padding, largest, kind, *args)
    return original(rows, weight, padding, None, kind, *args)


def shortening_for_good(original, rows, weight, padding, largest, *args):
    if largest is not None and weight.requires_grad:
        raise RuntimeError("planted: max_norm needs a table without a gradient")
    return original(rows, weight, padding, largest, *args)


def rounding(original, values, *args, **options):
    return original(values.half().to(values.dtype), *args, **options)


def forgetting(*names):
    def forget(original, values, freeze=True, **options):
        kept = {name: value for name, value in options.items() if name not in names}
        return original(values, freeze, **kept)

    return calling(forget)


def flattening(original, values, *args, **options):
    return original(values.reshape(len(values) if values.dim() else 1, -1), *args, **options)


row = functools.partial(question, "embeddings", "embedding")

FAULTS = table(
    row("padding learns", "float32-Embedding", "functional.embedding",
        calling(learning_padding), "padding rows that change: row 0 after a step"),
    row("nothing learns", "float32-Embedding", "functional.embedding",
        calling(learning_nothing), "rows that learn or do not, wrongly:"),
    row("padding learns in bags", "float32-EmbeddingBag", "torch.embedding_bag",
        calling(learning_in_bags), "padding rows that change: row 0 after a step"),
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
    row("norms are lengths", "float32-Embedding", "functional.embedding",
        calling(shortening_by_length), "rows that max_norm shortens wrongly when used: looked-up"),
    row("rows found again shrink again", "float32-Embedding", "functional.embedding",
        calling(shortening_each_time), "rows that max_norm shortens wrongly when used: looked-up"),
    row("a copy shrinks", "float64-Embedding", "functional.embedding",
        calling(shortening_a_copy), "rows that max_norm shortens wrongly when used: looked-up"),
    row("short rows grow", "float32-Embedding", "functional.embedding",
        calling(growing), "settings that from_pretrained does not pass on: rows that shrink"),
    row("rows shrink unnoticed", "float32-Embedding", "functional.embedding",
        calling(shortening_aside),
        "backward passes through a table that max_norm changed: no error without a clone"),
    row("tables that shrink do not learn", "float32-Embedding", "functional.embedding",
        calling(shortening_for_good),
        "backward passes through a table that max_norm changed: RuntimeError"),
    row("given values in half precision", "float32-EmbeddingBag", "EmbeddingBag.from_pretrained",
        calling(rounding), "what from_pretrained does not keep: the values with {}"),
    row("given without padding", "float32-Embedding", "Embedding.from_pretrained",
        forgetting("padding_idx"), "settings that from_pretrained does not pass on: padding_idx"),
    row("given without sparse gradients", "float32-Embedding", "Embedding.from_pretrained",
        forgetting("sparse"), "settings that from_pretrained does not pass on: sparse"),
    row("given without a norm", "float64-Embedding", "Embedding.from_pretrained",
        forgetting("max_norm"), "settings that from_pretrained does not pass on: max_norm"),
    row("given without a kind of norm", "float64-Embedding", "Embedding.from_pretrained",
        forgetting("norm_type"), "settings that from_pretrained does not pass on: norm_type"),
    row("given without frequencies", "float32-EmbeddingBag", "EmbeddingBag.from_pretrained",
        forgetting("scale_grad_by_freq"),
        "settings that from_pretrained does not pass on: scale_grad_by_freq"),
    row("given without a mode", "float32-EmbeddingBag", "EmbeddingBag.from_pretrained",
        forgetting("mode"), "settings that from_pretrained does not pass on: mode"),
    row("given without a last offset", "float32-EmbeddingBag", "EmbeddingBag.from_pretrained",
        forgetting("include_last_offset"),
        "settings that from_pretrained does not pass on: include_last_offset"),
    row("given values of any shape", "float32-EmbeddingBag", "EmbeddingBag.from_pretrained",
        calling(flattening), "values of from_pretrained that are not refused: shape (3,)"),
)  # fmt: skip
