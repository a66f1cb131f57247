"""Reduce samples of independent entries to statistics, on the device they were drawn on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

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
    Rare,
    Statistic,
)
from verify.checks.words import EDGE, MANTISSA
from verify.laws import LATTICES, Continuous, Lattice, Normal, Rounded, Uniform

Statistics = dict[str, Statistic]
Transform = Callable[[Tensor, Tensor], Tensor]

LAGS = (1, 2, 4, 8, 16, 40_960)
"""Flat lags at which dependence is measured: neighbours, vector widths, and the period of a
generator that once restarted after every 40,960 values."""

_FINE_BINS = 4 * BINS  # The outermost fine bin is the tail of 2^-14; 16 bits hold its number.
_CHUNK = 1 << 16  # Values that the host reduces at a time: they stay in a core's cache.
_TABULATED = 1 << 17  # Values from which tabulating all that 16 bits can hold is cheaper.
_SORTED = 1 << 15  # Values of a case that are sorted, for exact KS, duplicates and bits.
_LOW_BITS = 4  # Over 16 lattice steps the density of a normal is flat: to 2^-19 in float32.


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
    lattice = lattice_of(values.dtype)
    resolution = _resolution(law, lattice)
    found: Statistics = {
        "finite": Exact(flat.numel(), 0),
        "support": _support(flat, lowest, highest, law, lattice),
    }
    ordered = None
    if sort:
        ordered = torch.sort(flat[:_SORTED]).values
        # A value is moved by two steps at most, so one point draws from no wider interval.
        found["repeats"] = repeats(values, shape, min(1.0, 2 * resolution), host)
    if resolution > FINE:
        if ordered is not None:
            found["contract"] = _band(ordered, law, lattice)
        if law.is_rounded:
            return found | _rounded(values, shape, Rounded(law, lattice), host)
    found["extremes"] = _extremes(flat.numel(), lowest, highest, law, lattice)
    if resolution > FINE:
        return found
    if ordered is not None:
        found["kolmogorov_smirnov"] = _kolmogorov(ordered, law, resolution)
        found["duplicates"] = _duplicates(ordered, law, lattice)
        found |= _bits(ordered, law)
    found["atoms"] = _atoms(flat, lowest, highest, law, lattice)
    return found | _transforms(values, shape, law, resolution)


def _step(law: Continuous, lattice: Lattice) -> float:
    """The lattice's spacing relative to the law's values, which may be subnormal."""
    return max(lattice.step, lattice.spacing(law.reach) / law.reach)


def _resolution(law: Continuous, lattice: Lattice) -> float:
    """How far the dtype moves the law's cdf."""
    return law.resolution(_step(law, lattice), lattice.draw_step)


def transforms(values: Tensor, law: Continuous, host: np.random.Generator) -> Tensor | None:
    """The centred transforms, uniform on (−½, ½) and independent under the law, in float64.

    None where the dtype is too coarse for the law, and what a backend does there is its own.
    """
    lattice = lattice_of(values.dtype)
    if _resolution(law, lattice) <= FINE:
        exact: Tensor = law.cdf(values.double(), torch.special) - 0.5
        return exact
    if not law.is_rounded:
        return None
    v = torch.from_numpy(host.random(values.shape)).to(values.device)
    u: Tensor = Rounded(law, lattice).transform(values.double(), v, torch, torch.special)
    return u - 0.5


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


def _extremes(n: int, lowest: float, highest: float, law: Continuous, lattice: Lattice) -> Extremes:
    """The extremes' tail probabilities, moved by what rounding may have done to them."""
    moved = [law.displacement(x, _step(law, lattice)) for x in (lowest, highest)]
    inward = np.array([law.cdf(lowest + moved[0]), law.sf(highest - moved[1])])
    outward = np.array([law.cdf(lowest - moved[0]), law.sf(highest + moved[1])])
    outward = (outward - lattice.draw_step).clip(0, 1)
    return Extremes(n, inward.clip(0, 1), outward, _resolution(law, lattice))


