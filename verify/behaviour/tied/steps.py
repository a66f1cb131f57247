"""What optimizers make of tied networks: one step for each tensor.

That its gradient is the sum is asked elsewhere. A step is held against the gradient that the
tensor has, entry by entry, so that nothing hangs on the kernels which made it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from verify.behaviour.promise import Trial
from verify.behaviour.rounding import gamma, least
from verify.behaviour.tensors import doubled, off
from verify.behaviour.tied.reference import backward, tied, values_of

_RATE = 0.5
"""A power of two, by which a gradient is multiplied without rounding."""

_ADAM_ROUNDINGS = 16
"""Operations of Adam's first step, generously counted: moments, corrections, root and quotient."""

_ADAM_EPS = 1e-8
_DECAYS = 0.5, 0.75
"""Decay rates whose bias corrections, 1/2 and 1/4, are exact in whatever dtype they are made."""


def sgd(network: nn.Module, **options: bool) -> torch.optim.Optimizer:
    """Stochastic gradient descent without momentum."""
    return torch.optim.SGD(network.parameters(), lr=_RATE, **options)


def off_sgd(trial: Trial) -> list[str]:
    """A tensor moves once, by the sum: w ← w − rate · Σ. One rounding, however it is fused."""
    found = list[str]()
    for foreach in (False, True):
        network = tied(trial)
        before = values_of(network)
        backward(trial, network)
        sgd(network, foreach=foreach).step()
        for name, parameter in network.named_parameters():
            start, step = doubled(before[name]), _RATE * _gradient(parameter)
            slack = gamma(2, trial.dtype) * (start.abs() + step.abs()) + least(trial.dtype)
            found += off(f"{name} with foreach={foreach}", parameter, start - step, slack)
    return found


def off_adam(trial: Trial) -> list[str]:
    """Its first step is w ← w − rate · g / (|g| + ε), whatever the decay rates."""
    found = list[str]()
    for foreach in (False, True):
        network = tied(trial)
        before = values_of(network)
        backward(trial, network)
        torch.optim.Adam(
            network.parameters(), lr=_RATE, betas=_DECAYS, eps=_ADAM_EPS, foreach=foreach
        ).step()
        for name, parameter in network.named_parameters():
            gradient = _gradient(parameter)
            start = doubled(before[name])
            step = _RATE * gradient / (gradient.abs() + _ADAM_EPS)
            slack = gamma(_ADAM_ROUNDINGS, trial.dtype) * (start.abs() + _RATE)
            found += off(f"{name} with foreach={foreach}", parameter, start - step, slack)
    return found


def _gradient(parameter: Tensor) -> Tensor:
    """What an optimizer is given; nothing where there is nothing."""
    return doubled(torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)


def has_room_for_squares(trial: Trial) -> bool:
    """A quarter of a gradient's square is often 0 in float16."""
    return trial.dtype != torch.float16
