"""Embeddings whose rows learn, start or shrink wrongly."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from selftest.behaviour.support import Fault, ask, then, unasked
from verify.behaviour.embeddings import PROMISE


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


FAULTS = (
    Fault(
        "padding learns", "Embedding", functional, "embedding", learning_padding,
        "rows that learn or do not, wrongly: 1 rows: 0",
    ),
    Fault(
        "nothing learns", "Embedding", functional, "embedding", learning_nothing,
        "rows that learn or do not, wrongly:",
    ),
    Fault(
        "padding learns in bags", "EmbeddingBag", torch, "embedding_bag", learning_in_bags,
        "rows that learn or do not, wrongly: 1 rows: ",
    ),
    Fault(
        "padding is zeroed", "Embedding", nn.Embedding, "from_pretrained", zeroing_padding,
        "what from_pretrained does not keep: the values with {}",
    ),
    Fault(
        "nothing is frozen", "EmbeddingBag", nn.EmbeddingBag, "from_pretrained", thawed,
        "what from_pretrained does not keep: requires_grad with {}, ",
    ),
    Fault(
        "short from the start", "EmbeddingBag", nn.EmbeddingBag, "__init__", then(short),
        "rows that max_norm shortens at construction:",
    ),
    Fault(
        "rows not looked up shrink", "Embedding", functional, "embedding", shortening_all,
        "rows that max_norm shortens wrongly when used: rows not looked up",
    ),
    Fault(
        "rows shrink too much", "Embedding", functional, "embedding", shortening_more,
        "rows that max_norm shortens wrongly when used: looked-up rows by ",
    ),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_is_found(fault, monkeypatch):
    fault.check(PROMISE, monkeypatch)


def test_every_question_finds_something():
    assert unasked(PROMISE, FAULTS) == []


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
def test_without_faults_nothing_is_found(name):
    assert ask(PROMISE, name).final_verdict == "pass"
