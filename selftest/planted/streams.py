"""Faults of streams: the values are random, but not those of the seed, or not new ones."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from selftest.planted.fault import (
    Call,
    Fault,
    Function,
    Plant,
    always,
    arguments,
    editing,
    stale,
    table,
)
from selftest.planted.module import behaviour

STREAMS = frozenset({"streams"})
streams = functools.partial(behaviour, "streams")


def neighbours(cell: str) -> str:
    """Return the node id of the test that draws each call from a seed of its own."""
    return f"verify/test_streams.py::test_neighbouring_seeds[cpu-{cell}]"


GENERATORS = behaviour("generators", "float32-torch.rand")


def _stream(generator: torch.Generator | None) -> torch.Generator:
    return torch.default_generator if generator is None else generator


def _is_fresh(stream: torch.Generator) -> bool:
    """Whether nothing was drawn since the stream was seeded."""
    fresh = torch.Generator().manual_seed(stream.initial_seed())
    return torch.equal(fresh.get_state(), stream.get_state())


def _truncated(values: dict[str, Any]) -> None:
    stream = _stream(values["generator"])
    if _is_fresh(stream):
        stream.manual_seed(stream.initial_seed() % 256)


def _fixed(original: Function) -> Function:
    """One stream for all callers, whatever they hand over."""
    return arguments(always("generator", torch.Generator().manual_seed(1)))(original)


_TICKS = itertools.count()
"""A clock that ticks when it is read: what hangs on it repeats from run to run."""


def _clock(values: dict[str, Any]) -> None:
    values["generator"] = torch.Generator().manual_seed(next(_TICKS))


def _winding(back: Callable[[torch.Generator, Tensor, Tensor], None]) -> Plant:
    """Move the stream after each call, knowing where it was before."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
            stream = _stream(kwargs.get("generator"))
            before = stream.get_state()
            result = original(tensor, *args, **kwargs)
            back(stream, before, tensor)
            return result

        return faulty

    return plant


def _stand_still(stream: torch.Generator, before: Tensor, _: Tensor) -> None:
    stream.set_state(before)


