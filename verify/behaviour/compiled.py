"""Calls of compiled functions: what they draw again, which seeds they follow, what they leave.

Each of some functions fills two tensors; where a device replays graphs, it is asked of these too.
Source: PyTorch documentation, ``torch.compile``; the note
"Reproducibility" for seeds; the FAQ of torch.compiler for ``fallback_random``, with which compiled
code draws the random numbers of eager calls; `torch.rand` and `Tensor.uniform_` for the bound that
is excluded.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from scipy.stats import binom
from torch import Tensor

from verify import torch_api
from verify.behaviour import replays
from verify.behaviour.calls import agree, alike, same
from verify.behaviour.draws import sized, usual
from verify.behaviour.promise import Promise, Question, Trial, supported, verify_behaviour
from verify.behaviour.replays import Graph
from verify.behaviour.tensors import doubled
from verify.checks.bounds import ALPHA
from verify.laws import Continuous, Uniform
from verify.outcome.outcome import Outcome
from verify.outcome.verdict import Verdict
from verify.plan.run import Cell, Run
from verify.subjects import INITIALIZERS, OPERATIONS, Initializer, Operation, compiled
from verify.subjects.compiled import EVERY, Pair, Way

_SUBJECTS = (
    "uniform_",
    "normal_",
    "torch.rand",
    "torch.randn",
    "torch.randint",
)

_BOUNDED = ("uniform_", "torch.rand", "torch.rand_like")
"""Subjects whose upper bound is excluded by their documentation."""

_FILLED = (1 << 19,)
_VALUES = 1 << 26
"""Of so many values none is the excluded bound: one in 2^21 is missed with probability e^-32. What
is captured and not compiled is drawn by eager kernels, whose law is verified."""

_SIZES = (2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 127, 255, 513, 4097, 40977)
"""Around the widths of vectors, and the grain of threads."""


@dataclass(frozen=True)
class _Seen:
    """Tensors of some pairs: consecutive, from the first seed again, from another seed.

    Attributes
    ----------
    moves : bool
        Whether the global streams went on at each call.
    """

    first: tuple[Tensor, Tensor]
    then: tuple[Tensor, Tensor]
    again: tuple[Tensor, Tensor]
    other: tuple[Tensor, Tensor]
    moves: bool


class _Slot:
    """What was seen in the last trial: every question is answered from it."""

    trial: Trial | None = None
    seen: dict[Way, _Seen] = {}  # noqa: RUF012  It is replaced, never shared.
    ends: tuple[Trial | None, float, float] = (None, 0.0, 0.0)


def _pair(trial: Trial, way: Way) -> Pair:
    """What fills a pair by a way."""
    if _Slot.trial is not trial:
        compiled.forget()
        _Slot.trial, _Slot.seen = trial, {}
    subject = trial.cell.subject
    assert isinstance(subject, Initializer | Operation)
    pair = subject.pair(way, trial.case, trial.target())
    return lambda: supported(pair)


def _seen(trial: Trial, way: Way) -> _Seen:
    pair = _pair(trial, way)
    if way not in _Slot.seen:
        _Slot.seen[way] = _look(trial, pair)
    return _Slot.seen[way]


def _look(trial: Trial, pair: Pair) -> _Seen:
    trial.target("first")
    states = [torch_api.streams(trial.device)]
    calls = []
    for _ in range(2):
        calls.append(pair())
        states.append(torch_api.streams(trial.device))
    trial.target("first")
    again = pair()
    trial.target("other")
    moves = not any(alike(a, b) for a, b in itertools.pairwise(states))
    return _Seen(calls[0], calls[1], again, pair(), moves)


def _names(tensors: tuple[Tensor, Tensor], others: tuple[Tensor, Tensor]) -> list[str]:
    """Which of the first ones is not the other, bit by bit."""
    pairs = zip(("the first tensor", "the second tensor"), tensors, others, strict=True)
    return [name for name, one, other in pairs if not same(one, other)]


def _coming_again(*tensors: Tensor) -> list[str]:
    """Whether a row of some tensors is another: by chance none is, a row holds 257 draws or 960."""
    rows = torch.cat([doubled(tensor).reshape(len(tensor), -1) for tensor in tensors])
    # Rows that are alike have the same sum with any weights; others agree by rare chance.
    weights = torch.linspace(0.5, 1.5, rows.shape[1], dtype=torch.float64)
    sums = (rows @ weights).sort()
    near = torch.nonzero(sums.values.diff().abs() <= 1e-9).flatten() + 1
    pairs = torch.stack((sums.indices[near - 1], sums.indices[near]))
    alike = (rows[pairs[0]] == rows[pairs[1]]).all(dim=1).sum()
    return [f"{int(alike)} of {len(rows)} rows"] if alike else []


def _repeating(way: Way, trial: Trial) -> list[str]:
    seen = _seen(trial, way)
    return _coming_again(*seen.first, *seen.then)


def _left(*tensors: Tensor) -> list[str]:
    left = sum(int(tensor.cpu().isnan().sum()) for tensor in tensors)
    return [f"{left} entries"] if left else []


def _unfilled(way: Way, trial: Trial) -> list[str]:
    seen = _seen(trial, way)
    return _left(*seen.first, *seen.then)


def _not_repeated(way: Way, trial: Trial) -> list[str]:
    seen = _seen(trial, way)
    return _names(seen.first, seen.again)


def _baked_in(way: Way, trial: Trial) -> list[str]:
    seen = _seen(trial, way)
    return _coming_again(*seen.first, *seen.other)


def _standing(way: Way, trial: Trial) -> list[str]:
    return [] if _seen(trial, way).moves else ["the global stream"]


def _too_often(way: Way, trial: Trial) -> list[str]:
    """Values that come more often than the reals do which the dtype may round to them.

    A lattice point gets at most the mass of the reals from which `Continuous.displacement` may
    have moved a value there, and its count is binomial: the tail of the worst is bounded by the sum
    over all points.
    """
    (tensor,), seen = trial.cell.subject.tensors(trial.case), _seen(trial, way)
    law, lattice = tensor.law, trial.cell.lattice
    assert isinstance(law, Continuous)
    drawn = torch.cat([doubled(each).reshape(-1) for each in (*seen.first, *seen.then)])
    points, counts = (each.double().numpy() for each in torch.unique(drawn, return_counts=True))
    apart = 2 * lattice.step * np.maximum(np.abs(points), law.typical_magnitude)
    chance = law.cdf(points + apart) - law.cdf(points - apart) + lattice.draw_step
    tails = binom.sf(counts - 1, drawn.numel(), np.clip(chance, 0.0, 1.0))
    worst = int(np.argmin(tails))
    if tails[worst] * len(points) >= ALPHA:
        return []
    return [f"{points[worst]} comes {int(counts[worst])} times in {drawn.numel()} values"]


def _unlike_eager(way: Way, trial: Trial) -> list[str]:
    """Two eager calls from the same seed, and where the stream stands after them."""
    pair = _pair(trial, way)
    trial.target("eager")
    drawn, after = pair(), torch_api.streams(trial.device)
    fill = next(iter(trial.cell.subject.fill_methods.values()))
    start = fill(trial.case, replace(trial.target("eager"), generator=None))
    plain = [start()[""], start()[""]]
    found = [] if alike(after, torch_api.streams(trial.device)) else ["the state of the stream"]
    numbers = zip(("the first tensor", "the second tensor"), drawn, plain, strict=True)
    return found + [name for name, one, other in numbers if not agree(trial, one, other)]


def _bounds(trial: Trial) -> tuple[float, float]:
    (tensor,) = trial.cell.subject.tensors(trial.case)
    assert isinstance(tensor.law, Uniform)
    return tensor.law.low, tensor.law.high


def _ends(way: Way, trial: Trial) -> tuple[float, float]:
    """The least and the largest of many values; NaN where one is."""
    if _Slot.ends[0] is not trial:
        _Slot.ends = (trial, *_look_at_ends(_pair(sized(trial, *_FILLED), way), trial))
    return _Slot.ends[1:]


def _look_at_ends(pair: Pair, trial: Trial) -> tuple[float, float]:
    trial.target("bounds")
    extremes = []
    for _ in range(_VALUES // (2 * _FILLED[0])):
        extremes += [torch.stack(torch.aminmax(values)) for values in pair()]
    least, most = doubled(torch.stack(extremes)).unbind(dim=1)
    return float(least.min()), float(most.max())


def _reached(way: Way, trial: Trial) -> list[str]:
    """Values that lie on the excluded bound."""
    return ["the largest value"] if _ends(way, trial)[1] == _bounds(trial)[1] else []


def _out_of_bounds(way: Way, trial: Trial) -> list[str]:
    return _outside(*_ends(way, trial), *_bounds(trial))


def _outside(least: float, most: float, low: float, high: float) -> list[str]:
    """Which of the extremes is beyond a bound; NaN is none of a law."""
    found = [] if least >= low else [f"the least value is {least}"]
    return found if most <= high else [*found, f"the largest value is {most}"]


def _not_reached(way: Way, trial: Trial) -> list[str]:
    """One function, traced on one size, fills tensors of others, and nothing around them."""
    if reason := compiled.unusable(trial.device):
        raise NotImplementedError(reason)
    fill = way(trial.filler(), whole=False)
    trial.target("sizes")
    found = []
    for size in _SIZES:
        buffer = torch.full((size + 64,), torch.nan, dtype=trial.dtype, device=trial.device)
        fill(buffer[32 : 32 + size])
        held = buffer.cpu()
        inside, around = held[32 : 32 + size], torch.cat((held[:32], held[32 + size :]))
        found += [f"{size} entries"] if bool(inside.isnan().any()) else []
        found += [f"beyond {size} entries"] if not bool(around.isnan().all()) else []
    return found


def _replays_unfilled(graph: Graph, trial: Trial) -> list[str]:
    seen = replays.replays(graph, trial)
    return _left(*seen.first.tensors, *seen.then.tensors)


def _replays_repeating(graph: Graph, trial: Trial) -> list[str]:
    return _coming_again(*replays.replays(graph, trial).first.tensors)


def _replays_undecided(graph: Graph, trial: Trial) -> list[str]:
    """What one seed draws otherwise, and what two seeds draw alike."""
    seen = replays.replays(graph, trial)
    pairs = tuple(zip(seen.then.tensors, seen.again.tensors, strict=True))
    otherwise = sum(not same(one, other) for one, other in pairs)
    found = [f"{otherwise} of {len(pairs)} tensors of one seed"] if otherwise else []
    again = _coming_again(*seen.then.tensors, *seen.other.tensors)
    return found + [f"{each} of two seeds" for each in again]


def _replays_standing(graph: Graph, trial: Trial) -> list[str]:
    return [] if replays.replays(graph, trial).moves else ["the global stream"]


def _is_bounded(trial: Trial) -> bool:
    return usual(trial) and trial.cell.subject.name in _BOUNDED


def _is_any_size(trial: Trial) -> bool:
    return usual(trial) and trial.cell.subject.name in ("uniform_", "normal_")


def _is_half(trial: Trial) -> bool:
    """Half precision has few enough values to count each."""
    return usual(trial) and trial.dtype in (torch.bfloat16, torch.float16)


def _is_floating(trial: Trial) -> bool:
    return usual(trial) and trial.dtype.is_floating_point


def _of_each(
    words: str, wrong: Mapping[str, Callable[[Trial], list[str]]], arises: Callable[[Trial], bool]
) -> Question:
    """A question about each of some things by their words; those that cannot be are passed over."""

    def answers(trial: Trial) -> list[str]:
        found, gaps = list[str](), list[NotImplementedError]()
        for under, answer in wrong.items():
            try:
                found += [f"{each} under {under}" for each in answer(trial)]
            except NotImplementedError as reason:
                gaps.append(reason)
        if len(gaps) == len(wrong):
            raise gaps[0]
        return found

    return Question(words, answers, arises)


def _asked(
    words: str,
    wrong: Callable[[Way, Trial], list[str]],
    arises: Callable[[Trial], bool] = usual,
    ways: Iterable[Way] = EVERY,
) -> Question:
    """A question about each of some ways of compiling."""
    return _of_each(words, {way.words: partial(wrong, way) for way in ways}, arises)


def _replayed(
    words: str,
    wrong: Callable[[Graph, Trial], list[str]],
    arises: Callable[[Trial], bool] = replays.arise,
) -> Question:
    """A question about each way in which graphs come to be replayed."""
    by_words = {graph.words: partial(wrong, graph) for graph in replays.GRAPHS}
    return _of_each(words, by_words, arises)


PROMISE = Promise(
    name="compiled call",
    check="compiled",
    questions={
        "unfilled": _asked("what is left unfilled", _unfilled, _is_floating),
        "repeating": _asked("rows that come again", _repeating),
        "not-repeated": _asked("what one seed draws otherwise", _not_repeated),
        "baked-in": _asked("rows that another seed draws again", _baked_in),
        "too-often": _asked("values that come too often", _too_often, _is_half),
        "standing": _asked("what does not go on", _standing),
        "unlike-eager": _asked(
            "what eager calls draw otherwise",
            _unlike_eager,
            ways=[way for way in EVERY if way.fallback],
        ),
        "bound-reached": _asked("values on the excluded bound", _reached, _is_bounded, [Way()]),
        "out-of-bounds": _asked("values out of bounds", _out_of_bounds, _is_bounded, [Way()]),
        "not-reached": _asked(
            "sizes that are not filled alone",
            _not_reached,
            _is_any_size,
            [way for way in EVERY if way.dynamic],
        ),
        "replayed-unfilled": _replayed(
            "what replays leave unfilled",
            _replays_unfilled,
            lambda trial: trial.dtype.is_floating_point and replays.arise(trial),
        ),
        "replayed-repeating": _replayed("rows that replays draw again", _replays_repeating),
        "replayed-undecided": _replayed("what no seed decides of replays", _replays_undecided),
        "replayed-standing": _replayed("what replays leave standing", _replays_standing),
    },
    words="a compiled function, and a graph that a device replays, draws anew at each call and for "
    "each tensor, follows the seed, moves the stream, fills tensors of every size, and never "
    "returns an excluded bound",
    formula="f(w₁, w₂) compiled once; low ≤ w < high",
    source="PyTorch documentation: torch.compile, FAQ of torch.compiler, notes on reproducibility "
    "and on CUDA graphs",
    subjects=tuple(
        row.name for row in (*INITIALIZERS, *OPERATIONS) if row.name in {*_SUBJECTS, *_BOUNDED}
    ),
    dtypes=("bfloat16", "float16", "float32", "int64"),
)


def verify_compiled_calls(cell: Cell, run: Run) -> Outcome:
    """Ask every question of a cell, where something can be compiled."""
    if reason := compiled.unusable(cell.backend.device(run.worker)):
        return replace(PROMISE.asked_of(cell), verdict=Verdict.NOT_TESTED, reason=reason)
    return verify_behaviour(cell, run, PROMISE)
