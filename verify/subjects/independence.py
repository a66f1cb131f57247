"""Pairs of draws whose products are looked at: weights with inputs, weights with weights.

Two tensors of one shape are drawn one after the other from one stream, as a model and then its
batch are, and multiplied entry by entry: each weight with an input of its own. Or one tensor is
drawn and cut into blocks as long as a lag, the first of which is multiplied with the second, the
third with the fourth, so that no value is used twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import Tensor

import strategies
from verify import laws, torch_api
from verify.subjects.case import T, TensorCase
from verify.subjects.fills import Fill, FillMethod, Target
from verify.subjects.subject import Subject
from verify.subjects.tensor_law import TensorLaw

_SHAPES = ((256, 128), (64, 32, 3, 3))
_LAGS = (1, 2, 3, 4, 8, 16, 32, 128, 256)
"""Neighbours, and what vectors and blocks of threads hold."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class PairCase(TensorCase):
    """Two draws of one shape, one after the other, each with a gain of its own."""

    first: float
    second: float


@dataclass(frozen=True)
class LagCase(TensorCase):
    """A draw whose values are paired at a distance."""

    gain: float
    lag: int


@dataclass(frozen=True)
class Factor:
    """A way to draw one of the two factors.

    Attributes
    ----------
    draw : callable
        A tensor of that shape and gain, on a target.
    law : callable
        Its law.
    effort : float
        Cost of a value relative to a plain draw.
    """

    draw: Callable[[Shape, float, Target], Tensor]
    law: Callable[[Shape, float], laws.Continuous]
    effort: float = 1.0


@dataclass(frozen=True, kw_only=True)
class IndependentPair(Subject[T]):
    """Two draws that are independent, as two rows of one tensor.

    Attributes
    ----------
    rows : callable
        Both rows for a case, on a target.
    law : callable
        The law of both rows for a case.
    pairs : callable
        How many products a case gives.
    """

    family = "independence"

    rows: Callable[[T, Target], tuple[Tensor, Tensor]]
    law: Callable[[T], laws.Independent]
    pairs: Callable[[T], int]
    formula: str = "E(XY) = 0, D(XY) = D(X)D(Y)"
    source: str = "Glorot & Bengio 2010, sec. 4.2.1; He et al. 2015, eqs. 5 to 9"
    dtypes: tuple[str, ...] = ("float32", "float64")

    def tensors(self, case: T) -> tuple[TensorLaw, ...]:
        """The two rows, nameless."""
        return (TensorLaw("", (2, self.pairs(case)), self.law(case)),)

    @property
    def fill_methods(self) -> Mapping[str, FillMethod[T]]:
        """Both draws, one after the other."""
        return {"independence": self._fill}

    def _fill(self, case: T, target: Target) -> Fill:
        return lambda: {"": torch.stack(self.rows(case, target))}


def _initializer(
    name: str,
    arguments: Callable[[float], Mapping[str, float]],
    law: Callable[[Shape, float], laws.Continuous],
    effort: float = 1.0,
) -> Factor:
    def draw(shape: Shape, gain: float, target: Target) -> Tensor:
        tensor = torch.full(shape, torch.nan, **target.factory)
        return torch_api.filler(name, arguments(gain), target.generator)(tensor)

    return Factor(draw, law, effort)


def _operation(name: str, centre: float, law: Callable[[float], laws.Continuous]) -> Factor:
    """An input: what the operation draws, less its mean, times the gain."""

    def draw(shape: Shape, gain: float, target: Target) -> Tensor:
        drawn: Tensor = getattr(torch, name)(
            shape, dtype=target.dtype, device=target.device, generator=target.generator
        )
        return (drawn - centre) * gain

    return Factor(draw, lambda _, gain: law(gain))


def _uniform(std: float) -> laws.Uniform:
    return laws.Uniform.for_variance(bound=math.sqrt(3) * std)


def _xavier(shape: Shape, gain: float) -> float:
    return gain * math.sqrt(2 / sum(laws.fan_in_and_fan_out(shape)))


def _kaiming(shape: Shape, slope: float) -> float:
    return laws.gain("leaky_relu", slope) / math.sqrt(laws.fan(shape, "fan_in"))


