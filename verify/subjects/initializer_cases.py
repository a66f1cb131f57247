"""Calls of the initializers: what can be drawn of each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

import strategies
from strategies import Interval, Nonlinearity, NormalParameters, Truncation
from verify import laws
from verify.subjects.case import TensorCase


@dataclass(frozen=True)
class UniformCase(TensorCase):
    """A call of ``uniform_``."""

    interval: Interval

    def features(self) -> Mapping[str, float]:
        """Besides the base: the width, relative to the bound farther from zero."""
        low, high = self.interval.low, self.interval.high
        return {**super().features(), "relative_width": (high - low) / max(abs(low), abs(high))}


@dataclass(frozen=True)
class NormalCase(TensorCase):
    """A call of ``normal_``."""

    normal: NormalParameters

    def features(self) -> Mapping[str, float]:
        """Besides the base: the distance of the mean from zero."""
        return {**super().features(), "distance": abs(self.normal.mean)}


@dataclass(frozen=True)
class TruncatedCase(TensorCase):
    """A call of ``trunc_normal_``."""

    window: Truncation

    @property
    def law(self) -> laws.TruncatedNormal:
        """The normal conditioned on the window."""
        window = self.window
        return laws.TruncatedNormal(window.mean, window.std, window.a, window.b)

    def features(self) -> Mapping[str, float]:
        """Besides the base: the window's mass, log density at its far end, width and reach.

        Width and reach (the bound farther from the mean) are in standard deviations. The edge
        density, at a bound and relative to it, says what a lattice step there holds.
        """
        window = self.window
        return {
            **super().features(),
            "window_mass": self.law.mass,
            "log_edge_ratio": self.law.log_edge_ratio,
            "window_width": (window.b - window.a) / window.std,
            "window_reach": max(window.mean - window.a, window.b - window.mean) / window.std,
            "edge_density": max(map(self._density, (window.a, window.b))),
        }

    def _density(self, bound: float) -> float:
        """The density at a bound, relative to its distance from zero."""
        if math.isinf(bound):
            return 0.0
        z, scale = (bound - self.window.mean) / self.window.std, math.sqrt(2 * math.pi)
        outside = self.window.std * max(self.law.mass, math.ulp(0.0))
        return abs(bound) / outside * math.exp(-(z**2) / 2) / scale


@dataclass(frozen=True)
class ConstantCase(TensorCase):
    """A call of ``constant_``."""

    value: float


@dataclass(frozen=True)
class GainCase(TensorCase):
    """A call of ``xavier_uniform_``, ``xavier_normal_`` or ``orthogonal_``."""

    gain: float

    @property
    def xavier_std(self) -> float:
        """``gain · sqrt(2 / (fan_in + fan_out))``."""
        return self.gain * math.sqrt(2 / sum(laws.fan_in_and_fan_out(self.shape)))

    def features(self) -> Mapping[str, float]:
        """Besides the base: the sum of both fans."""
        return {**super().features(), "fan_sum": sum(laws.fan_in_and_fan_out(self.shape))}


@dataclass(frozen=True)
class KaimingCase(TensorCase):
    """A call of ``kaiming_uniform_`` or ``kaiming_normal_``."""

    mode: str
    nonlinearity: Nonlinearity

    @property
    def std(self) -> float:
        """``gain / sqrt(fan)``."""
        # Without a slope the rectifier is plain: here the default of `a` is 0.
        gain = laws.gain(self.nonlinearity.name, self.nonlinearity.param or 0.0)
        return gain / math.sqrt(laws.fan(self.shape, self.mode))


@dataclass(frozen=True)
class DiracCase(TensorCase):
    """A call of ``dirac_``."""

    groups: int


@dataclass(frozen=True)
class SparseCase(TensorCase):
    """A call of ``sparse_``."""

    sparsity: float
    std: float


def kaiming_arguments(case: KaimingCase) -> dict[str, object]:
    """The mode and the nonlinearity, with its slope where it has one."""
    slope = {} if case.nonlinearity.param is None else {"a": case.nonlinearity.param}
    return {**slope, "mode": case.mode, "nonlinearity": case.nonlinearity.name}


@strategies.composite
def _weights(draw: st.DrawFn, max_numel: int) -> tuple[int, ...]:
    """Shapes that have fans: realistic weights, and some of any other shape."""
    if draw(st.integers(0, 3)):
        return draw(strategies.fan_shapes(max_numel=max_numel))
    return draw(strategies.shapes(min_dims=2, max_numel=max_numel))


@strategies.composite
def dirac_cases(draw: st.DrawFn, max_numel: int) -> DiracCase:
    """Kernels whose output channels their groups divide."""
    drawn = draw(strategies.dirac_shapes(max_numel=max_numel))
    return DiracCase(drawn.shape, drawn.groups)


@strategies.composite
def columns(draw: st.DrawFn, max_numel: int) -> tuple[int, ...]:
    """Matrices of at most 512 columns: each costs a permutation."""
    rows, columns = draw(strategies.matrices(max_numel=max_numel))
    return rows, min(columns, 512)


def kaiming_cases(max_numel: int) -> st.SearchStrategy[KaimingCase]:
    """Weights with either fan and any nonlinearity."""
    return st.builds(
        KaimingCase,
        shape=_weights(max_numel),
        mode=strategies.fan_modes(),
        nonlinearity=strategies.nonlinearities(),
    )


def gain_cases(max_numel: int) -> st.SearchStrategy[GainCase]:
    """Weights with any gain."""
    return st.builds(GainCase, shape=_weights(max_numel), gain=strategies.gains())


def gain_arguments(case: GainCase) -> dict[str, object]:
    """The gain."""
    return {"gain": case.gain}


def truncation_effort(case: TruncatedCase) -> float:
    """Uniform proposals per accepted value: the worst that rejection may cost."""
    width = min(case.window.b - case.window.a, 40 * case.window.std)
    return 8 * max(1.0, width / case.law.scale)
