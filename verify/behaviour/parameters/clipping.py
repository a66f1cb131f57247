"""Gradients that are clipped: by one factor for all of them, or entry by entry.

The gradients are ±1 and ±2, so the sum of their squares is exact in whatever order it is made;
what is left are the roundings of a few roots, powers and products, and of the sum over the tensors.
A cube may be off by some last places in a vectorised library, and a sum of such is rounded once for
each entry (Higham 2002, sec. 4.2). An entry within its limit is multiplied by 1 or left alone, and
one beyond its largest value becomes that value: there nothing is rounded.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import nn

from verify.behaviour.parameters.access import refuses
from verify.behaviour.parameters.gradients import SPACER, Learner, norm
from verify.behaviour.promise import Trial
from verify.behaviour.rounding import gamma
from verify.behaviour.tensors import bits, doubled, identical, off
from verify.subjects.refusals.refusal import REFUSED

_ORDERS = (2.0, 3.0, math.inf)
_PATHS = (None, False)
"""Of `foreach`: the default, and the plain loop."""

_ROUNDINGS = 32
"""Roundings of roots, powers and products, generously counted."""

_VALUE = 1.5


def off_the_limit(trial: Trial) -> list[str]:
    """Above the limit all gradients are multiplied by limit / (norm + 10⁻⁶); the norm is told."""
    learner, found = Learner.of(trial), list[str]()
    before = learner.joined()
    for order in _ORDERS:
        inexact = before.numel() if order == 3 else 0
        slack = gamma(2 * (len(learner.gradients) + _ROUNDINGS) + inexact, trial.dtype)
        whole = norm(before, order)
        expected = doubled(before) * (whole / 2 / (whole + SPACER))
        exact = torch.tensor(whole, dtype=torch.float64)
        for foreach in _PATHS:
            told = nn.utils.clip_grad_norm_(learner.given(), whole / 2, order, foreach=foreach)
            label = f"{order:g}, foreach={foreach}"
            found += off(f"the norm for p = {label}", told, exact, slack * whole)
            found += off(
                f"gradients for p = {label}", learner.left(), expected, slack * expected.abs()
            )
    return found


def clipped_below(trial: Trial) -> list[str]:
    """Gradients within the limit stay as they are; parameters without a gradient add nothing."""
    learner, found = Learner.of(trial), list[str]()
    before, idle = learner.joined(), nn.Parameter(trial.normals(2, of="idle"))
    for order in _ORDERS:
        limit = 1.125 * norm(before, order)
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
    learner, found = Learner.of(trial), list[str]()
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
    learner, found = Learner.of(trial), list[str]()
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
