"""How a tensor differs between two sketches, in a sentence."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from initlaws.comparisons.sketches import TensorSketch
from initlaws.comparisons.summaries import edges
from initlaws.comparisons.two_samples import detectable_shift, rank_sums
from verify.checks.bounds import ALPHA

Floats = npt.NDArray[np.float64]

SCALE = "standard deviation"

_ROUNDINGS = 64
"""By how many roundings a summary may move, and be the same: algorithms of one law do that."""

_SINGLE = float(torch.finfo(torch.float32).eps)

_PURE = ("kurtosis", "skewness", "correlation", "likeness")
"""Summaries without a unit, by how they begin."""


@dataclass(frozen=True)
class Row:
    """A tensor of two models.

    Attributes
    ----------
    name : str
    shape : tuple of int
    is_random : bool
        Whether it differs between builds of either.
    std, other_std : float
        Median over the builds.
    wrong : str
        The worst difference in a sentence; empty if there is none.
    worst : str
        What the worst difference is of, in words.
    p_value : float
        The smallest of its decisions; 0 or 1 where nothing is random.
    decisions : int
        Made at the level 10⁻¹² each.
    seen_from : float
        The ratio of standard deviations that would have been seen with probability 0.999.
    """

    name: str
    shape: tuple[int, ...]
    is_random: bool
    std: float
    other_std: float
    wrong: str
    worst: str
    p_value: float
    decisions: int
    seen_from: float


def row(one: TensorSketch, other: TensorSketch, seed: int) -> Row:
    """Compare a tensor of two models, of one shape and dtype.

    Parameters
    ----------
    one, other : TensorSketch
    seed : int
        What breaks ties between ranks.
    """
    if one.digest and other.digest:
        return _exact(one, other)
    labels, values, others = _statistics(one, other)
    p = rank_sums(values, others, seed) if labels else np.ones(1)
    worst = int(p.argmin())
    sentence = ""
    if p[worst] <= ALPHA:
        ends = (float(np.median(of[:, worst])) for of in (values, others))
        sentence = f"{_said(labels[worst], *ends)} (p = {p[worst]:.1g})"
    return Row(
        name=one.name,
        shape=one.shape,
        is_random=True,
        std=one.typical(SCALE),
        other_std=other.typical(SCALE),
        wrong=sentence,
        worst=labels[worst] if labels else "",
        p_value=float(p[worst]),
        decisions=len(labels),
        seen_from=_seen_from(one, other),
    )


def _exact(one: TensorSketch, other: TensorSketch) -> Row:
    """Compare a tensor that is the same in all builds of each."""
    wrong = ""
    if one.digest != other.digest:
        changed = (
            _said(label, one.typical(label), other.typical(label))
            for label in one.labels
            if label in other.labels and one.typical(label) != other.typical(label)
        )
        begin = f"begins with {one.begins} in one and with {other.begins} in the other"
        how = begin if one.begins != other.begins else next(changed, "in some bits")
        wrong = f"the values, which no seed changes, differ: {how}"
    return Row(
        name=one.name,
        shape=one.shape,
        is_random=False,
        std=one.typical(SCALE),
        other_std=other.typical(SCALE),
        wrong=wrong,
        worst="values",
        p_value=float(not wrong),
        decisions=0,
        seen_from=1.0,
    )


def _statistics(one: TensorSketch, other: TensorSketch) -> tuple[list[str], Floats, Floats]:
    """The summaries that move by more than rounding, the shares, and the shares summed up."""
    common = [label for label in one.labels if label in other.labels]
    columns = [
        np.stack([t.summaries[:, t.labels.index(label)] for label in common], axis=1)
        for t in (one, other)
    ]
    both = np.concatenate(columns)
    units = np.array([_unit(label, one, other) for label in common])
    allowed = _tolerance(one.dtype) * np.maximum(np.abs(both).max(axis=0), units)
    below = [np.cumsum(t.shares, axis=1)[:, :-1] for t in (one, other)]
    names = [*common, *_bin_names()]
    values, others = (
        np.concatenate([column, t.shares, sums], axis=1)
        for column, t, sums in zip(columns, (one, other), below, strict=True)
    )
    # The last sums may differ from 1, or from each other, by the roundings of an addition.
    moves = np.ptp(np.concatenate([values, others]), axis=0)
    keep = moves > np.concatenate([allowed, np.full(len(names) - len(common), _SINGLE**2)])
    return [n for n, k in zip(names, keep, strict=True) if k], values[:, keep], others[:, keep]


def _unit(label: str, one: TensorSketch, other: TensorSketch) -> float:
    """What the roundings of a summary are relative to, beside itself."""
    if label.startswith("share"):
        return 0.0
    if label.startswith(_PURE):
        return 1.0
    ends = [of.typical(end) for of in (one, other) for end in ("smallest value", "largest value")]
    return max(map(abs, ends))


def _tolerance(dtype: str) -> float:
    """Relative: of doubles their own roundings, of all others those of single precision."""
    return _ROUNDINGS * (torch.finfo(torch.float64).eps if _is_double(dtype) else _SINGLE)


def _is_double(dtype: str) -> bool:
    return dtype in ("float64", "complex128")


def _bin_names() -> Iterator[str]:
    ends = [f"{edge:.4g}" for edge in edges()]
    # The middle bin ends at two edges around zero, and holds nothing but zeros.
    yield f"share of values below {ends[0]}"
    yield from (f"share of values from {a} to {b}" for a, b in itertools.pairwise(ends))
    yield f"share of values above {ends[-1]}"
    yield from (f"share of values up to {end}" for end in ends)


def _said(label: str, one: float, other: float) -> str:
    """Two values of a summary, and their ratio where it says something."""
    sentence = f"the {label} is {one:.4g} in one and {other:.4g} in the other"
    small, large = sorted((abs(one), abs(other)))
    return f"{sentence}: {large / small:.4g} times" if small and one * other > 0 else sentence


def _seen_from(one: TensorSketch, other: TensorSketch) -> float:
    """The ratio of standard deviations that the rank sum finds with probability 0.999.

    Between builds the logarithm of the standard deviation is taken for normal, of the variance
    that both samples have about their own means: the shift of `detectable_shift` in its units.
    """
    if SCALE not in one.labels or SCALE not in other.labels:
        return float("nan")
    samples = [t.summaries[:, t.labels.index(SCALE)] for t in (one, other)]
    if min(s.min() for s in samples) <= 0:
        return float("nan")
    logs = [np.log(s) for s in samples]
    freedom = sum(len(log) - 1 for log in logs)
    spread = np.sqrt(sum(float(np.square(log - log.mean()).sum()) for log in logs) / freedom)
    spread = max(float(spread), _tolerance(one.dtype))
    return float(np.exp(spread * detectable_shift(*map(len, logs))))
