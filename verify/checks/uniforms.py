"""What rests on the probability-integral transforms of a sample being uniform."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from verify.checks import coincidences
from verify.checks.neighbours import neighbours
from verify.checks.regions import regions
from verify.checks.statistics import (
    BINS,
    FINE,
    CallMeans,
    Correlation,
    Deviations,
    Extremes,
    Histogram,
    NormalMoments,
    Shares,
    Statistic,
)
from verify.checks.words import EDGE, FAR
from verify.laws import Continuous, Normal, Rounded

Statistics = dict[str, Statistic]
Transform = Callable[[Tensor, Tensor], Tensor]

LAGS = (1, 40_960)
"""Flat lags at which dependence is measured tensor by tensor: neighbours, and the period of a
generator that once restarted after every 40,960 values."""

FARTHEST = 2.0**30
"""No transform is farther from its middle: a cdf that goes on as a line beyond the support takes
memory that nobody filled to where sums of squares overflow."""

_FINE_BINS = 4 * BINS  # The outermost fine bin is the tail of 2^-14; 16 bits hold its number.
_FAR_FROM = 1 << 16  # Values from which far tails are looked at.
_CHUNK = 1 << 16  # Values that the host reduces at a time: they stay in a core's cache.
_TABULATED = 1 << 17  # Values from which tabulating all that 16 bits can hold is cheaper.


def _chunks(flat: Tensor) -> Iterator[slice]:
    """The whole on a device; on the host pieces that stay in a core's cache."""
    size = _CHUNK if flat.device.type == "cpu" else flat.numel()
    return (slice(start, start + size) for start in range(0, flat.numel(), size))


def transformed(
    values: Tensor, shape: tuple[int, ...], law: Continuous, resolution: float
) -> Statistics:
    """Everything that rests on the probability-integral transforms being uniform.

    They are, to the resolution and to what their own evaluation loses: the standardised value is
    rounded three times, the function to two steps, differently from kernel to kernel.
    """
    flat, drawn = values.reshape(-1), resolution
    epsilon = torch.finfo(flat.dtype if law.is_accurate_in_float32 else torch.float64).eps
    resolution += law.resolution(epsilon, epsilon)
    centred = torch.empty(flat.numel(), dtype=torch.float64, device=flat.device)
    bins = torch.empty(flat.numel(), dtype=torch.int16, device=flat.device)
    moments: list[Tensor] = []
    for piece in _chunks(flat):
        chunk, part = flat[piece], centred[piece]
        if not law.is_accurate_in_float32:
            chunk = chunk.double()
        if isinstance(law, Normal):
            standardised = law.standardise(chunk)
            part.copy_(standardised)
            moments.append(torch.stack([part.sum(), torch.dot(part, part)]))
            # Φ(z) − ½ = ½ erf(z/√2), in fewer passes than Φ itself.
            shifted = standardised.mul_(math.sqrt(0.5)).erf_().mul_(0.5)
        else:
            shifted = law.cdf(chunk, torch.special).sub_(0.5).clamp_(-FARTHEST, FARTHEST)
        part.copy_(shifted)
        binned = shifted.mul_(_FINE_BINS).add_(_FINE_BINS / 2)
        bins[piece] = binned.clamp_(0, _FINE_BINS - 1)
    found = _transform_statistics(values, shape, centred, bins, moments, resolution)
    if flat.numel() < _FAR_FROM:
        return found
    far = flat[_outermost(bins)].double()
    below, above = law.cdf(far, torch.special), law.sf(far, torch.special)
    return found | {"far_tails": _far_tails(below, above, flat.numel(), drawn)}


def rounded(
    values: Tensor, shape: tuple[int, ...], law: Rounded, host: np.random.Generator
) -> Statistics:
    """The same for a lattice that is coarse for the law; too little may lie between its ends."""
    found: Statistics = coincidences.ends(values.reshape(-1), law)
    if law.slack > FINE:
        return found
    tabulated = values.element_size() == 2 and values.numel() >= _TABULATED
    return found | randomised(
        values,
        shape,
        _table(law, values) if tabulated else _direct(law),
        host,
        normal=isinstance(law.law, Normal),
        slack=law.slack,
    )


def _direct(law: Rounded) -> Transform:
    return lambda x, v: law.transform(x.double(), v, torch, torch.special)


def _table(law: Rounded, values: Tensor) -> Transform:
    """The transform of every value that 16 bits can hold, looked up by its bits."""
    bits = torch.arange(1 << 16, device=values.device, dtype=torch.int32).to(torch.int16)
    every = bits.view(values.dtype).double().nan_to_num(0.0, 0.0, 0.0)
    zero = torch.zeros_like(every)
    lower = law.transform(every, zero, torch, torch.special)
    width = law.transform(every, zero + 1, torch, torch.special) - lower

    def transform(x: Tensor, v: Tensor) -> Tensor:
        index = x.view(torch.int16).int() & 0xFFFF
        return lower[index] + v * width[index]

    return transform


