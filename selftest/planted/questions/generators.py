"""Generators that forget, remap or choose seeds wrongly."""

from __future__ import annotations

import functools

import torch

from selftest.planted.fault import calling, table
from selftest.planted.module import question


def generator(**methods):
    """In place of every generator, one of which some methods are replaced."""
    faulty = type("Faulty", (torch.Generator,), methods)
    return calling(lambda _original, *args, **kwargs: faulty(*args, **kwargs))


def small_seed(original):
    return torch.default_generator.manual_seed(original() % 2**32).initial_seed()


def taking_all(self, seed):
    return type(self).__base__.manual_seed(self, seed % 2**64)


row = functools.partial(question, "generators", "streams")

FAULTS = table(
    row("the seed is cut", "float32-torch.rand", "torch.initial_seed",
        calling(lambda original: original() % 2**32),
        "seeds that are forgotten: 4294967296 globally, "),
    row("seeds out of range are taken", "float32-torch.rand", "torch.Generator",
        generator(manual_seed=taking_all),
        "seeds out of range that are taken: -9223372036854775809, 18446744073709551616"),
    row("a chosen seed is always the same", "float32-torch.rand", "torch.seed",
        calling(lambda _original: torch.default_generator.manual_seed(1 << 40).initial_seed()),
        "what is wrong with a chosen seed: torch.seed repeats"),
    row("a chosen seed is small", "float32-torch.rand", "torch.seed",
        calling(small_seed),
        "what is wrong with a chosen seed: torch.seed has few bits"),
    row("another seed is returned", "float32-torch.rand", "torch.Generator",
        generator(seed=lambda self: type(self).__base__.seed(self) ^ 1),
        "what a chosen seed does not start: seed"),
)  # fmt: skip
