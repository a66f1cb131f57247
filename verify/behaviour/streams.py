"""Streams: one seed gives one sequence, which goes on, can be restored, and meets no other.

The bits of two draws are compared. Where they must differ, the chance that they do not is far
below one in 10¹², and stated.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace

import torch
from torch import Tensor

from verify import torch_api
from verify.behaviour.calls import agree
from verify.behaviour.draws import (
    bits_of,
    draw,
    draw_odd,
    forked,
    information,
    restore,
    seeded,
    sized,
    stream_of,
    unlike,
    usual,
)
from verify.behaviour.promise import Promise, Question, Trial
from verify.defects import known_defects
from verify.laws import Continuous
from verify.subjects import INITIALIZERS, OPERATIONS, Initializer, Operation
from verify.subjects.compiled import WAYS
from verify.subjects.fills import Target

_RANDOM = tuple(
    subject.name
    for subject in (*INITIALIZERS, *OPERATIONS)
    if any(tensor.law.is_random(tensor.shape) for tensor in subject.tensors(subject.anchors[0]))
    and not (isinstance(subject, Initializer) and subject.deprecated)
    and not (isinstance(subject, Operation) and subject.form_of)
)
"""The subjects that draw; a deprecated alias hands over to one of them."""

_WITHOUT_GENERATOR = ("torch.rand_like", "torch.randn_like")
"""Operations that are called without a generator."""

_SQUARE = (16, 16)
"""A shape for questions that hang on no shape. What two consecutive calls fill in it holds at
least 88 bits, those of two permutations of 16."""

_CALLS = 160
"""Consecutive calls in which a period is sought: of up to half as many."""

_SMALL = 1 << 12
_SHORT = 16
"""The longest axis of what stands for a tensor of more than `_SMALL` entries."""

_PARALLEL = 40_000
"""Entries from which on a fill may be shared by threads (`at::internal::GRAIN_SIZE` is 32,768)."""

_THREADS = (1, 4)

_BITS = 100
"""Information from which on two draws are never alike by chance."""

_RUN = 8
_SIZES = range(1, 41)
_STRIDE = 5
"""Of sizes, where each is compiled."""

_NEIGHBOURS = 16
_SHARED = 8

_ONE_BIT_APART = (0, *(1 << bit for bit in range(32)), (1 << 32) - 1)
_BEYOND = (0, 1, 2, (1 << 32) - 1, 1 << 32, (1 << 32) + 1, 1 << 40, (1 << 63) - 1, -1, -2)


def _at_hand(trial: Trial) -> Trial:
    """The same call on a tensor that is quickly filled, with as many axes."""
    if trial.cell.subject.numel(trial.case) <= _SMALL:
        return trial
    return sized(trial, *(min(size, _SHORT) for size in trial.case.shape))


def _in_small(wrong: Callable[[Trial], list[str]]) -> Callable[[Trial], list[str]]:
    """What hangs on no size is asked of every case, be it drawn or an anchor."""
    return lambda trial: wrong(_at_hand(trial))


def _is_filled(trial: Trial) -> bool:
    return isinstance(trial.cell.subject, Initializer)


def _large(trial: Trial) -> bool:
    return trial.cell.subject.numel(trial.case) >= _PARALLEL


def _not_repeated(trial: Trial) -> list[str]:
    """From one seed twice, in every layout: nothing is promised across layouts.

    PyTorch documentation, note "Reproducibility". Of compiled calls it is asked by their promise.
    """
    found = []
    # Of tensors that several processes hold, questions of their own are asked.
    others = {*WAYS, "sharded"}
    for fill_method in (name for name in trial.cell.subject.fill_methods if name not in others):
        defects = known_defects.for_cell(trial.cell, fill_method)
        raising = tuple(defect for defect in defects if defect.check == "raises")
        if not known_defects.excluding(trial.case, raising):
            once, again = (
                trial.tensors(trial.target(), fill_method)[""].reshape(-1) for _ in range(2)
            )
            found += unlike({fill_method: again}, once)
    return found


def _hanging_on_memory(trial: Trial) -> list[str]:
    drawn = {}
    for held in (torch.nan, 0.0, 1.0):
        memory = torch.full(trial.case.shape, held, dtype=trial.dtype, device=trial.device)
        trial.filler(trial.target().generator)(memory)
        drawn[f"after {held}"] = memory.reshape(-1)
    return unlike(drawn, drawn.pop("after nan"))


def _hanging_on_threads(trial: Trial) -> list[str]:
    """But for rounding: the stream is the seed's, whoever computes what."""
    before, drawn = torch.get_num_threads(), {}
    try:
        for threads in _THREADS:
            torch.set_num_threads(threads)
            drawn[threads] = trial.tensors(trial.target())[""]
    finally:
        torch.set_num_threads(before)
    alone = drawn.pop(1)
    return [f"{n} threads" for n, values in drawn.items() if not agree(trial, alone, values)]