def _to_half(stream: torch.Generator, before: Tensor, tensor: Tensor) -> None:
    stream.set_state(before)
    torch.empty(tensor.numel() // 2, dtype=tensor.dtype).uniform_(generator=stream)


def _one_on_if_small(stream: torch.Generator, before: Tensor, tensor: Tensor) -> None:
    if 1 < tensor.numel() < 16:
        stream.set_state(before)
        torch.empty(1, dtype=tensor.dtype).uniform_(generator=stream)


@dataclass
class _Period:
    """Start the stream anew after so many calls."""

    calls: int
    made: int = 0

    def __call__(self, values: dict[str, Any]) -> None:
        stream = _stream(values["generator"])
        self.made = 1 if _is_fresh(stream) else self.made + 1
        if self.made > self.calls:
            stream.manual_seed(stream.initial_seed())
            self.made = 1


@dataclass
class _Kept:
    """Keep the last value of a call outside of the stream: its next call begins with it."""

    until_seeded: bool
    owner: torch.Generator | None = None
    value: Tensor | None = None

    def __call__(self, original: Function) -> Function:
        @functools.wraps(original)
        def faulty(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
            stream = _stream(kwargs.get("generator"))
            if self.owner is not stream or (self.until_seeded and _is_fresh(stream)):
                self.owner, self.value = stream, None
            result = original(tensor, *args, **kwargs)
            if tensor.numel() and tensor.is_contiguous():
                if self.value is not None:
                    tensor.view(-1)[0] = self.value
                self.value = tensor.view(-1)[-1].clone()
            return result

        return faulty


def _kept_by_nobody(original: Function) -> Function:
    """What a single draw leaves behind mirrors the next draw, whatever its generator.

    It does so for sure: a sign that the pair decided would change nothing in one run of two.
    """
    kept = False

    @functools.wraps(original)
    def faulty(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
        nonlocal kept
        result = original(tensor, *args, **kwargs)
        if tensor.is_floating_point() and tensor.numel():
            mirrored, kept = kept and tensor.numel() > 1, tensor.numel() == 1
            if mirrored:
                with torch.no_grad():
                    tensor.neg_()
        return result

    return faulty


def _negate_on_threads(tensor: Tensor, _: Call) -> None:
    if torch.get_num_threads() > 1:
        tensor.neg_()


def _negate_zeros(tensor: Tensor, before: Tensor) -> None:
    if not before.any():
        tensor.neg_()


def _shift_unless_contiguous(tensor: Tensor, _: Call) -> None:
    if not tensor.is_contiguous():
        tensor.mul_(1 + next(_TICKS) % 8 / 64)


def _shift_channels_last(tensor: Tensor, call: Call) -> None:
    if tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last):
        _shift_unless_contiguous(tensor, call)


def _shifted(values: dict[str, Any]) -> None:
    stream = _stream(values["generator"])
    if _is_fresh(stream):
        skipped = stream.initial_seed() % 4096
        torch.rand(skipped, generator=stream.manual_seed(0))


def _reseeding(original: Function) -> Function:
    @functools.wraps(original)
    def faulty(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        torch.default_generator.manual_seed(0)
        return result

    return faulty


def _leaking(_: Function) -> Function:
    @contextlib.contextmanager
    def fork_rng(*_args: Any, **_kwargs: Any) -> Iterator[None]:
        yield

    return fork_rng


def _cut(original: Function) -> Function:
    return functools.wraps(original)(lambda: original() % 2**32)


def _fault(
    name: str, description: str, target: str, plant: Plant, node: str, says: str, *checks: str
) -> Fault:
    return Fault(name, description, (target,), plant, node, frozenset(checks) or STREAMS, says)


FAULTS = table(
    _fault(
        "seed_truncated", "a seed counts by its lowest 8 bits only",
        "normal_", arguments(_truncated), streams("float32-normal_"),
        "seeds of 32 bits that give the same values: 0 and 256, ",
    ),
    _fault(
        "stream_of_no_seed", "all calls draw from one stream that no seed starts",
        "uniform_", _fixed, streams("float64-uniform_"),
        "ways in which one seed gives other values: law, ",
    ),
    _fault(
        "seed_of_the_clock", "each call draws from a seed of the clock",
        "xavier_normal_", arguments(_clock), streams("bfloat16-xavier_normal_"),
        "ways in which one seed gives other values: law, ",
    ),
    _fault(
        "layout_of_no_seed", "no seed decides what a tensor that is not contiguous gets",
        "kaiming_uniform_", editing(_shift_unless_contiguous), streams("float32-kaiming_uniform_"),
        "ways in which one seed gives other values: ",
    ),
    _fault(
        "channels_last_of_no_seed", "no seed decides what a weight in channels_last format gets",
        "kaiming_uniform_", editing(_shift_channels_last), streams("float32-kaiming_uniform_"),
        "ways in which one seed gives other values: channels_last",
    ),
    _fault(
        "stream_stands_still", "the stream is put back to where it was before the call",
        "uniform_", _winding(_stand_still), streams("complex64-uniform_"),
        "consecutive calls that repeat:",
    ),
    _fault(
        "calls_overlap", "a call begins in the middle of the call before",
        "uniform_", _winding(_to_half), streams("float32-uniform_"),
        "consecutive calls that overlap: the second call begins within the first",
    ),
    _fault(
        "small_calls_overlap", "a call of less than 16 values moves the stream by one",
        "uniform_", _winding(_one_on_if_small), streams("float64-uniform_"),
        "sizes at which consecutive calls share values: 2, 3, ",
    ),
    _fault(
        "period_of_64_calls", "the stream starts anew after 64 calls",
        "kaiming_normal_", arguments(_Period(64)), streams("float32-kaiming_normal_"),
        "calls after which the values repeat: 64",
    ),
    _fault(
        "state_outside_the_generator", "a call begins with the last value of the call before",
        "normal_", _Kept(until_seeded=True), streams("float32-normal_"),
        "states that are not restored: by clone_state, by set_state",
    ),
    _fault(
        "pair_survives_a_reseed", "half of a pair of normals survives a reseed",
        "normal_", _Kept(until_seeded=False), streams("float64-normal_"),
        "what a reseed leaves behind: after a reseed",
    ),
    _fault(
        "pair_of_another_generator", "half of a pair of normals goes to another generator's draw",
        "torch.Tensor.normal_", _kept_by_nobody, streams("float32-xavier_normal_"),
        "other streams that change the values:",
    ),
    _fault(
        "values_by_threads", "the values depend on the number of threads",
        "kaiming_normal_", editing(_negate_on_threads), streams("float64-kaiming_normal_"),
        "numbers of threads that change the values: 4 threads",
    ),
    _fault(
        "values_by_memory", "the values depend on what memory held",
        "uniform_", stale(_negate_zeros), streams("float16-uniform_"),
        "what memory held that changes the values: after 0.0",
    ),
    _fault(
        "neighbours_are_shifted", "the stream of the next seed is the same, one value on",
        "uniform_", arguments(_shifted), neighbours("float32-uniform_"),
        "", "correlation", "duplicates",
    ),
    _fault(
        "call_seeds_the_global_stream", "a call with a generator seeds the global stream",
        "torch.rand", _reseeding, streams("float32-torch.rand"),
        "global streams that a call with a generator moves: the host's",
    ),
    _fault(
        "fork_leaks", "what is drawn within fork_rng moves the stream outside",
        "torch.random.fork_rng", _leaking, streams("int64-torch.randint"),
        "states that are not restored: by fork_rng",
    ),
    _fault(
        "chosen_seed_of_few_bits", "torch.seed returns the low 32 bits of what it seeds with",
        "torch.seed", _cut, GENERATORS,
        "what is wrong with a chosen seed: torch.seed is not what it seeds with, ",
    ),
    _fault(
        "seed_forgotten", "torch.initial_seed returns the low 32 bits of the seed",
        "torch.initial_seed", _cut, GENERATORS,
        "seeds that are forgotten: 4294967296 globally, ",
    ),
)  # fmt: skip
"""Faults of streams by name."""
