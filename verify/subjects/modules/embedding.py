"""Embeddings: a normal table with, on demand, a row of zeros."""

from __future__ import annotations

from collections.abc import Iterator

from strategies.modules.embedding import (
    EmbeddingArguments,
    EmbeddingBagArguments,
    embedding_bags,
    embeddings,
)
from verify.laws import Constant, Normal
from verify.subjects.modules._row import row
from verify.subjects.tensor_law import TensorLaw

_WORDS = "standard normal, the row padding_idx zero"
_FORMULA = "weight ~ N(0, 1), weight[padding_idx] = 0"


def _table(a: EmbeddingArguments | EmbeddingBagArguments) -> Iterator[TensorLaw]:
    shape, law = (a.num_embeddings, a.embedding_dim), Normal(0.0, 1.0)
    if a.padding_idx is None:
        yield TensorLaw("weight", shape, law)
        return
    row = a.padding_idx % a.num_embeddings  # Negative ones count from the end.
    yield TensorLaw("weight", shape, law, but_row=row)
    yield TensorLaw("weight", shape, Constant(0.0), "padding row", row=row)


EMBEDDINGS = (
    row(
        "Embedding",
        lambda size: embeddings(max_numel=size),
        _table,
        (EmbeddingArguments(1000, 64), EmbeddingArguments(1000, 64, padding_idx=0)),
        words=_WORDS,
        formula=_FORMULA,
    ),
    row(
        "EmbeddingBag",
        lambda size: embedding_bags(max_numel=size),
        _table,
        (EmbeddingBagArguments(1000, 64), EmbeddingBagArguments(1000, 64, padding_idx=7)),
        words=_WORDS,
        formula=_FORMULA,
    ),
)
"""Tables indexed by token."""
