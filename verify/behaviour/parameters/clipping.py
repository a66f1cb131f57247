"""Gradients that are clipped: by one factor for all of them, or entry by entry.

The gradients are ±1 and ±2, so the sum of their squares is exact in whatever order it is made;
what is left are the roundings of a few roots, powers and products, and of the sum over the tensors.
A cube may be off by some last places in a vectorised library, and a sum of such is rounded once for
each entry (Higham 2002, sec. 4.2). An entry within its limit is multiplied by 1 or left alone, and
one beyond its largest value becomes that value: there nothing is rounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from verify.behaviour.parameters.access import refuses
from verify.behaviour.parameters.networks import owned
from verify.behaviour.promise import Trial
from verify.behaviour.rounding import gamma
from verify.behaviour.tensors import bits, identical, off
from verify.subjects.refusals.refusal import REFUSED

_ORDERS = (2.0, 3.0, math.inf)
_PATHS = (None, False)
"""Of `foreach`: the default, and the plain loop."""

_ROUNDINGS = 32
"""Roundings of roots, powers and products, generously counted."""

_SPACER = 1e-6
"""What is documented to be added to the norm before the limit is divided by it."""

_VALUE = 1.5


@dataclass(frozen=True)
class _Learner:
    """Parameters of a module, and the gradients that they are given before each call."""

    parameters: tuple[Tensor, ...]
    gradients: tuple[Tensor, ...]

    @classmethod
    def of(cls, trial: Trial) -> _Learner:
        """The module of the case, with gradients of ±1 and ±2."""
        every = owned(trial, trial.build())
        drawn = [trial.normals(*p.shape, of=name) for name, p in every.items()]
        signs = (torch.where(each < 0, -1.0, 1.0).to(each) for each in drawn)
        sizes = (1 + (each.abs() > 1).to(each) for each in drawn)
        return cls(tuple(every.values()), tuple(a * b for a, b in zip(signs, sizes, strict=True)))

    def given(self) -> tuple[Tensor, ...]:
        """The parameters with their gradients anew."""
        for parameter, gradient in zip(self.parameters, self.gradients, strict=True):
            parameter.grad = gradient.clone()
        return self.parameters

    def joined(self) -> Tensor:
        """The gradients that were given, as one vector."""
        return _joined(self.gradients)

    def left(self) -> Tensor:
        """The gradients that the parameters have now, as one vector."""
        return _joined(p.grad for p in self.parameters if p.grad is not None)


def _joined(tensors: Iterable[Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])


def _norm(vector: Tensor, order: float) -> float:
    return float(torch.linalg.vector_norm(vector.double(), ord=order))


def off_the_limit(trial: Trial) -> list[str]:
    """Above the limit all gradients are multiplied by limit / (norm + 10⁻⁶); the norm is told."""
    learner, found = _Learner.of(trial), list[str]()
    before = learner.joined()
    for order in _ORDERS:
        inexact = before.numel() if order == 3 else 0
        slack = gamma(2 * (len(learner.gradients) + _ROUNDINGS) + inexact, trial.dtype)
        norm = _norm(before, order)
        expected = before.double() * (norm / 2 / (norm + _SPACER))
        for foreach in _PATHS:
            told = nn.utils.clip_grad_norm_(learner.given(), norm / 2, order, foreach=foreach)
            whole, label = torch.tensor(norm, dtype=torch.float64), f"{order:g}, foreach={foreach}"
            found += off(f"the norm for p = {label}", told, whole, slack * norm)
            found += off(
                f"gradients for p = {label}", learner.left(), expected, slack * expected.abs()
            )
    return found


def clipped_below(trial: Trial) -> list[str]:
    """Gradients within the limit stay as they are; parameters without a gradient add nothing."""
    learner, found = _Learner.of(trial), list[str]()
    before, idle = learner.joined(), nn.Parameter(trial.normals(2, of="idle"))
    for order in _ORDERS:
        limit = 1.125 * _norm(before, order)
        for foreach in _PATHS:
            given = (idle, *learner.given())
            nn.utils.clip_grad_norm_(given, limit, order, foreach=foreach)
            same = idle.grad is None and identical(before, learner.left())
            found += [] if same else [f"for p = {order:g}, foreach={foreach}"]
    return found


def not_refused(trial: Trial) -> list[str]:
    """What is not finite: an error that leaves every gradient alone, or none at all, as asked.

    Of which class is nowhere said: `clip_grad_norm_` is documented to throw "an error".
    """
    learner, found = _Learner.of(trial), list[str]()
    for value in (torch.nan, -torch.inf):
        for foreach in _PATHS:
            *_, last = parameters = learner.given()
            if last.grad is not None:
                last.grad.view(-1)[-1] = value
            before, label = bits(learner.left()), f"{value} with foreach={foreach}"
            clip = partial(nn.utils.clip_grad_norm_, parameters, 1.0, foreach=foreach)
            if not refuses(partial(clip, error_if_nonfinite=True), REFUSED):
                found.append(f"{label} is taken")
            if not before.equal(bits(learner.left())):
                found.append(f"{label} changes a gradient")
            if refuses(clip, REFUSED):
                found.append(f"{label} is refused unasked")
    return found


def off_the_value(trial: Trial) -> list[str]:
    """Each entry by itself, exactly; and of a single tensor in place of several."""
    learner, found = _Learner.of(trial), list[str]()
    before = learner.joined()
    expected = torch.where(before.abs() <= _VALUE, before, before.sign() * _VALUE)
    for foreach in _PATHS:
        nn.utils.clip_grad_value_(learner.given(), _VALUE, foreach=foreach)
        found += [] if identical(learner.left(), expected) else [f"with foreach={foreach}"]
    first, *_ = learner.given()
    nn.utils.clip_grad_value_(first, _VALUE)
    n = first.numel()
    alone = torch.cat([expected[:n], before[n:]])
    return found if identical(learner.left(), alone) else [*found, "of one tensor"]
