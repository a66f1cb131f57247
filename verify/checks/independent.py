"""Reduce samples of independent entries to statistics, on the device they were drawn on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from verify.checks import coincidences
from verify.checks.repeats import repeats
from verify.checks.statistics import (
    BINS,
    FINE,
    Correlation,
    Deviations,
    Exact,
    Extremes,
    Histogram,
    Kolmogorov,
    NormalMoments,
    Statistic,
)
from verify.checks.words import EDGE
from verify.laws import LATTICES, Continuous, Lattice, Normal, Rounded

Statistics = dict[str, Statistic]
Transform = Callable[[Tensor, Tensor], Tensor]

LAGS = (1, 2, 4, 8, 16, 40_960)
"""Flat lags at which dependence is measured: neighbours, vector widths, and the period of a
generator that once restarted after every 40,960 values."""

_FINE_BINS = 4 * BINS  # The outermost fine bin is the tail of 2^-14; 16 bits hold its number.
_CHUNK = 1 << 16  # Values that the host reduces at a time: they stay in a core's cache.
_TABULATED = 1 << 17  # Values from which tabulating all that 16 bits can hold is cheaper.
_SORTED = 1 << 15  # Values of a case that are sorted, for exact KS, duplicates and bits.


def lattice_of(dtype: torch.dtype) -> Lattice:
    """The lattice of a real floating dtype."""
    return LATTICES[str(dtype).removeprefix("torch.")]


def reduce(
    values: Tensor,
    shape: tuple[int, ...],
    law: Continuous,
    host: np.random.Generator,
    *,
    sort: bool,
) -> Statistics:
    """Summarise `values` against `law`.

    Parameters
    ----------
    values : Tensor
        Shape ``(calls, numel)``, floating point, contiguous: consecutive calls.
    shape : tuple of int
        The shape of the tensor that each call filled.
    law : Continuous
        The law of every entry.
    host : numpy.random.Generator
        Randomness of the transforms where the dtype's lattice is coarse for the law.
    sort : bool
        Whether to sort the first 2^15 values, for exact KS and duplicates.

    Returns
    -------
    dict of str to Statistic
        By check name. With non-finite values nothing but their count.
    """
    flat = values.reshape(-1)
    if flat.numel() == 0:
        return {}
    lowest, highest = map(float, torch.stack(torch.aminmax(flat)).cpu())
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        broken = flat.numel() - int(torch.isfinite(flat).sum())
        return {"finite": Exact(flat.numel(), broken)}
    lattice, moved = lattice_of(values.dtype), resolution(law, values.dtype)
    found: Statistics = {
        "finite": Exact(flat.numel(), 0),
        "support": _support(flat, lowest, highest, law, lattice),
    }
    ordered = None
    if sort:
        ordered = torch.sort(flat[:_SORTED]).values
        # A value is moved by two steps at most, so one point draws from no wider interval.
        found["repeats"] = repeats(values, shape, min(1.0, 2 * moved), host)
    if moved > FINE:
        if ordered is not None:
            found["contract"] = _band(ordered, law, lattice)
        if law.is_rounded and (rounded := Rounded(law, lattice)).resolution <= FINE:
            return found | _rounded(values, shape, rounded, host)
        step, draw_step = _step(law, lattice), lattice.draw_step
        ends = _extremes(flat.numel(), lowest, highest, law, step, draw_step)
        return found | {"extremes": ends}
    if ordered is not None:
        found["duplicates"] = coincidences.duplicates(ordered, law, lattice)
        found |= coincidences.bits(ordered, law)
    found["atoms"] = coincidences.atoms(flat, lowest, highest, law, lattice)
    return found | reduce_derived(
        values, shape, law, _step(law, lattice), lattice.draw_step, sort=sort
    )


def reduce_derived(
    values: Tensor,
    shape: tuple[int, ...],
    law: Continuous,
    step: float,
    draw_step: float,
    *,
    sort: bool,
) -> Statistics:
    """Summarise what may have been computed from values on a coarser lattice than its dtype's.

    Nothing here counts coincidences or single values (equal entries, exact zeros, bits): a
    computed value may keep those of what it was computed from.

    Parameters
    ----------
    values, shape, law, sort
        As in `reduce`; every value is finite, and there is one at least.
    step : float
        How far a value may be off its law's, by rounding: relative to magnitude.
    draw_step : float
        The step of the uniform draws underneath.

    Returns
    -------
    dict of str to Statistic
        By check name.
    """
    flat = values.reshape(-1)
    lowest, highest = map(float, torch.stack(torch.aminmax(flat)).cpu())
    moved = law.resolution(step, draw_step)
    ends = _extremes(flat.numel(), lowest, highest, law, step, draw_step)
    found: Statistics = {"extremes": ends}
    if sort:
        found["kolmogorov_smirnov"] = _kolmogorov(torch.sort(flat[:_SORTED]).values, law, moved)
    return found | _transforms(values, shape, law, moved)


def _step(law: Continuous, lattice: Lattice) -> float:
    """The lattice's spacing relative to the law's values, which may be subnormal."""
    return max(lattice.step, lattice.spacing(law.typical_magnitude) / law.typical_magnitude)


def resolution(law: Continuous, dtype: torch.dtype) -> float:
    """How far the dtype moves the law's cdf."""
    lattice = lattice_of(dtype)
    return law.resolution(_step(law, lattice), lattice.draw_step)


