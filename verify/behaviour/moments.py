"""Nonlinearities and their gains, by what they do to second moments."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from verify import laws
from verify.behaviour.exact import Comparison, compare
from verify.checks.finding import Effect, Finding
from verify.checks.words import WORDS
from verify.laws import propagation
from verify.outcome.outcome import Outcome
from verify.subjects.propagation import ACTIVATIONS
from verify.torch_api import calculate_gain

_DIGITS = 12
"""Decimals of a ratio that is 1, a number far from where they would be rounded otherwise.

A sum over 800 nodes, of positive numbers, is off by at most γ₈₀₀ = 9e-14 in any order (Higham 2002,
sec. 4.2), and squares of functions off by 4 last places by 2e-15: less than half of a last decimal.
"""

_KEEPING = (
    ("linear", None),
    ("relu", None),
    *(("leaky_relu", slope) for slope in (None, 0.2, 1.0, -0.5, math.sqrt(5))),
)
"""Nonlinearities whose gain keeps the second moment, on the way forward and back."""

_DEFAULT_SLOPE = 0.01


def _moment_finding(name: str) -> Finding:
    """The documented gain beside those that keep the second moment, one way and the other."""
    slope = _DEFAULT_SLOPE if name == "leaky_relu" else 0.0
    there, back = propagation.forward_gain(name, slope), propagation.backward_gain(name, slope)
    gain = calculate_gain(name)
    passed, factor = math.isclose(gain, laws.gain(name)), gain / there
    detail = f"{gain:.5g}, where {there:.5g} keeps the signal and {back:.5g} the gradient"
    effect = Effect("gain", factor, factor, factor, "× the one that keeps the signal")
    message = f"{WORDS['gain'].subject(passed)}: {detail}"
    return Finding("gain", passed, None, 1, message, effect, tensor=name)


def _gain_comparisons() -> Iterator[Comparison]:
    for name, param in _KEEPING:
        slope = _DEFAULT_SLOPE if param is None else param
        arguments: tuple[object, ...] = (name,) if param is None else (name, param)
        for moment in (propagation.second_moment, propagation.slope_moment):
            size = moment(name, param=slope)
            call = f"gain²·{moment.__name__} of {arguments}"
            yield Comparison(call, partial(_kept, size, arguments), 1.0)


def _kept(moment: float, arguments: tuple[object, ...]) -> float:
    return round(calculate_gain(*arguments) ** 2 * moment, _DIGITS)


def _function_comparisons() -> Iterator[Comparison]:
    """PyTorch's functions and derivatives have the moments of theory."""
    for name in propagation.ACTIVATIONS:
        for moment in (propagation.second_moment, propagation.slope_moment):
            yield Comparison(
                f"{moment.__name__} of torch's {name}, over that of theory",
                partial(_measured, name, moment),
                1.0,
            )


def _measured(name: str, moment: Callable[..., float]) -> float:
    """A moment of PyTorch's function, as a share of that of theory."""
    nodes = torch.tensor(propagation.NODES, requires_grad=True)
    values = ACTIVATIONS[name](nodes, 0.2)
    if moment is propagation.slope_moment:
        (values,) = torch.autograd.grad(values.sum(), nodes)
    weights = torch.tensor(propagation.WEIGHTS)
    measured = float(weights @ values.detach().square())
    return round(measured / moment(name, param=0.2), _DIGITS)


def _derivative_comparisons() -> Iterator[Comparison]:
    """σ′ = σ(1−σ) and tanh′ = 1−tanh², to the rounding of what they are computed from."""
    rules: dict[str, Callable[[Tensor], Tensor]] = {
        "sigmoid": lambda value: value * (1 - value),
        "tanh": lambda value: 1 - value**2,
    }
    for name, rule in rules.items():
        yield Comparison(f"{name}′ by its rule", partial(_off_rule, name, rule), 0)


def _off_rule(name: str, rule: Callable[[Tensor], Tensor]) -> int:
    """Points at which the derivative is off by more than roundings of numbers up to 1.

    Two values, that of the rule and that of the derivative, may each be off by 4 last places
    (oneMKL Vector Mathematics, “Accuracy modes”; 1 in SLEEF), and 1 − t² doubles an error.
    """
    nodes = torch.tensor(propagation.NODES, requires_grad=True)
    values = ACTIVATIONS[name](nodes, 0.0)
    (slopes,) = torch.autograd.grad(values.sum(), nodes)
    error = (slopes - rule(values.detach())).abs()
    return int((~(error <= 16 * torch.finfo(torch.float64).eps)).sum())


def verify_moments(host: str) -> Outcome:
    """Compare what PyTorch's nonlinearities and gains do to second moments, by quadrature."""
    asked = Outcome(
        promise="propagation",
        subject=host,
        backend="host",
        dtype="float64",
        words="the gains of the rectifiers keep the second moment of the signal and of the "
        "gradient; 5/3 for tanh, 3/4 for selu (kept by gain 1) and 1 for sigmoid do not",
        formula="gain²·E f(Z)² = 1, gain²·E f′(Z)² = 1",
        source="He et al. 2015, sec. 2.2; Klambauer et al. 2017, eq. 14",
    )
    outcome = compare(
        asked, [*_gain_comparisons(), *_function_comparisons(), *_derivative_comparisons()]
    )
    shown = map(_moment_finding, propagation.ACTIVATIONS)
    return replace(outcome, findings=(*outcome.findings, *shown))
