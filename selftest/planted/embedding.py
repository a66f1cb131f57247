"""Faults of embeddings: the normal table, its row of zeros, gradients and given values."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn

from selftest.planted.fault import Function, arguments, instead, table
from selftest.planted.module import default, each, fault, times


def used(cell: str) -> str:
    """Return the node id of the test that looks rows up and hands values over."""
    return f"verify/test_embeddings.py::test_embedding[cpu-{cell}]"


def _nothing(_: Any) -> None:
    """Leave the padding row as it was drawn."""


def _zero_if_first(weight: Tensor, embedding: Any) -> None:
    if embedding.padding_idx == 0:
        weight.zero_()


def _zero_column(weight: Tensor, embedding: Any) -> None:
    # The row of the transposed table.
    if embedding.padding_idx is not None and embedding.padding_idx < weight.size(1):
        weight[:, embedding.padding_idx] = 0


def _within_norm(weight: Tensor, embedding: Any) -> None:
    if embedding.max_norm is not None:
        weight.copy_(weight.renorm(embedding.norm_type, 0, embedding.max_norm))


def _no_negative(values: dict[str, Any]) -> None:
    if values["padding_idx"] is not None and values["padding_idx"] < 0:
        values["padding_idx"] = None


# Of the four cases of a smoke run, too few have a negative padding_idx.
MORE_CASES = ("--profile", "standard")

_START = table(
    fault(
        "embedding_padding_random",
        "the padding row of an embedding is drawn like the others",
        "Embedding._fill_padding_idx_with_zero",
        instead(_nothing),
        default("float32-Embedding"),
        "exact",
        says="weight[",
    ),
    fault(
        "embedding_bag_padding_random",
        "the same for a bag",
        "EmbeddingBag._fill_padding_idx_with_zero",
        instead(_nothing),
        default("float64-EmbeddingBag"),
        "exact",
        says="weight[",
    ),
    fault(
        "embedding_std",
        "the standard deviation of an embedding is 0.02",
        "Embedding.reset_parameters",
        times("weight", 0.02),
        default("float32-Embedding"),
        "scale",
    ),
    fault(
        "embedding_scale",
        "the standard deviation of a bag is 1 % too large",
        "EmbeddingBag.reset_parameters",
        times("weight", 1.01),
        default("float32-EmbeddingBag"),
        "scale",
    ),
    fault(
        "embedding_zero_if_padding_first",
        "with padding_idx=0 the whole embedding is zero",
        "Embedding._fill_padding_idx_with_zero",
        each("weight", _zero_if_first),
        default("float32-Embedding"),
        "atoms",
        "scale",
        says="weight:",
    ),
    fault(
        "embedding_padding_column",
        "a column is zeroed besides the padding row",
        "Embedding._fill_padding_idx_with_zero",
        each("weight", _zero_column),
        default("float32-Embedding"),
        "atoms",
        says="weight:",
    ),
    fault(
        "embedding_negative_padding",
        "a negative padding_idx is ignored",
        "Embedding.__init__",
        arguments(_no_negative),
        default("float32-Embedding"),
        "exact",
        says="weight[",
        arguments=MORE_CASES,
    ),
    fault(
        "embedding_max_norm",
        "rows longer than max_norm are shortened before they are looked up",
        "Embedding.reset_parameters",
        each("weight", _within_norm),
        used("float32-Embedding"),
        "embedding",
        says="shortens at construction",
    ),
)


def _padding_learns(original: Function) -> Function:
    @functools.wraps(original)
    def forward(self: nn.Embedding, rows: Tensor) -> Tensor:
        padding, self.padding_idx = self.padding_idx, None
        try:
            return original(self, rows)
        finally:
            self.padding_idx = padding

    return forward


def _first_row_rests(original: Function) -> Function:
    @functools.wraps(original)
    def forward(self: nn.EmbeddingBag, *args: Any, **kwargs: Any) -> Tensor:
        padding = self.padding_idx
        self.padding_idx = 0 if padding is None else padding
        try:
            return original(self, *args, **kwargs)
        finally:
            self.padding_idx = padding

    return forward


def _every_row_shortened(original: Function) -> Function:
    @functools.wraps(original)
    def forward(self: nn.Embedding, rows: Tensor) -> Tensor:
        if self.max_norm is not None:
            with torch.no_grad():
                self.weight.copy_(self.weight.renorm(self.norm_type, 0, self.max_norm))
        return original(self, rows)

    return forward


def _padding_zeroed(original: Function) -> Function:
    @functools.wraps(original)
    def from_pretrained(*args: Any, **kwargs: Any) -> nn.Embedding:
        embedding = original(*args, **kwargs)
        embedding._fill_padding_idx_with_zero()
        return embedding

    return from_pretrained


def _thawed(values: dict[str, Any]) -> None:
    values["freeze"] = False


_USE = table(
    fault(
        "embedding_padding_learns",
        "the padding row of an embedding gets a gradient",
        "Embedding.forward",
        _padding_learns,
        used("float32-Embedding"),
        "embedding",
        says="padding rows that change: row ",
    ),
    fault(
        "embedding_bag_first_row_rests",
        "without padding_idx the first row of a bag learns nothing",
        "EmbeddingBag.forward",
        _first_row_rests,
        used("float32-EmbeddingBag"),
        "embedding",
        says="learn",
    ),
    fault(
        "embedding_given_row_zeroed",
        "from_pretrained zeroes the padding row of the given values",
        "Embedding.from_pretrained",
        _padding_zeroed,
        used("float64-Embedding"),
        "embedding",
        says="from_pretrained",
    ),
    fault(
        "embedding_given_not_frozen",
        "from_pretrained never freezes",
        "EmbeddingBag.from_pretrained",
        arguments(_thawed),
        used("float32-EmbeddingBag"),
        "embedding",
        says="from_pretrained",
    ),
    fault(
        "embedding_shortens_all",
        "a look-up shortens rows that were not looked up",
        "Embedding.forward",
        _every_row_shortened,
        used("float32-Embedding"),
        "embedding",
        says="rows not looked up",
    ),
)

FAULTS = _START | _USE
