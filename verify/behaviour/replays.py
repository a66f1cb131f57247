"""Graphs that a device replays: a compiled function that is one, and one that is recorded.

Each of them makes two tensors; an initializer fills two that are full of NaN. Source: PyTorch
documentation, ``torch.compile``, mode "reduce-overhead"; "CUDAGraph Trees" and
``torch.compiler.cudagraph_mark_step_begin`` for memory that the next call writes to; the note "CUDA
semantics", section "CUDA Graphs", by which random numbers of graphs come from the generator of the
device: a replay moves it on, as the recorded calls would. `torch.manual_seed` decides what follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from verify import torch_api
from verify.behaviour.calls import alike
from verify.behaviour.draws import usual
from verify.behaviour.promise import Trial, supported
from verify.subjects import compiled
from verify.subjects.compiled import REPLAYING, Pair

_CALLS = 6
"""A first one, one that is recorded, and replays: of what is compiled so."""


def _compiled(trial: Trial, pair: Pair) -> Pair:
    key = (REPLAYING, trial.cell.subject.name, trial.case, trial.dtype, trial.device)
    call = compiled.captured(key, trial.device, REPLAYING, pair)

    def replay() -> tuple[Tensor, Tensor]:
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        first, second = call()
        return first, second

    return replay


def _recorded(trial: Trial, pair: Pair) -> Pair:
    return torch_api.recorded(trial.device, pair)


@dataclass(frozen=True)
class Graph:
    """How graphs come to be replayed.

    Attributes
    ----------
    words : str
        What a question is asked under.
    of : callable
        What replays a pair in a trial.
    """

    words: str
    of: Callable[[Trial, Pair], Pair]


GRAPHS = (Graph(REPLAYING.words, _compiled), Graph("a recorded graph", _recorded))


@dataclass(frozen=True)
class Calls:
    """Tensors of consecutive calls, two of each.

    Attributes
    ----------
    tensors : tuple of Tensor
    moves : bool
        Whether the global stream of the device went on at each call.
    """

    tensors: tuple[Tensor, ...]
    moves: bool


@dataclass(frozen=True)
class Replays:
    """Calls from one seed, of which some are recorded; replays from it, twice; from another one.

    That recording draws what a replay does is promised nowhere: replays are held against replays.
    """

    first: Calls
    then: Calls
    again: Calls
    other: Calls

    @property
    def moves(self) -> bool:
        """Whether the stream went on at each call."""
        return all(calls.moves for calls in (self.first, self.then, self.again, self.other))


class _Slot:
    """What was seen in the last trial: every question is answered from it."""

    trial: Trial | None = None
    seen: dict[Graph, Replays] = {}  # noqa: RUF012  It is replaced, never shared.


def arise(trial: Trial) -> bool:
    """Whether the device replays graphs, in the case that most users call."""
    return usual(trial) and torch_api.graphs(trial.device) is not None


def replays(graph: Graph, trial: Trial) -> Replays:
    """What a graph draws in a trial; NotImplementedError where it cannot be recorded."""
    if _Slot.trial is not trial:
        compiled.forget()
        _Slot.trial, _Slot.seen = trial, {}
    if graph not in _Slot.seen:
        pair = supported(lambda: graph.of(trial, _made(trial)))
        seeds = ("first", "first", "first", "other")
        _Slot.seen[graph] = Replays(*(_calls(trial, pair, seed) for seed in seeds))
    return _Slot.seen[graph]


def _made(trial: Trial) -> Pair:
    """Two tensors made anew, of the global stream: no input is written to, which graphs forbid."""
    fill_method = next(iter(trial.cell.subject.fill_methods.values()))
    fill = fill_method(trial.case, replace(trial.target(), generator=None))
    return lambda: (fill()[""], fill()[""])


def _calls(trial: Trial, pair: Pair, seed: str) -> Calls:
    """Some calls from a seed; the memory of each is that of the next, so copies are kept."""
    trial.target(seed)
    tensors, moves = list[Tensor](), True
    for _ in range(_CALLS):
        before = torch_api.streams(trial.device)
        tensors += [tensor.clone() for tensor in supported(pair)]
        moves = moves and not alike(before, torch_api.streams(trial.device))
    return Calls(tuple(tensors), moves)
