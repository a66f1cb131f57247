"""Embeddings and their bags: what a look-up gives, what learns, what shrinks, what is kept."""

from __future__ import annotations

from functools import partial

from verify.behaviour.embeddings import bag_slopes, bags, given, lookup, norms, slopes
from verify.behaviour.embeddings.tables import is_bag, is_no_bag
from verify.behaviour.promise import Promise, Question

PROMISE = Promise(
    name="embedding",
    check="embedding",
    questions={
        "wrong-rows-learn": Question(
            "rows that learn or do not, wrongly", norms.wrong_gradients, norms.differentiable
        ),
        "lost-by-from-pretrained": Question("what from_pretrained does not keep", given.lost),
        "other-by-from-pretrained": Question(
            "settings that from_pretrained does not pass on", given.otherwise
        ),
        "values-not-refused": Question(
            "values of from_pretrained that are not refused", given.not_refused
        ),
        "shortened-at-construction": Question(
            "rows that max_norm shortens at construction", norms.shortened_at_construction
        ),
        "wrongly-shortened": Question(
            "rows that max_norm shortens wrongly when used", norms.wrongly_shortened
        ),
        "changed-unnoticed": Question(
            "backward passes through a table that max_norm changed", norms.unnoticed
        ),
        "misread": Question("look-ups that differ from the table", lookup.misread, is_no_bag),
        "indices-not-refused": Question(
            "indices that are not refused", lookup.not_refused, lookup.on_host
        ),
        "padding-changed": Question("padding rows that change", lookup.changed_padding),
        "misadded": Question(
            "gradients that do not add up over repeated indices", slopes.misadded, is_no_bag
        ),
        "misadded-sparsely": Question(
            "sparse gradients that do not add up over repeated indices",
            slopes.misadded_sparsely,
            is_no_bag,
        ),
        "misdivided": Question(
            "gradients that are not divided by the frequency", slopes.misdivided, is_no_bag
        ),
        "wrong-sums": Question("sums of bags", partial(bags.misreduced, mode="sum"), is_bag),
        "wrong-means": Question("means of bags", partial(bags.misreduced, mode="mean"), is_bag),
        "wrong-maxima": Question("maxima of bags", partial(bags.misreduced, mode="max"), is_bag),
        "wrong-rows-of-matrix": Question(
            "bags that are rows of a matrix", bags.misreduced_squares, is_bag
        ),
        "rows-of-matrix-lost": Question(
            "bags of a matrix with include_last_offset", bags.lost_squares, is_bag
        ),
        "empty-not-zero": Question(
            "empty bags that are not zero", bags.filled_though_empty, is_bag
        ),
        "empty-rows-refused": Question(
            "bags of a matrix without columns", bags.refused_though_empty, is_bag
        ),
        "bags-not-refused": Question("bags that are not refused", bags.not_refused, is_bag),
        "wrong-slopes-of-sums": Question(
            "gradients of sums of bags", partial(bag_slopes.misadded, mode="sum"), is_bag
        ),
        "wrong-slopes-of-means": Question(
            "gradients of means of bags", partial(bag_slopes.misadded, mode="mean"), is_bag
        ),
        "wrong-slopes-of-maxima": Question(
            "gradients of maxima of bags", partial(bag_slopes.misadded, mode="max"), is_bag
        ),
        "misweighted": Question(
            "weighted sums of bags and their gradients", bag_slopes.misweighted, is_bag
        ),
        "bags-misdivided": Question(
            "gradients of bags that are not divided by the frequency",
            bag_slopes.misdivided,
            bag_slopes.of_many_rows,
        ),
        "bags-of-one-frequency-misdivided": Question(
            "gradients of bags that are not divided by the one frequency",
            bag_slopes.misdivided_evenly,
            is_bag,
        ),
    },
    words="a look-up gives rows as they are and bags their sum, mean or maximum; repeated indices "
    "add up, the padding row learns nothing and is in no bag, given values and options are kept, "
    "and rows longer than max_norm shrink to it when they are looked up, not before",
    formula="∂L/∂w[i] = Σ over k with index i of ∂L/∂v[k], divided by their number if asked; "
    "∂/∂w[padding_idx] = 0; w[i] ← w[i] · min(1, max_norm / ‖w[i]‖) for i looked up",
    source="PyTorch documentation, torch.nn.Embedding, torch.nn.EmbeddingBag, "
    "torch.nn.functional.embedding, torch.nn.functional.embedding_bag",
    subjects=("Embedding", "EmbeddingBag"),
    dtypes=("float32", "float64"),
)
