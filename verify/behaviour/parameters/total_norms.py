"""Norms of all gradients as one vector, and gradients multiplied by what follows from them.

Asked of gradients of half precision, of the dtype of the cell, and of a mixture. Both functions are
documented by a formula: the norm is that of the gradients "as if concatenated into a single
vector", whatever its order, and gradients become grad · min(limit / (norm + 10⁻⁶), 1).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from verify.behaviour.parameters.access import refuses
from verify.behaviour.parameters.gradients import SPACER, Learner, mixtures, norm, once, paths
from verify.behaviour.promise import Question, Trial
from verify.behaviour.rounding import gamma
from verify.behaviour.tensors import doubled, identical, off
from verify.subjects.refusals.refusal import REFUSED

_ORDERS: tuple[tuple[Any, float], ...] = (
    *((order, order) for order in (0.5, 1.0, 2.0, 3.0, math.inf)),
    ("inf", math.inf),
)
"""Orders as they are handed over, and what they are: infinity has a documented name, too."""

_LARGE = 30_000.0
"""Of the gradients in float16 that, eight of them, have a norm beyond its largest number."""


def _wrong_total(label: str, told: object, whole: float, slack: float) -> list[str]:
    """A norm is one number, and no part of what autograd records."""
    if not isinstance(told, Tensor) or told.dim() or told.requires_grad:
        return [f"{label} is no tensor of one number"]
    return off(label, told, torch.tensor(whole, dtype=torch.float64), slack * whole)


def _asked(trial: Trial) -> Iterator[tuple[str, Learner, Any, float, bool | None]]:
    """Every mixture with every order and every path."""
    for name, learner in mixtures(trial).items():
        for given, order in _ORDERS:
            for foreach in paths(trial):
                yield f"{name}, p = {given}, foreach={foreach}", learner, given, order, foreach


def off_the_whole(trial: Trial) -> list[str]:
    """`get_total_norm` of tensors of any dtypes."""
    found = list[str]()
    for label, learner, given, order, foreach in _asked(trial):
        told = nn.utils.get_total_norm(learner.gradients, given, foreach=foreach)
        whole = norm(learner.joined(), order)
        found += _wrong_total(f"of {label}", told, whole, learner.slack(order))
    return found


def off_the_factor(trial: Trial) -> list[str]:
    """`clip_grad_norm_` of any dtypes: it tells the norm of before, and halves it."""
    found = list[str]()
    for label, learner, given, order, foreach in _asked(trial):
        before, slack = doubled(learner.joined()), learner.slack(order)
        whole = norm(before, order)
        expected = before * (whole / 2 / (whole + SPACER))
        told = nn.utils.clip_grad_norm_(learner.given(), whole / 2, given, foreach=foreach)
        found += _wrong_total(f"the norm of {label}", told, whole, slack)
        found += off(f"gradients of {label}", learner.left(), expected, slack * expected.abs())
    return found


_FACTORS = ((1.0, 4.0), (3.0, 4.0), (0.0, 4.0), (1.0, math.inf), (4.0, 1.0), (1.0, 0.25))
"""Limits, and norms that are handed over: they decide, not the gradients' own."""


def off_the_norm_given(trial: Trial) -> list[str]:
    """`clip_grads_with_norm_` by the norm that it is given, and never by more than 1."""
    found = list[str]()
    for name, learner in mixtures(trial).items():
        before, slack = learner.joined(), learner.slack(1.0)
        for limit, whole in _FACTORS:
            total = torch.tensor(whole, dtype=trial.dtype, device=trial.device)
            expected = doubled(before) * min(limit / (whole + SPACER), 1.0)
            for foreach in paths(trial):
                nn.utils.clip_grads_with_norm_(learner.given(), limit, total, foreach=foreach)
                label = f"{name}, limit {limit:g}, norm {whole:g}, foreach={foreach}"
                left = learner.left()
                if whole >= limit:
                    found += off(label, left, expected, slack * expected.abs())
                else:
                    found += [] if identical(left, before) else [label]
    return found


def nonfinite_taken(trial: Trial) -> list[str]:
    """`get_total_norm` raises an error where it is asked to, and tells what it found elsewhere."""
    found = list[str]()
    for name, learner in mixtures(trial).items():
        for value in (math.nan, math.inf, -math.inf):
            wild = (*learner.gradients[:-1], torch.full_like(learner.gradients[-1], value))
            for foreach in paths(trial):
                label = f"{value} in {name} with foreach={foreach}"
                call = partial(nn.utils.get_total_norm, wild, foreach=foreach)
                if not refuses(partial(call, error_if_nonfinite=True), REFUSED):
                    found.append(f"{label} is taken")
                if bool(call().isfinite()):
                    found.append(f"{label} is told to be finite")
    return found


def off_the_count(trial: Trial) -> list[str]:
    """The norm of order 0 is how many entries of the vector are not 0 (`torch.linalg`)."""
    gradients = (trial.normals(3, of="3").abs() + 1, trial.normals(4, of="4").abs() + 1)
    found = list[str]()
    for foreach in paths(trial):
        told = nn.utils.get_total_norm(gradients, 0.0, foreach=foreach)
        found += _wrong_total(f"with foreach={foreach}", told, 7.0, gamma(8, trial.dtype))
    return found


def _zeroed(trial: Trial, gradient: Tensor) -> list[str]:
    """Paths on which gradients that are finite are clipped to nothing."""
    found, parameter = list[str](), nn.Parameter(torch.zeros_like(gradient))
    for foreach in paths(trial):
        parameter.grad = gradient.clone()
        nn.utils.clip_grad_norm_(parameter, 1.0, foreach=foreach)
        if not bool(parameter.grad.count_nonzero()):
            found.append(f"all with foreach={foreach}")
    return found


def lost_in_half_precision(trial: Trial) -> list[str]:
    """The norm of eight gradients in float16 may be larger than any number of that dtype."""
    return _zeroed(trial, torch.full((8,), _LARGE, dtype=torch.float16, device=trial.device))


def lost_when_large(trial: Trial) -> list[str]:
    """The norm is well within the dtype, its square is not (Blue 1978)."""
    large = torch.finfo(trial.dtype).max ** 0.75
    return _zeroed(trial, torch.full((8,), large, dtype=trial.dtype, device=trial.device))


QUESTIONS = {
    "total-norms-off-the-whole": Question("total norms off the whole", off_the_whole, once),
    "dtypes-off-the-limit": Question(
        "gradients of other dtypes off the limit", off_the_factor, once
    ),
    "off-the-norm-given": Question("gradients off the norm given", off_the_norm_given, once),
    "nonfinite-total-norms-taken": Question(
        "total norms that are not finite and taken", nonfinite_taken, once
    ),
    "order-zero-off-the-count": Question(
        "total norms of order 0 off the count", off_the_count, once
    ),
    "lost-in-half-precision": Question(
        "gradients that a norm beyond float16 clips to nothing", lost_in_half_precision, once
    ),
    "lost-when-large": Question(
        "gradients that a large norm clips to nothing", lost_when_large, once
    ),
}