def _hanging_on_others(trial: Trial) -> list[str]:
    """Draws from another generator before each call, odd numbers of them in many dtypes."""
    alone = draw(trial, trial.target(), 2)
    target, other = trial.target(), torch_api.generator(trial.device).manual_seed(1)
    rows = []
    for _ in range(2):
        draw_odd(trial, other)
        rows.append(draw(trial, target))
    return unlike({"after draws from another generator": torch.cat(rows)}, alone)


def _left_by_a_reseed(trial: Trial) -> list[str]:
    """Above all half of a pair of normals: Box & Muller 1958 yields two at a time."""
    fresh = trial.target()
    expected, seed = draw(trial, fresh, 2), stream_of(fresh).initial_seed()
    used = trial.target(of="before the reseed")
    draw(trial, used)
    for generator in (used.generator, None):
        draw_odd(trial, generator)
    trial.target()  # Seeds the global streams again.
    stream_of(used).manual_seed(seed)
    return unlike({"after a reseed": draw(trial, used, 2)}, expected)


def _not_restored(trial: Trial) -> list[str]:
    """In the middle of a stream, half of a pair of normals left over.

    PyTorch documentation, torch.Generator, torch.get_rng_state, torch.random.fork_rng.
    """
    own = trial.target()
    stream = stream_of(own)
    draw(trial, own)
    draw_odd(trial, stream)
    state = stream.get_state()
    clone, globally = stream.clone_state(), torch_api.streams(trial.device)
    expected, found = draw(trial, own, 2), {}
    restore(trial.device, globally)
    found["by clone_state"] = draw(trial, replace(own, generator=clone), 2)
    restore(trial.device, globally)
    stream.set_state(state)
    found["by set_state"] = draw(trial, own, 2)
    return unlike(found, expected) + _not_restored_globally(replace(own, generator=None), trial)


def _not_restored_globally(target: Target, trial: Trial) -> list[str]:
    draw_odd(trial, None)
    states, found = torch_api.streams(trial.device), {}
    with forked(trial.device):
        expected = draw(trial, target, 2)
    found["by fork_rng"] = draw(trial, target, 2)
    restore(trial.device, states)
    found["by set_rng_state"] = draw(trial, target, 2)
    return unlike(found, expected)


def _moved_globally(trial: Trial) -> list[str]:
    """Whoever hands over a generator has all values drawn from it."""
    target = trial.target()
    stream_of(target)
    before = torch_api.streams(trial.device)
    trial.tensors(target)
    after = torch_api.streams(trial.device)
    names = ("the host's", f"that of {trial.device}")
    changed = [not torch.equal(*states) for states in zip(before, after, strict=True)]
    return list(itertools.compress(names, changed))


def _is_given_generator(trial: Trial) -> bool:
    """Of initializers, their contracts speak."""
    subject = trial.cell.subject
    return isinstance(subject, Operation) and subject.name not in _WITHOUT_GENERATOR


def _repeating(trial: Trial) -> list[str]:
    first, second = draw(trial, trial.target(), 2)
    alike = torch.equal(bits_of(first), bits_of(second)) and first.numel() > 0
    return ["the second call"] if alike and information(first) >= _BITS else []