def randomised(
    values: Tensor,
    shape: tuple[int, ...],
    transform: Transform,
    host: np.random.Generator,
    *,
    normal: bool = False,
    slack: float = 2.0**-52,
) -> Statistics:
    """The same by a randomised transform, for laws that have few values.

    Parameters
    ----------
    values, shape
        As in `reduce`.
    transform : callable
        Makes exactly uniform values out of those drawn, in double precision, and uniform ones.
    host : numpy.random.Generator
        The latter come from the host: the randomness of the code under test is on trial.
    normal : bool
        Whether the law is normal, and has a mean and a scale to be tested.
    slack : float
        How far a lawful implementation's transforms may be from uniform.
    """
    flat = values.reshape(-1)
    centred = torch.empty(flat.numel(), dtype=torch.float64, device=flat.device)
    bins = torch.empty(flat.numel(), dtype=torch.int16, device=flat.device)
    moments: list[Tensor] = []
    for piece in _chunks(flat):
        chunk, part = flat[piece], centred[piece]
        v = torch.from_numpy(host.random(chunk.numel())).to(flat.device)
        u = transform(chunk, v)
        if normal:
            z = torch.special.ndtri(u)
            moments.append(torch.stack([z.sum(), torch.dot(z, z)]))
        part.copy_(u).sub_(0.5)
        bins[piece] = u.mul_(_FINE_BINS).clamp_(0, _FINE_BINS - 1)
    lowest, highest = map(float, torch.stack(torch.aminmax(centred)).cpu())
    ends = np.array([0.5 + lowest, 0.5 - highest])
    found = _transform_statistics(values, shape, centred, bins, moments, slack)
    found["extremes"] = Extremes(flat.numel(), ends + slack, (ends - slack).clip(0), slack)
    if flat.numel() >= _FAR_FROM:
        far = centred[_outermost(bins)]
        found["far_tails"] = _far_tails(0.5 + far, 0.5 - far, flat.numel(), slack)
    return found


def _outermost(bins: Tensor) -> Tensor:
    return (bins == 0) | (bins == _FINE_BINS - 1)


def _far_tails(below: Tensor, above: Tensor, n: int, resolution: float) -> Shares:
    """How many values lie beyond each quantile: of those farther out than 2^-14, in doubles.

    Their number differs by the resolution from what the quantile says, and that of both ends by
    twice as much.
    """
    quantiles = 2.0 ** -np.array(FAR)
    levels = torch.from_numpy(quantiles).to(below.device)
    ends = torch.stack([(u[:, None] < levels).sum(0) for u in (below, above)]).cpu().numpy()
    sides = np.array([[1.0], [1.0], [2.0]])
    least, most = (n * sides * (quantiles + way * resolution) for way in (-1, 1))
    counts = np.concatenate([ends, ends.sum(0, keepdims=True)]).ravel()
    return Shares(n, counts, least.clip(0).ravel(), most.clip(max=n).ravel(), resolution)


def _transform_statistics(
    values: Tensor,
    shape: tuple[int, ...],
    centred: Tensor,
    bins: Tensor,
    moments: list[Tensor],
    resolution: float,
) -> Statistics:
    """The statistics of centred transforms, their bins, and a normal's sums."""
    fine = torch.bincount(bins, minlength=_FINE_BINS).cpu().numpy()
    found: Statistics = {
        "distribution": Histogram(fine.reshape(BINS, -1).sum(axis=1), fine[[0, -1]], resolution),
        "correlation": _correlation(centred, shape, values.shape[0]),
        "position": _positions(centred.view(values.shape), shape[-1] if shape else 1, resolution),
        **neighbours(bins),
        "call_means": _call_means(centred.view(values.shape), resolution),
    }
    if moments:
        total, squares = map(float, torch.stack(moments).sum(0).cpu())
        found["moments"] = NormalMoments(centred.numel(), total, squares, resolution)
    return found


def _call_means(centred: Tensor, resolution: float) -> CallMeans:
    calls, numel = centred.shape
    means = centred.sum(1).abs_().cpu().numpy() / math.sqrt(numel / 12)
    moved = resolution * math.sqrt(12 * numel)
    least, most = ((means + way * moved).clip(0) for way in (-1, 1))
    return CallMeans(calls, float(least @ least), float(most @ most))


def _lags(shape: tuple[int, ...], calls: int) -> dict[str, int]:
    """Flat distances by name: vector widths, one step along each axis, half, the next call."""
    lags = {f"the value {lag} further": lag for lag in LAGS}
    numel = math.prod(shape)
    for axis in range(2, len(shape) + 1):
        lags[f"the neighbour on axis -{axis}"] = math.prod(shape[len(shape) - axis + 1 :])
    lags["the value half a tensor further"] = numel // 2
    if calls > 1:
        lags["the same entry of the next call"] = numel
    return {name: lag for name, lag in lags.items() if lag > 0}


def _correlation(centred: Tensor, shape: tuple[int, ...], calls: int) -> Correlation:
    lags = {name: lag for name, lag in _lags(shape, calls).items() if lag < centred.numel()}
    if not lags:
        return Correlation({}, {})
    products = [torch.dot(centred[:-lag], centred[lag:]) for lag in lags.values()]
    sums = dict(zip(lags, map(float, torch.stack(products).cpu()), strict=True))
    return Correlation(sums, {name: centred.numel() - lag for name, lag in lags.items()})


def _positions(centred: Tensor, last: int, resolution: float) -> Deviations:
    """Mean and spread of the transform at the first and last positions, and region by region.

    Over the calls. A value moves by the resolution at most, and its square by no more.
    """
    calls, numel = centred.shape
    width = min(EDGE, numel)
    sums = np.zeros((2, 2, EDGE))
    counts = np.zeros((2, 2, EDGE), dtype=np.int64)
    for side, edge in enumerate((centred[:, :width], centred[:, -width:].flip(1))):
        squares = edge.square().sub_(1 / 12)
        both = torch.stack([edge.sum(0), squares.sum(0)])
        sums[side, :, :width] = both.cpu().numpy()
        counts[side, :, :width] = calls
    # A centred uniform has the proxy 1/12; its square lies in an interval of length 1/4.
    proxies = np.broadcast_to(np.array([1 / 12, 1 / 64])[None, :, None], sums.shape)
    edges = Deviations(sums.ravel(), counts.ravel(), proxies.ravel().copy(), resolution)
    return edges.followed_by(regions(centred, last, resolution))
