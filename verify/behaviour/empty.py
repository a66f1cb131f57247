"""Tensors that are made without being drawn: as asked for, and no stream moves."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from hypothesis import strategies as st
from torch import Tensor

import strategies
from verify import torch_api
from verify.behaviour.exact import Comparison, Example, compare
from verify.behaviour.promise import Promise, Wording
from verify.defects.known_defects import KnownDefect
from verify.outcome.outcome import Outcome
from verify.plan.drawing import smallest_failure
from verify.plan.run import Cell, Run, derive
from verify.subjects.fills import Factory

_FLOATS = ("bfloat16", "float16", "float32", "float64", "complex64", "complex128")
_DTYPES = (*_FLOATS, "uint8", "int8", "int16", "int32", "int64")


@dataclass(frozen=True)
class _Asked:
    """What is asked for, and what is handed over as a model.

    Attributes
    ----------
    shape : tuple of int
    order : tuple of int
        The axes as they lie in memory, the last one fastest.
    step : int
        Distance of neighbours in memory: there are gaps if it is not 1.
    dtype : str
    grad : bool
        Whether the tensor requires a gradient; whole numbers have none.
    """

    shape: tuple[int, ...]
    order: tuple[int, ...]
    step: int
    dtype: str
    grad: bool

    @property
    def strides(self) -> tuple[int, ...]:
        """In that order and with that step."""
        strides, step = [0] * len(self.shape), self.step
        for axis in reversed(self.order):
            strides[axis] = step
            step *= max(1, self.shape[axis])
        return tuple(strides)

    @property
    def adjacent(self) -> tuple[int, ...]:
        """Of a tensor in the order of its axes."""
        axes = range(len(self.shape))
        return tuple(math.prod(max(1, n) for n in self.shape[axis + 1 :]) for axis in axes)

    @property
    def value(self) -> float:
        """One that every dtype holds, and that tells a fraction from a whole number."""
        return 1.5 if self.dtype in _FLOATS else 3

    def model(self, device: torch.device) -> Tensor:
        """A tensor that lies so in memory."""
        memory = self.step * math.prod(max(1, n) for n in self.shape)
        zeros = torch.zeros(memory, dtype=getattr(torch, self.dtype), device=device)
        return zeros.as_strided(self.shape, self.strides)


@strategies.composite
def _asked(draw: st.DrawFn, cell: Cell) -> _Asked:
    """In any dtype that the backend of a cell has."""
    shape = draw(st.lists(st.integers(0, 5), max_size=5).map(tuple))
    dtype = draw(st.sampled_from([d for d in _DTYPES if cell.has(getattr(torch, d))]))
    return _Asked(
        shape,
        tuple(draw(st.permutations(range(len(shape))))),
        draw(st.sampled_from((1, 1, 2))),
        dtype,
        draw(st.booleans()) and dtype in _FLOATS,
    )


_Make = Callable[[_Asked, Tensor], tuple[Tensor, Sequence[int] | None]]


class _Options(Factory):
    requires_grad: bool


def _options(asked: _Asked, model: Tensor) -> _Options:
    return {"dtype": model.dtype, "device": model.device, "requires_grad": asked.grad}


def _like(asked: _Asked) -> Sequence[int] | None:
    """Strides are kept where there are no gaps; where there are, the versions' texts differ."""
    return asked.strides if asked.step == 1 else None


FACTORIES: Mapping[str, _Make] = {
    "torch.empty": lambda a, m: (torch.empty(a.shape, **_options(a, m)), a.adjacent),
    "torch.empty_like": lambda a, m: (torch.empty_like(m, requires_grad=a.grad), _like(a)),
    "Tensor.new_empty": lambda a, m: (m.new_empty(a.shape, requires_grad=a.grad), a.adjacent),
    "torch.empty_strided": lambda a, m: (
        torch.empty_strided(a.shape, a.strides, **_options(a, m)),
        a.strides,
    ),
    "torch.full": lambda a, m: (torch.full(a.shape, a.value, **_options(a, m)), a.adjacent),
    "torch.full_like": lambda a, m: (
        torch.full_like(m, a.value, requires_grad=a.grad),
        _like(a),
    ),
}
"""Makes a tensor, and says what its strides must be, where that is documented."""


def _factory(name: str, cell: Cell) -> _Make:
    """The factory, without a word on strides where the backend has none."""
    make = FACTORIES[name]
    if "strides" in cell.backend.lacks:
        return lambda asked, model: (make(asked, model)[0], None)
    return make


def _unlike(factory: _Make, device: torch.device, asked: _Asked) -> list[str]:
    """Which facts are not those asked for."""
    model = asked.model(device)
    made, strides = factory(asked, model)
    facts = {
        "shape": tuple(made.shape) == asked.shape,
        "dtype": made.dtype is model.dtype,
        "device": made.device == model.device,
        "layout": made.layout is torch.strided,
        "requires_grad": made.requires_grad == asked.grad and made.is_leaf,
        "strides": strides is None or _visible(made, made.stride()) == _visible(made, strides),
        "memory": not _shared(made, model),
    }
    return [name for name, agrees in facts.items() if not agrees]