def _periods(trial: Trial) -> list[str]:
    """At least 80 calls are those before, by chance with a probability below 2⁻³⁰⁰.

    That is what permutations of four numbers leave, which hold least.
    """
    rows = bits_of(draw(sized(trial, 4, 4), trial.target(), _CALLS))
    found = (p for p in range(1, _CALLS // 2 + 1) if torch.equal(rows[p:], rows[:-p]))
    return [str(period) for period in itertools.islice(found, 1)]


def _is_fine(trial: Trial) -> bool:
    """Whether no value has a probability above 2⁻²⁰: laws of width one in a wide dtype."""
    law = trial.cell.subject.tensors(trial.case)[0].law
    return usual(trial) and isinstance(law, Continuous) and trial.cell.is_wide


def _runs(trial: Trial) -> list[str]:
    """The first values of one call within the other: 2²⁰ places of probability 2⁻¹⁶⁰."""
    first, second = draw(trial, trial.target(), 2)
    found = {
        "the second call begins within the first": _holds(first, second[:_RUN]),
        "the first call begins within the second": _holds(second, first[:_RUN]),
    }
    return [name for name, holds in found.items() if holds]


def _holds(values: Tensor, run: Tensor) -> bool:
    windows = values.unfold(0, len(run), 1)
    return bool((windows == run).all(dim=1).any())


def _sharing_sizes(trial: Trial) -> list[str]:
    """Sizes at which neighbouring calls have many values in common, at any places.

    Among 15 neighbours of 40 values each, 24,000 pairs, eight equal ones have a probability of
    at most (24,000 · 2⁻²⁰)⁸ / 8! < 10⁻¹⁷; values that are in several pairs add less.
    """
    sizes = _SIZES[:: _STRIDE if trial.cell.backend.is_lazy else 1]
    return [str(size) for size in sizes if _shared(sized(trial, size, 1)) >= _SHARED]


def _shared(trial: Trial) -> int:
    calls = draw(trial, trial.target(), _NEIGHBOURS)
    return int((calls[:-1, :, None] == calls[1:, None, :]).sum())


def _coinciding(trial: Trial, seeds: Iterable[int]) -> list[str]:
    """Seeds that give the very same values in consecutive calls, each with the first such."""
    square, first, found = sized(trial, *_SQUARE), dict[bytes, int](), []
    for seed in seeds:
        values = draw(square, seeded(square, seed), 2)
        known = first.setdefault(bits_of(values).numpy().tobytes(), seed)
        found += [f"{known} and {seed}"] if known != seed else []
    return found


PROMISE = Promise(
    name="streams",
    check="streams",
    questions={
        "not-repeated": Question(
            "ways in which one seed gives other values", _in_small(_not_repeated)
        ),
        "memory-changes-values": Question(
            "what memory held that changes the values", _in_small(_hanging_on_memory), _is_filled
        ),
        "threads-change-values": Question(
            "numbers of threads that change the values", _hanging_on_threads, _large
        ),
        "other-streams-change-values": Question(
            "other streams that change the values", _in_small(_hanging_on_others)
        ),
        "left-by-a-reseed": Question("what a reseed leaves behind", _in_small(_left_by_a_reseed)),
        "states-not-restored": Question("states that are not restored", _in_small(_not_restored)),
        "moves-the-global-stream": Question(
            "global streams that a call with a generator moves",
            _moved_globally,
            _is_given_generator,
        ),
        "consecutive-calls-repeat": Question(
            "consecutive calls that repeat", _in_small(_repeating)
        ),
        "values-have-a-period": Question("calls after which the values repeat", _periods, usual),
        "consecutive-calls-overlap": Question("consecutive calls that overlap", _runs, _is_fine),
        "sizes-share-values": Question(
            "sizes at which consecutive calls share values", _sharing_sizes, _is_fine
        ),
        "seeds-of-32-bits-coincide": Question(
            "seeds of 32 bits that give the same values",
            lambda trial: _coinciding(trial, _ONE_BIT_APART),
            usual,
        ),
        "seeds-of-64-bits-coincide": Question(
            "seeds of 64 bits that give the same values",
            lambda trial: _coinciding(trial, _BEYOND),
            usual,
        ),
    },
    words="one seed gives the same values whatever came before, a stream goes on from call to "
    "call and can be restored, and different seeds give different values",
    formula="x(s) = x(s); x(s) ≠ x(t) for s ≠ t; restore(state) → the same values",
    source='PyTorch documentation, torch.Generator, torch.random, note "Reproducibility"',
    subjects=_RANDOM,
)
