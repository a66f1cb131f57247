"""Reduce samples of independent entries to statistics, on the device they were drawn on."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from verify.checks import coincidences, uniforms
from verify.checks.ordering import ascending
from verify.checks.repeats import repeats
from verify.checks.statistics import FINE, Exact, Extremes, Kolmogorov
from verify.checks.uniforms import Statistics
from verify.laws import LATTICES, Continuous, Lattice, Rounded, Uniform

_SORTED = 1 << 15  # Values of a case that are sorted, for exact KS, duplicates and bits.


_DOUBLE = 53


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
    ordered = first_in_order(values, sort=sort)
    if ordered is not None:
        # A value is moved by two steps at most, so one point draws from no wider interval.
        found["repeats"] = repeats(values, shape, min(1.0, 2 * moved), host)
    if moved > FINE:
        if ordered is not None:
            found["contract"] = _band(ordered, law, lattice)
        if law.is_rounded and (rounded := Rounded(law, lattice)).resolution <= FINE:
            return found | uniforms.rounded(values, shape, rounded, host)
        step, draw_step = _step(law, lattice), lattice.draw_step
        ends = _extremes(flat.numel(), lowest, highest, law, step, draw_step)
        return found | {"extremes": ends}
    if ordered is not None:
        found["duplicates"] = coincidences.duplicates(ordered, law, lattice)
        found |= coincidences.mode(ordered, law, lattice)
        found |= coincidences.bits(ordered, law)
    found["atoms"] = coincidences.atoms(flat, lowest, highest, law, lattice)
    return found | reduce_derived(
        values, shape, law, _step(law, lattice), lattice.draw_step, ordered
    )


def first_in_order(values: Tensor, *, sort: bool) -> Tensor | None:
    """The first 2^15 values in ascending order, where they are to be sorted."""
    return ascending(values.reshape(-1)[:_SORTED]) if sort else None


def reduce_derived(
    values: Tensor,
    shape: tuple[int, ...],
    law: Continuous,
    step: float,
    draw_step: float,
    ordered: Tensor | None,
) -> Statistics:
    """Summarise what may have been computed from values on a coarser lattice than its dtype's.

    Nothing here counts coincidences or single values (equal entries, exact zeros, bits): a
    computed value may keep those of what it was computed from.

    Parameters
    ----------
    values, shape, law
        As in `reduce`; every value is finite, and there is one at least.
    step : float
        How far a value may be off its law's, by rounding: relative to magnitude.
    draw_step : float
        The step of the uniform draws underneath.
    ordered : Tensor or None
        The first values in order (`first_in_order`), where KS is asked.

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
    if ordered is not None:
        found["kolmogorov_smirnov"] = _kolmogorov(ordered, law, moved)
    return found | uniforms.transformed(values, shape, law, moved)


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
        return (law.cdf(values.double(), torch.special) - 0.5).clamp_(
            -uniforms.FARTHEST, uniforms.FARTHEST
        )
    rounded = Rounded(law, lattice_of(values.dtype))
    if not law.is_rounded or rounded.resolution > FINE:
        return None
    v = torch.from_numpy(host.random(values.shape)).to(values.device)
    return rounded.transform(values.double(), v, torch, torch.special) - 0.5


def _support(
    flat: Tensor, lowest: float, highest: float, law: Continuous, lattice: Lattice
) -> Exact:
    """Values outside the support by more than the one step that rounding may move them.

    An excluded bound is none of the values, to the last digit.
    """
    a, b = law.support
    slack = _step(law, lattice) * max(
        (abs(bound) for bound in (a, b) if math.isfinite(bound)), default=0
    )
    above = flat >= b if _excluded(law, lattice) else flat > b + slack
    outside = 0
    if lowest < a - slack or highest > b + slack or highest >= b:
        outside = int(((flat < a - slack) | above).sum())
    return Exact(flat.numel(), outside)


def _excluded(law: Continuous, lattice: Lattice) -> bool:
    """Whether the upper bound is a number that no value may be.

    A double that was computed may differ in its last digit from the one that a backend computes.
    """
    low, high = law.support
    computed = lattice.digits == _DOUBLE and isinstance(law, Uniform) and law.of_variance
    return law.is_half_open and not computed and lattice.round(low) < lattice.round(high) == high


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
