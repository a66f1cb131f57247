"""What is drawn in a forward pass, and again in the backward pass, is the same.

Source: PyTorch documentation, ``torch.utils.checkpoint``: with ``preserve_rng_state`` passes that
draw have the output of passes without checkpoints. A compiled function may compute again whatever
it likes, as long as its gradient is that of what it has returned.

Each block multiplies ones by two draws. Its gradient is the product of the same two, in every bit:
a product of two numbers does not hang on their order. It is asked in single precision: of half
precision compiled code may leave out roundings.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils import checkpoint

from verify import torch_api
from verify.behaviour.calls import alike, blank, same
from verify.behaviour.promise import Promise, Question, Trial
from verify.subjects import Operation, compiled
from verify.subjects.compiled import Way

Block = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class _Method:
    """How a pass comes to compute something again.

    Attributes
    ----------
    words : str
    wrap : callable
        Makes such a pass of a block.
    way : Way or None
        How the pass is compiled, if it is.
    within : callable
        A context of both passes.
    """

    words: str
    wrap: Callable[[Block], Block]
    way: Way | None = None
    within: Callable[[], AbstractContextManager[object]] = nullcontext


def _checked(block: Block, *, reentrant: bool = False) -> Block:
    return lambda x: checkpoint.checkpoint(
        block, x, use_reentrant=reentrant, preserve_rng_state=True
    )


def _nested(block: Block, *, reentrant: bool = False) -> Block:
    """Checkpoints in a checkpoint: what is inside is computed a third time."""
    return _checked(_checked(block, reentrant=reentrant), reentrant=reentrant)


def _budget() -> AbstractContextManager[object]:
    """No memory for activations: what can be is computed again."""
    config: Any = importlib.import_module("torch._functorch.config")
    patched: AbstractContextManager[object] = config.patch(activation_memory_budget=0.0)
    return patched


_CHECKPOINTS = (
    _Method("a reentrant checkpoint", functools.partial(_checked, reentrant=True)),
    _Method("a checkpoint", _checked),
    _Method("nested reentrant checkpoints", functools.partial(_nested, reentrant=True)),
    _Method("nested checkpoints", _nested),
)
_COMPILED = (
    _Method("inductor", lambda block: block, Way()),
    _Method("inductor, fallback", lambda block: block, Way(fallback=True)),
    _Method("inductor with a checkpoint", _checked, Way()),
    _Method("inductor, fallback, with a checkpoint", _checked, Way(fallback=True)),
    _Method("aot_eager with a checkpoint", _checked, Way("aot_eager")),
)
_BUDGET = _Method("inductor", lambda block: block, Way(), _budget)


def _draw(trial: Trial) -> Callable[[], Tensor]:
    """What draws a tensor from the global stream."""
    subject = trial.cell.subject
    if isinstance(subject, Operation):
        return functools.partial(subject.call, trial.case, replace(trial.target(), generator=None))
    fill = trial.filler()

    def drawn() -> Tensor:
        tensor = blank(trial)
        fill(tensor)
        return tensor

    return drawn


def _block(trial: Trial) -> Block:
    """Multiply by two draws of the subject."""
    draw = _draw(trial)
    return lambda x: x * draw() * draw()


def _passes(method: _Method, trial: Trial) -> tuple[Tensor, Tensor, bool]:
    """Output and gradient of ones, and whether the backward pass leaves the streams alone."""
    if method.way and (reason := compiled.unusable(trial.device)):
        raise NotImplementedError(reason)
    block = method.wrap(_block(trial))
    if method.way:
        compiled.forget()
        block = method.way(block)
    x = torch.ones(trial.case.shape, dtype=trial.dtype, device=trial.device, requires_grad=True)
    with method.within():
        trial.target("forward")
        y = block(x)
        trial.target("between")
        before = torch_api.streams(trial.device)
        torch.autograd.backward(y, torch.ones_like(y))
    assert x.grad is not None
    return y.detach(), x.grad, alike(before, torch_api.streams(trial.device))


def _another(method: _Method, trial: Trial) -> list[str]:
    output, gradient, _ = _passes(method, trial)
    return [] if same(output, gradient) else ["the product of the draws"]


def _moved(method: _Method, trial: Trial) -> list[str]:
    return [] if _passes(method, trial)[2] else ["the global stream"]


def _unlike_plain(method: _Method, trial: Trial) -> list[str]:
    """From one seed, with checkpoints and without."""
    output, _, _ = _passes(method, trial)
    plain, _, _ = _passes(replace(method, wrap=lambda block: block), trial)
    return [] if same(output, plain) else ["the output"]


_ANCHOR = {"dropout": 1}
"""The first anchor is asked; of dropout, which keeps nothing in it, the second."""


def _is_asked(trial: Trial) -> bool:
    subject = trial.cell.subject
    return bool(trial.case == subject.anchors[_ANCHOR.get(subject.name, 0)])


def _asked(
    words: str, wrong: Callable[[_Method, Trial], list[str]], methods: Iterable[_Method]
) -> Question:
    """A question about each of some methods."""

    def answers(trial: Trial) -> list[str]:
        return [f"{each} under {m.words}" for m in methods for each in wrong(m, trial)]

    return Question(words, answers, _is_asked)


PROMISE = Promise(
    name="recomputation",
    check="recomputation",
    questions={
        "another": _asked("draws of the backward pass that are others", _another, _CHECKPOINTS),
        "another-compiled": _asked(
            "draws of the compiled backward pass that are others", _another, _COMPILED
        ),
        "another-budget": _asked(
            "draws of the backward pass without memory that are others", _another, [_BUDGET]
        ),
        "moved": _asked("what the backward pass moves", _moved, _CHECKPOINTS),
        "unlike-plain": _asked("what is another without checkpoints", _unlike_plain, _CHECKPOINTS),
    },
    words="what a backward pass draws again is what the forward pass drew, and the stream of "
    "whoever draws in between goes on",
    formula="∂(x·a·b)/∂x = a·b",
    source="PyTorch documentation: torch.utils.checkpoint, torch.compile",
    subjects=("normal_", "torch.rand_like", "torch.bernoulli", "dropout"),
    dtypes=("float32",),
)
