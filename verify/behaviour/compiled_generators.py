"""Generators that are handed to draws in compiled functions: each is the one stream of its draw.

Source: PyTorch documentation, `torch.Generator` and the argument ``generator`` of each function.
What cannot be captured may be refused, by a clear error; it may not come from another stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from verify import torch_api
from verify.behaviour.calls import alike, same
from verify.behaviour.draws import usual
from verify.behaviour.forms import FORMS
from verify.behaviour.promise import Promise, Question, Trial, verify_behaviour
from verify.outcome.outcome import Outcome
from verify.outcome.verdict import Verdict
from verify.plan.run import Cell, Run
from verify.subjects import compiled
from verify.subjects.compiled import Way

_Form = Callable[[Generator, torch.device], Tensor]


def _initialized(name: str) -> _Form:
    def call(generator: Generator, device: torch.device) -> Tensor:
        tensor = torch.empty(16, 32, device=device)
        return torch_api.initializer(name)(tensor, generator=generator)

    return call


_FORMS: Mapping[str, _Form] = {
    **{
        name: FORMS[name]
        for name in (
            "torch.rand",
            "torch.randint",
            "torch.randperm",
            "torch.normal of tensors",
            "torch.bernoulli",
            "uniform_",
            "normal_",
        )
    },
    "init.uniform_": _initialized("uniform_"),
    "init.kaiming_normal_": _initialized("kaiming_normal_"),
}
"""Forms of a call, of one kernel each; the least that a call holds is 512 bits."""


@dataclass(frozen=True)
class _Method:
    """How a generator reaches a compiled function, and how that is compiled."""

    words: str
    way: Way
    passed: bool


_METHODS = (
    _Method("inductor, passed in", Way(), passed=True),
    _Method("inductor, from outside", Way(), passed=False),
    _Method("aot_eager, passed in", Way("aot_eager"), passed=True),
)


@dataclass(frozen=True)
class _Call:
    """One form, compiled by one method: it draws from a generator that starts at a seed."""

    device: torch.device
    own: Generator
    draw: Callable[..., Tensor]
    passed: bool

    def __call__(self, seed: int, calls: int = 1) -> tuple[list[Tensor], bool]:
        """What some calls draw, and whether the generator moves on at each."""
        generator = Generator(self.device) if self.passed else self.own
        generator.manual_seed(seed)
        drawn, moves = list[Tensor](), True
        for _ in range(calls):
            before = generator.get_state()
            drawn.append(self.draw(generator) if self.passed else self.draw())
            moves = moves and not torch.equal(before, generator.get_state())
        return drawn, moves


def _call(trial: Trial, method: _Method, name: str) -> _Call:
    form, own, device = _FORMS[name], Generator(trial.device), trial.device

    def passed(generator: Generator) -> Tensor:
        return form(generator, device)

    def outside() -> Tensor:
        return form(own, device)

    function = passed if method.passed else outside
    draw = compiled.captured((method, name), device, method.way, function)
    return _Call(device, own, draw, method.passed)


@dataclass(frozen=True)
class _Seen:
    """What two calls draw from one seed, the first again under other global and given seeds.

    Attributes
    ----------
    moves : bool
        Whether the generator moves on at each call.
    stays : bool
        Whether the global stream stays where it is.
    """

    first: Tensor
    then: Tensor
    again: Tensor
    other: Tensor
    moves: bool
    stays: bool


class _Slot:
    """What was seen in the last trial: every question is answered from it."""

    trial: Trial | None = None
    seen: dict[str, _Seen] = {}  # noqa: RUF012  It is replaced, never shared.
    refused: str = ""


def _seen(trial: Trial) -> Mapping[str, _Seen]:
    """What was seen, by form and method; what is refused is left out."""
    if _Slot.trial is not trial:
        compiled.forget()
        _Slot.trial, _Slot.refused = trial, ""
        _Slot.seen = dict(_looks(trial))
    if not _Slot.seen:
        raise NotImplementedError(_Slot.refused)
    return _Slot.seen


def _looks(trial: Trial) -> Iterator[tuple[str, _Seen]]:
    for method in _METHODS:
        for name in _FORMS:
            try:
                yield f"{name} under {method.words}", _look(trial, _call(trial, method, name))
            except NotImplementedError as reason:
                _Slot.refused = f"{reason}"


def _look(trial: Trial, call: _Call) -> _Seen:
    torch.manual_seed(3)
    before = torch_api.streams(trial.device)
    (first, then), moves = call(1, 2)
    stays = alike(before, torch_api.streams(trial.device))
    torch.manual_seed(4)
    (again,), _ = call(1)
    (other,), _ = call(2)
    return _Seen(first, then, again, other, moves, stays)


def _asked(words: str, is_wrong: Callable[[_Seen], bool]) -> Question:
    def answers(trial: Trial) -> list[str]:
        return [name for name, seen in _seen(trial).items() if is_wrong(seen)]

    return Question(words, answers, usual)


def _undecided(seen: _Seen) -> bool:
    """One seed draws other values, or two seeds the same: 512 bits agree by chance never."""
    return not same(seen.first, seen.again) or same(seen.first, seen.other)


PROMISE = Promise(
    name="compiled generators",
    check="compiled",
    questions={
        "undecided": _asked("draws that a generator does not decide", _undecided),
        "standing": _asked(
            "generators that do not move on",
            lambda seen: not seen.moves or same(seen.first, seen.then),
        ),
        "global": _asked("draws that move the global stream", lambda seen: not seen.stays),
    },
    words="a generator that a compiled function is handed, or finds outside, is the one stream of "
    "its draws: it decides them, moves on, and leaves the global stream alone",
    formula="f(g₁) = f(g₂) for generators in one state",
    source="PyTorch documentation, torch.Generator, torch.compile",
    subjects=("torch.rand",),
    dtypes=("float32",),
)


def verify_compiled_behaviour(cell: Cell, run: Run, promise: Promise[Question]) -> Outcome:
    """Ask every question, where something can be compiled; say what is captured in parts."""
    if reason := compiled.unusable(cell.backend.device(run.worker)):
        return replace(promise.asked_of(cell), verdict=Verdict.NOT_TESTED, reason=reason)
    outcome = verify_behaviour(cell, run, promise)
    return outcome.remarked("captured in parts:", compiled.in_parts(promise.name))