def _visible(tensor: Tensor, strides: Sequence[int]) -> list[int]:
    """Strides that lead somewhere: along an axis of one entry, or of none, no step is taken."""
    steps = [step for step, size in zip(strides, tensor.shape, strict=False) if size > 1]
    return steps if tensor.numel() else []


def _shared(made: Tensor, model: Tensor) -> bool:
    """Whether what is written to one, after all other facts, shows in the other, which is zero."""
    made.detach().fill_(1)
    return bool(model.cpu().any())


def _moved(factory: _Make, device: torch.device, asked: _Asked) -> list[str]:
    before = torch_api.streams(device)
    factory(asked, asked.model(device))
    after = torch_api.streams(device)
    same = all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    return [] if same else ["a global stream"]


def _off(factory: _Make, device: torch.device, asked: _Asked) -> list[str]:
    made, _ = factory(asked, asked.model(device))
    wrong = int((made.cpu() != asked.value).sum())
    return [f"{wrong} of {made.numel()}"] if wrong else []


def _not_filled(factory: _Make, device: torch.device, asked: _Asked) -> list[str]:
    """Documented: deterministic algorithms fill new memory with NaN or the largest number."""
    with _deterministic():
        made, _ = factory(asked, asked.model(device))
    held = made.cpu()
    if asked.dtype in _FLOATS:
        wrong = int((~held.isnan()).sum())
    else:
        wrong = int((held != torch.iinfo(made.dtype).max).sum())
    return [f"{wrong} of {made.numel()}"] if wrong else []


@contextlib.contextmanager
def _deterministic() -> Iterator[None]:
    before = torch.are_deterministic_algorithms_enabled()
    warning = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warning)


_Wrong = Callable[[_Make, torch.device, _Asked], list[str]]


@dataclass(frozen=True)
class _Question(Wording):
    """What is asked of a factory.

    Attributes
    ----------
    wrong : callable
        What is wrong with what it makes, in texts.
    """

    wrong: _Wrong


_QUESTIONS: Mapping[str, _Question] = {
    "not-as-asked": _Question("what is not as asked", _unlike),
    "moved-streams": _Question("streams that move", _moved),
    "other-values": _Question("entries that are not the value", _off),
    "left-as-found": _Question("memory that is left as it was found", _not_filled),
}

_FILLED = "torch.utils.deterministic.fill_uninitialized_memory"

PROMISE = Promise(
    name="empty",
    check="empty",
    questions=_QUESTIONS,
    words="shape, strides, dtype, device and requires_grad as asked for, in memory of its "
    "own; no stream moves; deterministic algorithms leave no memory as it was found",
    formula="w = value, where there is one",
    source=f"PyTorch documentation, {_FILLED}",
    subjects=("torch.full",),
    dtypes=("float32",),
)


def _smallest(ask: Callable[[_Asked], list[str]], cell: Cell, run: Run, *names: str) -> list[str]:
    """What is wrong with the smallest case, if anything."""

    def wrong(asked: _Asked) -> list[str]:
        found = ask(asked)
        return [*found, Example(asked)] if found else []

    seed, examples = derive(run.seed, *names), run.profile.initializer.examples
    return smallest_failure(_asked(cell), wrong, seed=seed, examples=examples)


def _comparisons(name: str, cell: Cell, run: Run) -> Iterator[Comparison]:
    device = cell.backend.device(run.worker)
    other = "left-as-found" if "full" in name else "other-values"
    for id, question in _QUESTIONS.items():
        if id != other:
            ask = partial(question.wrong, _factory(name, cell), device)
            smallest = partial(_smallest, ask, cell, run, name, question.words)
            yield Comparison(question.words, smallest, [], question=id)


def verify_empty(factory: str, cell: Cell, run: Run) -> Outcome:
    """Ask each question about shapes, strides and dtypes of every kind, drawn afresh for each."""
    comparisons = [*_comparisons(factory, cell, run)]
    calls = {each.call for each in comparisons}

    def here(defects: Iterable[KnownDefect]) -> tuple[KnownDefect, ...]:
        """Those of what is asked of this factory."""
        return tuple(defect for defect in defects if calls.issuperset(defect.calls))

    asked = replace(
        PROMISE.asked_of(cell),
        subject=factory,
        dtype="any",
        source=f"PyTorch documentation, {factory}, {_FILLED}",
    )
    known, elsewhere = here(PROMISE.known_in(cell)), here(PROMISE.known_elsewhere(cell))
    return compare(asked, comparisons, PROMISE.check, known, elsewhere)
