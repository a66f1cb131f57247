"""Gradients as slopes of polynomials in whole numbers: exact, and without any gradient.

Sums and products of whole numbers below 2⁵³ are exact in float64, in any order and however they are
fused. An algorithm that passes through fractions, like Winograd's convolution, comes so near them
that they are known from it too: what a kernel makes is moved to a whole number beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import prod

import torch
from torch import Tensor, nn

from verify.behaviour.promise import Trial
from verify.behaviour.tied.reference import groups, inputs, tied


def slope_at_zero(values: Mapping[int, float]) -> Fraction:
    """The slope at 0 of the polynomial that takes these values at these whole numbers.

    It is that of Lagrange's formula, term by term, and exact where the values are.

    Parameters
    ----------
    values : mapping
        As many as the polynomial has coefficients, or more.
    """
    return sum(
        (Fraction(value) * _weight(at, [*values]) for at, value in values.items()), Fraction()
    )


def _weight(at: int, points: list[int]) -> Fraction:
    """The slope at 0 of the polynomial that is 1 at one point and 0 at the others."""
    others = [point for point in points if point != at]
    terms = [prod(-point for point in others if point != left) for left in others]
    return Fraction(sum(terms), prod(at - point for point in others))


_BESIDE = 2.0**-10
"""Far above the rounding of numbers below 2⁴⁰; numbers farther off stay, and are wrong."""


def _settled(made: Tensor) -> Tensor:
    """Numbers that are all but whole, as whole ones, on the host."""
    made = made.detach().cpu()
    whole = made.round()
    return torch.where((made - whole).abs() < _BESIDE, whole, made)


def _whole(trial: Trial, like: Tensor, of: str) -> Tensor:
    """Numbers −1, 0 and 1."""
    return trial.normals(*like.shape, of=of).round().clamp(-1, 1)


def off_exact_slope(trial: Trial) -> list[str]:
    """The slope along a direction, of a polynomial in whole numbers: exact on either side."""
    network = tied(trial)
    network.activation = nn.Identity()
    parameters = dict(network.named_parameters())
    start = {name: _whole(trial, p, name) for name, p in parameters.items()}
    along = {first: _whole(trial, start[first], f"along {first}") for first, *_ in groups(trial)}
    given = inputs(trial) if trial.network.looks_up else _whole(trial, inputs(trial), "given")
    weights = _whole(trial, network(given), "weights")

    def weighted(at: int) -> Tensor:
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                parameter.copy_(start[name] + at * along[name] if name in along else start[name])
        output: Tensor = network(given)
        return output * weights

    below = trial.arguments.places // 2
    steps = range(-below, trial.arguments.places + 1 - below)
    slope = slope_at_zero({at: float(_settled(weighted(at)).sum()) for at in steps})
    torch.autograd.backward(weighted(0).sum())
    gradients = {name: network.get_parameter(name).grad for name in along}
    found = sum(
        float((_settled(gradient) * along[name].cpu()).sum())
        for name, gradient in gradients.items()
        if gradient is not None
    )
    return [] if found == slope else [f"{found} along a direction of slope {slope}"]


def is_polynomial(trial: Trial) -> bool:
    """Whether the network is one, and its whole numbers have room."""
    return trial.network.polynomial and trial.dtype == torch.float64
