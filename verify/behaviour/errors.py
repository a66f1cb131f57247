"""What is impossible is refused, in words, and nothing is filled or drawn on the way."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial

import torch
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from verify import torch_api
from verify.behaviour.exact import Comparison, Example, compare
from verify.behaviour.promise import Promise, Wording
from verify.behaviour.tensors import bits
from verify.outcome.outcome import Outcome
from verify.plan import watchdog
from verify.plan.drawing import smallest_failure
from verify.plan.run import Cell, Run, derive
from verify.subjects import Initializer
from verify.subjects.fills import Target
from verify.subjects.refusals.refusal import Attempt, Refusal, call
from verify.subjects.refusals.rules import RULES
from verify.subjects.refusals.table import REFUSALS, empty_tensors

_INTERNAL = ("INTERNAL ASSERT", "report a bug")
"""What PyTorch says when one of its own assumptions is broken."""

_ATTEMPTS = 10
"""At each rule, in every profile: what is refused costs nothing."""

_EMPTY = "a tensor without entries"

PROMISE = Promise(
    name="errors",
    check="errors",
    questions={
        **{rule: Wording(words) for rule, words in RULES.items()},
        "no-entries": Wording(_EMPTY),
    },
    words="what is impossible is refused by TypeError, ValueError or RuntimeError, in words, "
    "and leaves the tensor and every stream as they were; a tensor without entries is possible",
    formula="impossible → raise, w′ = w",
    source="PyTorch documentation, torch.nn.init, torch; Python documentation, Built-in Exceptions",
    subjects=tuple(sorted({name for refusal in REFUSALS for name in refusal.subjects})),
    dtypes=("float32", "int64"),
)


def _target(cell: Cell, run: Run) -> Target:
    device = cell.backend.device(run.worker)
    generator = cell.backend.generator(device, derive(run.seed, cell.id, "errors"))
    return Target(device, cell.dtype, generator)


def _comparisons(cell: Cell, run: Run, restart: Callable[[], None]) -> Iterator[Comparison]:
    """One for each rule."""
    target = _target(cell, run)

    def comparison(
        rule: str, attempts: SearchStrategy[Attempt], wrong: Callable[[Attempt], list[str]]
    ) -> Comparison:
        def examined(attempt: Attempt) -> list[str]:
            restart()
            found = wrong(attempt) if cell.has(getattr(torch, attempt.dtype)) else []
            return [*found, Example(f"{cell.subject.name}{attempt}")] if found else []

        seed = derive(run.seed, cell.id, "errors", rule)
        smallest = partial(smallest_failure, attempts, examined, seed=seed, examples=_ATTEMPTS)
        return Comparison(rule, smallest, [], question=PROMISE.ids[rule])

    for refusal in REFUSALS:
        here = not refusal.backends or cell.backend.name in refusal.backends
        if here and cell.subject.name in refusal.subjects:
            wrong = partial(_accepted, refusal, cell, target)
            yield comparison(refusal.words, refusal.attempts, wrong)
    if isinstance(cell.subject, Initializer):
        attempts = empty_tensors(cell.subject.name)
        yield comparison(_EMPTY, attempts, partial(_done_to_nothing, cell, target))


def _accepted(refusal: Refusal, cell: Cell, target: Target, attempt: Attempt) -> list[str]:
    """What is wrong with the refusal of an attempt."""
    given = attempt.handed_over(target.device)
    held, before = _held(given), _states(target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _held(call(cell.subject, attempt, given, target)())  # A lazy device refuses no sooner.
        except refusal.errors as error:
            found = [] if _says_something(error) else [f"{_error_text(error)} says nothing of use"]
        except Exception as error:
            found = [f"{_error_text(error)} comes from the inside"]
        else:
            return ["nothing is raised"]
    if not _alike(held, _held(given)):
        found.append("the tensor is changed")
    return found if _alike(before, _states(target)) else [*found, "a stream is moved"]


def _says_something(error: Exception) -> bool:
    said = str(error)
    return bool(said.strip()) and not any(internal in said for internal in _INTERNAL)


def _error_text(error: Exception) -> str:
    said = str(error).partition("\n")[0][:60]
    return f"{type(error).__name__} ({said})" if said else type(error).__name__


def _done_to_nothing(cell: Cell, target: Target, attempt: Attempt) -> list[str]:
    """What is done besides returning the tensor, with at most a UserWarning.

    Whether a stream is moved is promised nowhere: an engine may take a key for each call.
    """
    given = attempt.handed_over(target.device)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call(cell.subject, attempt, given, target)()
        except Exception as error:
            return [f"{_error_text(error)} is raised"]
    categories = [w.category for w in caught if not issubclass(w.category, UserWarning)]
    found = [f"{category.__name__} is emitted" for category in categories]
    if tuple(given.shape) != attempt.shape or result is not given:
        found.append("something else is returned")
    return found


def _held(given: object) -> list[Tensor]:
    return [bits(given.cpu())] if isinstance(given, Tensor) else []


def _states(target: Target) -> list[Tensor]:
    """Where every stream stands: the global ones, and the generator's."""
    own = [] if target.generator is None else [target.generator.get_state()]
    return [*torch_api.streams(target.device), *own]


def _alike(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def verify_errors(cell: Cell, run: Run) -> Outcome:
    """Break every rule of a subject in many ways; tensors without entries break none."""
    known = PROMISE.known_in(cell), PROMISE.known_elsewhere(cell)
    asked = PROMISE.asked_of(cell)
    try:
        with watchdog.limit(run.time_limit) as restart:
            return compare(asked, _comparisons(cell, run, restart), PROMISE.check, *known)
    except watchdog.TimedOut as reason:
        return asked.timed_out(reason)