def _atoms(flat: Tensor, lowest: float, highest: float, law: Continuous, lattice: Lattice) -> Rare:
    """Exact zeros, and values on a bound of the support: the points where atoms sit."""
    a, b = law.support
    count = 0
    if lowest <= 0 <= highest and float(flat.abs().amin()) == 0:
        count = flat.numel() - int(torch.count_nonzero(flat))
    points = 4  # Zero, both bounds, and the excluded bound's values, which fall to the other.
    for bound, extreme in ((a, lowest), (b, highest)):
        near = math.isfinite(bound) and abs(extreme - bound) <= lattice.step * abs(bound)
        if near and extreme != 0:
            count += int((flat == extreme).sum())
    rate = points * flat.numel() * law.point_mass(lattice.step, lattice.draw_step)
    return Rare(count, rate, flat.numel())


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


def _duplicates(ordered: Tensor, law: Continuous, lattice: Lattice) -> Rare:
    """Values that repeat: given those before, the i-th draw does with at most i point masses."""
    n = ordered.numel()
    rate = n * (n - 1) / 2 * law.point_mass(lattice.step, lattice.draw_step)
    return Rare(int((ordered[1:] == ordered[:-1]).sum()), rate, n)


def _bits(values: Tensor, law: Continuous) -> Statistics:
    """Balance of the mantissa's bits, the lowest first, where scaling by the law is exact.

    In the upper half of ``[0, 2^k)`` the mantissa of a uniform value is uniform itself: all its
    bits are independent and fair. A density that is smooth over a few lattice steps leaves the
    lowest ones fair; another scale than a power of two would round them in a pattern of its own.
    """
    if isinstance(law, Uniform) and law.low == 0 and _is_power_of_two(law.high):
        fair = round(-math.log2(torch.finfo(values.dtype).eps))
        kept = values[values >= law.high / 2]
    elif isinstance(law, Normal) and law.mean == 0 and _is_power_of_two(law.std):
        fair, kept = _LOW_BITS, values[values != 0]
    else:
        return {}
    held = kept.view(torch.int32 if kept.element_size() == 4 else torch.int64)
    ones = torch.stack([(held >> bit & 1).sum() for bit in range(fair)]).cpu().numpy()
    sums, counts = np.zeros(MANTISSA), np.zeros(MANTISSA, dtype=np.int64)
    sums[:fair], counts[:fair] = 2 * ones - kept.numel(), kept.numel()
    return {"bits": Deviations(sums, counts, np.ones(MANTISSA))}


def _is_power_of_two(x: float) -> bool:
    return math.frexp(x)[0] == 0.5


def _chunks(flat: Tensor) -> Iterator[slice]:
    """The whole on a device; on the host pieces that stay in a core's cache."""
    size = _CHUNK if flat.device.type == "cpu" else flat.numel()
    return (slice(start, start + size) for start in range(0, flat.numel(), size))


def _transforms(
    values: Tensor, shape: tuple[int, ...], law: Continuous, resolution: float
) -> Statistics:
    """Everything that rests on the probability-integral transforms being exactly uniform."""
    flat = values.reshape(-1)
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
    return _of_transforms(values, shape, centred, bins, moments, resolution)


def _rounded(
    values: Tensor, shape: tuple[int, ...], law: Rounded, host: np.random.Generator
) -> Statistics:
    """The same for a lattice that is coarse for the law."""
    tabulated = values.element_size() == 2 and values.numel() >= _TABULATED
    return randomised(
        values,
        shape,
        _table(law, values) if tabulated else _direct(law),
        host,
        normal=isinstance(law.law, Normal),
        slack=2 * law.lattice.draw_step,
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
    direct, low = _direct(law), law.lattice.round(law.law.support[0])

    def transform(x: Tensor, v: Tensor) -> Tensor:
        index = x.view(torch.int16).int() & 0xFFFF
        u = lower[index] + v * width[index]
        if law.wraps and bool((split := x == low).any()):
            u[split] = direct(x[split], v[split])  # Two intervals: no straight line.
        uniform: Tensor = u
        return uniform

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
        How far the draws underneath may move an extreme value's transform.
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
    found = _of_transforms(values, shape, centred, bins, moments, slack)
    found["extremes"] = Extremes(flat.numel(), ends + slack, (ends - slack).clip(0), slack)
    return found


def _of_transforms(
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
        "position": _positions(centred.view(values.shape)),
    }
    if moments:
        total, squares = map(float, torch.stack(moments).sum(0).cpu())
        found["moments"] = NormalMoments(centred.numel(), total, squares)
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


def _positions(centred: Tensor) -> Deviations:
    """Mean and spread of the transform at the first and last positions, over the calls."""
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
    return Deviations(sums.ravel(), counts.ravel(), proxies.ravel().copy())
