"""What optimizers make of tied networks: one step for each tensor."""

from __future__ import annotations

import torch
from torch import nn

from verify.conduct import Trial, off
from verify.tied.reference import backward, gamma, least, sums, tied, values_of

_RATE = 0.5
"""A power of two, by which a gradient is multiplied without rounding."""

_ADAM_ROUNDINGS = 16
"""Operations of Adam's first step, generously counted: moments, corrections, root and quotient."""

_ADAM_EPS = 1e-8


def sgd(network: nn.Module, **options: bool) -> torch.optim.Optimizer:
    """Stochastic gradient descent without momentum."""
    return torch.optim.SGD(network.parameters(), lr=_RATE, **options)


def off_sgd(trial: Trial) -> list[str]:
    """A tensor moves once, by the sum: w ← w − rate · Σ."""
    expected, found = sums(trial), list[str]()
    for foreach in (False, True):
        network = tied(trial)
        before = values_of(network)
        backward(trial, network)
        sgd(network, foreach=foreach).step()
        for name, parameter in network.named_parameters():
            start, step = before[name].double(), _RATE * expected[name].value
            rounding = gamma(2, trial.dtype) * (start.abs() + step.abs()) + least(trial.dtype)
            slack = rounding + 2 * _RATE * expected[name].slack
            found += off(f"{name} with foreach={foreach}", parameter, start - step, slack)
    return found


def off_adam(trial: Trial) -> list[str]:
    """Its first step is w ← w − rate · g / (|g| + ε), whatever the decay rates."""
    found = list[str]()
    for foreach in (False, True):
        network = tied(trial)
        before = values_of(network)
        backward(trial, network)
        torch.optim.Adam(network.parameters(), lr=_RATE, eps=_ADAM_EPS, foreach=foreach).step()
        for name, parameter in network.named_parameters():
            gradient = torch.zeros(()) if parameter.grad is None else parameter.grad.double()
            start = before[name].double()
            step = _RATE * gradient / (gradient.abs() + _ADAM_EPS)
            slack = gamma(_ADAM_ROUNDINGS, trial.dtype) * (start.abs() + _RATE)
            found += off(f"{name} with foreach={foreach}", parameter, start - step, slack)
    return found


def has_room_for_squares(trial: Trial) -> bool:
    """A thousandth of a gradient's square is often 0 in float16."""
    return trial.dtype != torch.float16
