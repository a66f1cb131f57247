"""Graphs that are replayed wrongly, on a device that replays them: the host pretends to be one.

What is recorded is each operator with its tensors. A replay calls it again and writes to the memory
of what was recorded, as the note "CUDA Graphs" of PyTorch's documentation describes it.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from types import SimpleNamespace

import torch

from selftest.planted.compiled import COMPILE, PRIVATE, asked
from selftest.planted.fault import Fault, calling, instead, table
from verify.torch_api import DispatchMode

GRAPHS = "verify.torch_api.graphs"


class Graph(DispatchMode):
    """A graph of the host, which draws anew at each replay."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        self.calls.append((functools.partial(function, *args, **(kwargs or {})), made))
        return made

    def replay(self):
        for call, made in self.calls:
            made.copy_(call())


def replaying(graph=Graph):
    """Let the host have graphs of a class, and streams."""
    stream = SimpleNamespace(wait_stream=lambda other: None)
    module = SimpleNamespace(
        CUDAGraph=graph,
        graph=lambda graph: graph,
        Stream=lambda: stream,
        current_stream=lambda: stream,
        stream=contextlib.nullcontext,
        device=contextlib.nullcontext,
        synchronize=lambda: None,
    )
    return instead(lambda device: module)


class Kept(Graph):
    """What was recorded is what was drawn then."""

    def replay(self):
        pass


class Private(Graph):
    """A stream that no seed starts."""

    def replay(self):
        with torch.random.fork_rng():
            torch.manual_seed(next(PRIVATE))
            super().replay()


class OfOneSeed(Graph):
    """A new seed lets the stream of the recorded one begin again."""

    start = last = torch.empty(0)

    def __enter__(self):
        self.start = torch.get_rng_state()
        return super().__enter__()

    def replay(self):
        if not torch.equal(torch.get_rng_state(), self.last):
            torch.set_rng_state(self.start)
        super().replay()
        self.last = torch.get_rng_state()


class Standing(Graph):
    """Replays are counted into the seed, and the stream stays where it is."""

    def __init__(self):
        super().__init__()
        self.count = itertools.count(1)

    def replay(self):
        with torch.random.fork_rng():
            torch.manual_seed(torch.initial_seed() + next(self.count))
            super().replay()


class Short(Graph):
    """The last entry of the last tensor is not written."""

    def replay(self):
        super().replay()
        self.calls[-1][1][-1, -1] = torch.nan


def recorded_values(original, function, **options):
    """What is compiled to be replayed draws at its first call and its second, and never after."""
    compiled = original(function, **options)
    made = []

    def call(*args):
        if len(made) < 2:
            made.append(compiled(*args))
        return made[-1]

    return call if options.get("mode") else compiled


def both(**plants):
    """Replace each function by the plant of its name."""
    return lambda original: plants[original.__name__](original)


FAULTS: dict[str, Fault] = table(
    asked("replays: the recorded values", "float32-uniform_", GRAPHS, replaying(Kept),
          "rows that replays draw again: 1600 of 1920 rows under a recorded graph"),
    asked("replays: the recorded values of compiled code", "int64-torch.randint", (GRAPHS, COMPILE),
          both(graphs=replaying(), compile=calling(recorded_values)),
          "rows that replays draw again: "),
    asked("replays: a stream of their own", "float32-normal_", GRAPHS, replaying(Private),
          "what no seed decides of replays: 12 of 12 tensors of one seed under a recorded graph"),
    asked("replays: the recorded seed", "float32-torch.rand", GRAPHS, replaying(OfOneSeed),
          "what no seed decides of replays: 1920 of 3840 rows of two seeds under a recorded graph"),
    asked("replays: standing streams", "float32-torch.randn", GRAPHS, replaying(Standing),
          "what replays leave standing: the global stream under a recorded graph"),
    asked("replays: an entry is left", "float32-normal_", GRAPHS, replaying(Short),
          "what replays leave unfilled: 12 entries under a recorded graph"),
)  # fmt: skip
