"""Generators that forget, remap or choose seeds wrongly."""

from __future__ import annotations

import functools
import itertools

import torch

from selftest.planted.fault import calling, table
from selftest.planted.module import question

TICKS = itertools.count()


def generator(**methods):
    """In place of every generator, one of which some methods are replaced."""
    faulty = type("Faulty", (torch.Generator,), methods)
    return calling(lambda _original, *args, **kwargs: faulty(*args, **kwargs))


def small_seed(original):
    return torch.default_generator.manual_seed(original() % 2**32).initial_seed()


def taking_all(self, seed):
    return type(self).__base__.manual_seed(self, seed % 2**64)


def forgotten(original, *args, generator=None, **kwargs):
    return original(*args, **kwargs)


def cloned(original, *args, generator=None, **kwargs):
    return original(*args, generator=generator and generator.clone_state(), **kwargs)


def warming(original, *args, generator=None, **kwargs):
    if generator:
        torch.empty(1).uniform_()
    return original(*args, generator=generator, **kwargs)


def salted(original, *args, **kwargs):
    """The global seed is read, and its stream stays where it is."""
    return original(*args, **kwargs) + torch.initial_seed() % 7


def only_numbers(original, tensor, p=0.5, *, generator=None):
    if isinstance(p, torch.Tensor):
        return original(tensor, p)
    return original(tensor, p, generator=generator)


def of_its_own(original, *args, generator=None, **kwargs):
    return original(*args, generator=generator or torch.Generator().manual_seed(1), **kwargs)


def by_a_clock(original, *args, generator=None, **kwargs):
    own = torch.Generator().manual_seed(next(TICKS))
    return original(*args, generator=generator or own, **kwargs)


UNDECIDED = "forms of a call in which the generator does not decide: "
BESIDES = "forms of a call with a generator that use the global stream: "
UNSEEDED = "forms of a call in which the global seed does not decide: "

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
    row("bernoulli forgets its generator", "float32-torch.rand", "torch.Tensor.bernoulli",
        calling(forgotten), f"{UNDECIDED}Tensor.bernoulli, Tensor.bernoulli of a number"),
    row("probabilities lose the generator", "float32-torch.rand", "torch.Tensor.bernoulli_",
        calling(only_numbers), f"{UNDECIDED}bernoulli_ of tensors"),
    row("a generator is cloned", "float32-torch.rand", "torch.Tensor.exponential_",
        calling(cloned), f"{UNDECIDED}exponential_"),
    row("the global stream is warmed", "float32-torch.rand", "torch.multinomial",
        calling(warming), f"{BESIDES}torch.multinomial, torch.multinomial without replacement"),
    row("the global seed is salt", "float32-torch.rand", "torch.poisson",
        calling(salted), f"{BESIDES}torch.poisson"),
    row("a stream of its own", "float32-torch.rand", "torch.randint",
        calling(of_its_own), f"{UNSEEDED}torch.randint, torch.randint from a number"),
    row("a clock in place of the seed", "float32-torch.rand", "torch.Tensor.cauchy_",
        calling(by_a_clock), f"{UNSEEDED}cauchy_"),
)  # fmt: skip
