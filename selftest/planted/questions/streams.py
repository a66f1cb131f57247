"""Streams that do not start, go on or return as they should."""

from __future__ import annotations

import contextlib
import functools
import itertools

import torch

from selftest.planted.fault import calling, table
from selftest.planted.module import question

TICKS = itertools.count()


def by_a_clock(original, tensor, *args, generator=None, **kwargs):
    own = torch.Generator().manual_seed(next(TICKS))
    return original(tensor, *args, generator=own, **kwargs)


def by_memory(original, tensor, *args, **kwargs):
    held = bool(tensor.isnan().all())
    filled = original(tensor, *args, **kwargs)
    return filled if held else filled.neg_()


def by_threads(original, tensor, *args, **kwargs):
    filled = original(tensor, *args, **kwargs)
    return filled if torch.get_num_threads() == 1 else filled.neg_()


def of_one_pair():
    """Half of a pair of normals that any draw of the process takes, and any single one leaves."""
    left = []

    def normal_(original, tensor, *args, **kwargs):
        filled = original(tensor, *args, **kwargs)
        if left and tensor.numel() > 1:
            filled.mul_(left.pop())
        if tensor.numel() == 1 and tensor.is_floating_point():
            left[:] = [float(tensor.detach())]
        return filled

    return normal_


def of_one_generator():
    """The number of draws that a generator has made, which nothing sets back."""
    made = {}

    def uniform_(original, tensor, *args, generator=None, **kwargs):
        filled = original(tensor, *args, generator=generator, **kwargs)
        if generator is not None:
            # The generator is kept alive: no other can take its identity.
            _, count = made.get(id(generator), (generator, 0))
            made[id(generator)] = generator, count + 1
            filled.add_(count)
        return filled

    return uniform_


@contextlib.contextmanager
def leaking(_original, *_args, **_kwargs):
    yield


def moving(original, *args, **kwargs):
    torch.rand(1)
    return original(*args, **kwargs)


def standing(original, tensor, *args, generator=None, **kwargs):
    before = generator and generator.get_state()
    filled = original(tensor, *args, generator=generator, **kwargs)
    if generator:
        generator.set_state(before)
    return filled


def of_period(length):
    calls = {}

    def fill(original, tensor, *args, generator=None, **kwargs):
        if generator:
            kept, count = calls.get(id(generator), (generator, 0))
            calls[id(generator)] = kept, count + 1
            if count and count % length == 0:
                generator.manual_seed(generator.initial_seed())
        return original(tensor, *args, generator=generator, **kwargs)

    return fill


def overlapping(least, most, part):
    """Of sizes from least to most, this part of what a call draws is drawn again by the next."""

    def fill(original, tensor, *args, generator=None, **kwargs):
        before = generator and generator.get_state()
        filled = original(tensor, *args, generator=generator, **kwargs)
        if generator and least <= tensor.numel() <= most:
            generator.set_state(before)
            kept = max(1, int(part * tensor.numel()))
            torch.empty(kept, dtype=tensor.dtype).uniform_(generator=generator)
        return filled

    return fill


def forgetting(bit):
    def fill(original, tensor, *args, generator=None, **kwargs):
        if generator:
            seed = generator.initial_seed()
            fresh = torch.Generator().manual_seed(seed)
            if torch.equal(fresh.get_state(), generator.get_state()):
                generator.manual_seed(seed & ~(1 << bit))
        return original(tensor, *args, generator=generator, **kwargs)

    return fill


row = functools.partial(question, "streams", "streams")

FAULTS = table(
    row("the clock seeds", "float32-kaiming_uniform_", "kaiming_uniform_", calling(by_a_clock),
        "ways in which one seed gives other values: law, transposed, "),
    row("memory decides", "float32-normal_", "normal_", calling(by_memory),
        "what memory held that changes the values: after 0.0, after 1.0"),
    row("threads decide", "float32-xavier_normal_", "xavier_normal_", calling(by_threads),
        "numbers of threads that change the values: 4 threads"),
    row("a pair is shared", "float32-normal_", "torch.Tensor.normal_", calling(of_one_pair()),
        "other streams that change the values: after draws from another generator"),
    row("a count survives", "float32-uniform_", "uniform_", calling(of_one_generator()),
        "what a reseed leaves behind: after a reseed"),
    row("a count is not restored", "float32-uniform_", "uniform_", calling(of_one_generator()),
        "states that are not restored: by clone_state, by set_state"),
    row("a fork leaks", "float32-torch.rand", "torch.random.fork_rng", calling(leaking),
        "states that are not restored: by fork_rng"),
    row("a restored state is ignored", "float32-torch.randn", "torch.set_rng_state",
        calling(lambda *_: None), "states that are not restored: by fork_rng, by set_rng_state"),
    row("the global stream moves", "int64-torch.randperm", "torch.randperm", calling(moving),
        "global streams that a call with a generator moves: the host's"),
    row("the stream stands still", "float32-orthogonal_", "orthogonal_", calling(standing),
        "consecutive calls that repeat: the second call"),
    row("the stream has a period", "float32-trunc_normal_", "trunc_normal_",
        calling(of_period(64)), "calls after which the values repeat: 64"),
    row("large calls overlap", "float32-uniform_", "uniform_",
        calling(overlapping(1000, 1 << 30, 0.5)),
        "consecutive calls that overlap: the second call begins within the first"),
    row("small calls overlap", "float32-uniform_", "uniform_",
        calling(overlapping(2, 15, 0.1)), "sizes at which consecutive calls share values: 2, 3, "),
    row("the highest bit is lost", "float32-kaiming_normal_", "kaiming_normal_",
        calling(forgetting(31)), "seeds of 32 bits that give the same values: 0 and 2147483648"),
)  # fmt: skip