def transforms(values: Tensor, law: Continuous, host: np.random.Generator) -> Tensor | None:
    """The centred transforms, uniform on (−½, ½) and independent under the law, in float64.

    None where the dtype is too coarse for the law, and what a backend does there is its own.
    """
    if resolution(law, values.dtype) <= FINE:
        return law.cdf(values.double(), torch.special) - 0.5
    rounded = Rounded(law, lattice_of(values.dtype))
    if not law.is_rounded or rounded.resolution > FINE:
        return None
    v = torch.from_numpy(host.random(values.shape)).to(values.device)
    return rounded.transform(values.double(), v, torch, torch.special) - 0.5


def _support(
    flat: Tensor, lowest: float, highest: float, law: Continuous, lattice: Lattice
) -> Exact:
    """Values outside the support by more than the one step that rounding may move them."""
    a, b = law.support
    slack = _step(law, lattice) * max(
        (abs(bound) for bound in (a, b) if math.isfinite(bound)), default=0
    )
    outside = 0
    if lowest < a - slack or highest > b + slack:
        outside = int(((flat < a - slack) | (flat > b + slack)).sum())
    return Exact(flat.numel(), outside)


def _extremes(
    n: int, lowest: float, highest: float, law: Continuous, step: float, draw_step: float
) -> Extremes:
    """The extremes' tail probabilities, moved by what rounding may have done to them."""
    moved = [law.displacement(x, step) for x in (lowest, highest)]
    inward = np.array([law.cdf(lowest + moved[0]), law.sf(highest - moved[1])])
    outward = np.array([law.cdf(lowest - moved[0]), law.sf(highest + moved[1])])
    outward = (outward - draw_step).clip(0, 1)
    return Extremes(n, inward.clip(0, 1), outward, law.resolution(step, draw_step))


def _kolmogorov(ordered: Tensor, law: Continuous, resolution: float) -> Kolmogorov:
    n = ordered.numel()
    transformed = law.cdf(ordered.double(), torch.special)
    ranks = torch.arange(n + 1, device=ordered.device, dtype=torch.float64) / n
    distance = torch.maximum((ranks[1:] - transformed).max(), (transformed - ranks[:-1]).max())
    return Kolmogorov(n, float(distance), resolution)


def _band(ordered: Tensor, law: Continuous, lattice: Lattice) -> Kolmogorov:
    """Distance to the nearest law that moves no value by more than one lattice step."""
    n = ordered.numel()
    below, above = lattice.neighbours(ordered.double(), torch)
    ranks = torch.arange(n + 1, device=ordered.device, dtype=torch.float64) / n
    excess = (ranks[1:] - law.cdf(above, torch.special)).max()
    lack = (law.cdf(below, torch.special) - ranks[:-1]).max()
    distance = torch.maximum(excess, lack).clamp(min=0.0)  # A NaN stays one.
    return Kolmogorov(n, float(distance), 0.0)


def _chunks(flat: Tensor) -> Iterator[slice]:
    """The whole on a device; on the host pieces that stay in a core's cache."""
    size = _CHUNK if flat.device.type == "cpu" else flat.numel()
    return (slice(start, start + size) for start in range(0, flat.numel(), size))


def _transforms(
    values: Tensor, shape: tuple[int, ...], law: Continuous, resolution: float
) -> Statistics:
    """Everything that rests on the probability-integral transforms being uniform.

    They are, to the resolution and to what their own evaluation loses: the standardised value is
    rounded three times, the function to two steps, differently from kernel to kernel.
    """
    flat = values.reshape(-1)
    epsilon = torch.finfo(flat.dtype if law.is_affine else torch.float64).eps
    resolution += law.resolution(epsilon, epsilon)
    centred = torch.empty(flat.numel(), dtype=torch.float64, device=flat.device)
    bins = torch.empty(flat.numel(), dtype=torch.int16, device=flat.device)
    moments: list[Tensor] = []
    for piece in _chunks(flat):
        chunk, part = flat[piece], centred[piece]
        if not law.is_affine:
            chunk = chunk.double()
        if isinstance(law, Normal):
            standardised = law.standardise(chunk)
            part.copy_(standardised)
            moments.append(torch.stack([part.sum(), torch.dot(part, part)]))
            # Φ(z) − ½ = ½ erf(z/√2), in fewer passes than Φ itself.
            shifted = standardised.mul_(math.sqrt(0.5)).erf_().mul_(0.5)
        else:
            shifted = law.cdf(chunk, torch.special).sub_(0.5)
        part.copy_(shifted)
        binned = shifted.mul_(_FINE_BINS).add_(_FINE_BINS / 2)
        bins[piece] = binned.clamp_(0, _FINE_BINS - 1)
    return _transform_statistics(values, shape, centred, bins, moments, resolution)


def _rounded(
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
    return found


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
        "position": _positions(centred.view(values.shape), resolution),
    }
    if moments:
        total, squares = map(float, torch.stack(moments).sum(0).cpu())
        found["moments"] = NormalMoments(centred.numel(), total, squares, resolution)
    return found


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


def _positions(centred: Tensor, resolution: float) -> Deviations:
    """Mean and spread of the transform at the first and last positions, over the calls.

    A value moves by the resolution at most, and its square by no more.
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
    return Deviations(sums.ravel(), counts.ravel(), proxies.ravel().copy(), resolution)