_FACTORS: Mapping[str, Factor] = {
    "randn": _operation("randn", 0.0, lambda gain: laws.Normal(0.0, gain)),
    "rand": _operation("rand", 0.5, lambda gain: laws.Uniform.for_variance(bound=gain / 2)),
    "normal_": _initializer(
        "normal_", lambda std: {"std": std}, lambda _, std: laws.Normal(0.0, std)
    ),
    "uniform_": _initializer(
        "uniform_",
        lambda bound: {"a": -bound, "b": bound},
        lambda _, bound: laws.Uniform.for_variance(bound=bound),
    ),
    "trunc_normal_": _initializer(
        "trunc_normal_",
        lambda std: {"std": std, "a": -2 * std, "b": 2 * std},
        lambda _, std: laws.TruncatedNormal(0.0, std, -2 * std, 2 * std),
        effort=4.0,
    ),
    "xavier_normal_": _initializer(
        "xavier_normal_",
        lambda gain: {"gain": gain},
        lambda shape, gain: laws.Normal(0.0, _xavier(shape, gain)),
    ),
    "xavier_uniform_": _initializer(
        "xavier_uniform_",
        lambda gain: {"gain": gain},
        lambda shape, gain: _uniform(_xavier(shape, gain)),
    ),
    "kaiming_normal_": _initializer(
        "kaiming_normal_",
        lambda slope: {"a": slope},
        lambda shape, slope: laws.Normal(0.0, _kaiming(shape, slope)),
    ),
    "kaiming_uniform_": _initializer(
        "kaiming_uniform_",
        lambda slope: {"a": slope},
        lambda shape, slope: _uniform(_kaiming(shape, slope)),
    ),
}
"""Draws of mean zero by name; for Kaiming's rule the number drawn is the slope of a rectifier."""


def _pair(first: str, second: str) -> IndependentPair[PairCase]:
    """Two draws, one after the other from one stream."""
    one, other = _FACTORS[first], _FACTORS[second]

    def rows(case: PairCase, target: Target) -> tuple[Tensor, Tensor]:
        drawn = one.draw(case.shape, case.first, target)
        return drawn.reshape(-1), other.draw(case.shape, case.second, target).reshape(-1)

    return IndependentPair(
        name=f"{first} then {second}",
        cases=_pairs,
        rows=rows,
        law=lambda case: laws.Independent(
            one.law(case.shape, case.first), other.law(case.shape, case.second)
        ),
        pairs=lambda case: math.prod(case.shape),
        words="what is drawn first and what is drawn next from the same stream are independent: "
        "their products average zero, and have the product of the variances",
        anchors=tuple(PairCase(shape, 1.0, 1.0) for shape in _SHAPES),
        effort=lambda _: (one.effort + other.effort) / 2,
    )


def _lagged(name: str) -> IndependentPair[LagCase]:
    """Values of one tensor, some entries apart."""
    factor = _FACTORS[name]

    def rows(case: LagCase, target: Target) -> tuple[Tensor, Tensor]:
        values = factor.draw(case.shape, case.gain, target).reshape(-1)
        blocks = values[: 2 * _lag_pairs(case)].view(-1, 2, case.lag)
        return blocks[:, 0].reshape(-1), blocks[:, 1].reshape(-1)

    def law(case: LagCase) -> laws.Independent:
        law_of_value = factor.law(case.shape, case.gain)
        return laws.Independent(law_of_value, law_of_value)

    return IndependentPair(
        name=f"{name} at a lag",
        cases=_lags,
        rows=rows,
        law=law,
        pairs=_lag_pairs,
        words="values of one tensor are independent: the products of those some entries apart "
        "average zero, and have the product of the variances",
        anchors=tuple(LagCase(shape, 1.0, lag) for shape in _SHAPES for lag in (1, shape[-1])),
        effort=lambda _: factor.effort,
    )


def _lag_pairs(case: LagCase) -> int:
    return math.prod(case.shape) // (2 * case.lag) * case.lag


def _pairs(max_numel: int) -> st.SearchStrategy[PairCase]:
    return st.builds(
        PairCase,
        shape=strategies.fan_shapes(max_numel=max_numel // 2),
        first=strategies.gains(),
        second=strategies.gains(),
    )


@strategies.composite
def _lags(draw: st.DrawFn, max_numel: int) -> LagCase:
    """Usual lags, the length of a row, half of a tensor, and any other."""
    shape = draw(strategies.fan_shapes(min_size=2, max_numel=max_numel))
    half = math.prod(shape) // 2
    usual, other = draw(st.sampled_from((*_LAGS, shape[-1], half))), draw(st.integers(1, half))
    lag = other if draw(st.integers(0, 3)) == 3 else min(usual, half)
    return LagCase(shape, draw(strategies.gains()), lag)


INDEPENDENT_PAIRS: tuple[IndependentPair, ...] = (
    _pair("kaiming_normal_", "randn"),
    _pair("xavier_uniform_", "randn"),
    _pair("kaiming_uniform_", "rand"),
    _pair("trunc_normal_", "rand"),
    _pair("kaiming_normal_", "kaiming_normal_"),
    _pair("xavier_uniform_", "xavier_uniform_"),
    _pair("trunc_normal_", "trunc_normal_"),
    _pair("xavier_normal_", "uniform_"),
    _pair("uniform_", "normal_"),
    _pair("randn", "randn"),
    _pair("rand", "randn"),
    _lagged("kaiming_normal_"),
    _lagged("xavier_uniform_"),
    _lagged("trunc_normal_"),
    _lagged("randn"),
)
"""Weights with inputs, weights with weights, inputs with each other, and values of one tensor."""
