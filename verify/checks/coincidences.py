"""Values that coincide: with each other, with a point where atoms sit, with a coarser grid.

All of it rests on the probability of one lattice point, so it is asked of values as they were
drawn, never of what was computed from them.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import gammaln
from torch import Tensor

from verify.checks.statistics import Deviations, Rare, Shares, Statistic
from verify.checks.statistics.base import Counts
from verify.checks.words import MANTISSA
from verify.laws import Continuous, Lattice, Normal, Rounded, Uniform

Statistics = dict[str, Statistic]

_NEAR = 5  # Lattice points near a bound, and the mass of an excluded one.
_SETTLED = 64  # Values of which none is finer by chance with a probability of 2^-64, of 25 bits.
_UNEVEN = 0.5  # Mean of a bit's sign that an algorithm right to an ulp may leave.
_NEVER = 1e-14  # Points that would be drawn so often in fewer samples than this are counted.
_MOST_COPIES = 64
_OCTAVES = 16  # Below 2^-16 of the largest magnitude there is next to no mass.
_LOW_BITS = 4  # Over 16 lattice steps the density of a normal is flat: to 2^-19 in float32.


def duplicates(ordered: Tensor, law: Continuous, lattice: Lattice) -> Rare:
    """Values that repeat: given those before, the i-th draw does with at most i point masses.

    (One more than there are values before it: a uniform's lower bound has the upper one's too.)
    """
    n, mass = ordered.numel(), law.point_mass(lattice.step, lattice.draw_step)
    repeated = int((ordered[1:] == ordered[:-1]).sum())
    return Rare(repeated, n * (n + 1) / 2 * mass, n, _fewest(n, law, lattice, mass))


def _fewest(n: int, law: Continuous, lattice: Lattice, mass: float) -> float:
    """The least mean number of points that are drawn twice, however a lawful backend rounds.

    A point of probability p is drawn twice or more with probability ``n(n−1)p²/2·(1 − 2(n−2)p/3)``
    at least (Bonferroni), and p is at most two point masses. By the inequality of Cauchy and
    Schwarz the squares of N points that have the mass m between them add up to ``m²/N`` at least.
    Between two powers of two there are ``2^(digits−1)`` points, of either sign. Such events of
    several points are negatively associated (Joag-Dev & Proschan 1983, sec. 3.1), and there are no
    more of them than values that repeat.
    """
    top = math.ceil(math.log2(law.max_magnitude))
    octaves = 2.0 ** np.arange(top - _OCTAVES, top + 1)
    edges = np.stack([octaves, -octaves[::-1]]).clip(*law.support)
    masses = np.diff(np.asarray(law.cdf(edges)), axis=1)
    sure = (masses - 2 * law.resolution(lattice.step, lattice.draw_step)).clip(0)
    squares = float((sure**2).sum()) / 2.0 ** (lattice.digits - 1)
    return n * (n - 1) / 2 * squares * max(0.0, 1 - 4 / 3 * n * mass)


def mode(ordered: Tensor, law: Continuous, lattice: Lattice) -> Statistics:
    """Points that are drawn so often that not one is by chance.

    A point of probability p is drawn r times at least with probability ``C(n, r)·p^r`` at most, and
    the probabilities of all add up to 1; none is more than two point masses, of a uniform's lower
    bound. Such events of several points are negatively associated (Joag-Dev & Proschan 1983, sec.
    3.1), so that `count_bounds.rare` bounds their number.
    """
    n, mass = ordered.numel(), 2 * law.point_mass(lattice.step, lattice.draw_step)
    r = np.arange(2, 1 + min(n, _MOST_COPIES))
    rates = gammaln(n + 1) - gammaln(r + 1) - gammaln(n - r + 1) + (r - 1) * math.log(mass)
    if not (never := np.flatnonzero(rates < math.log(_NEVER))).size:
        return {}
    copies = int(r[never[0]]) - 1
    same = ordered[copies:] == ordered[:-copies]
    # A run of values that are all alike counts once.
    count = int(same.sum()) - int((same[1:] & same[:-1]).sum())
    return {"mode": Rare(count, math.exp(rates[never[0]]), n)}


def atoms(flat: Tensor, lowest: float, highest: float, law: Continuous, lattice: Lattice) -> Rare:
    """Exact zeros, and values on a bound of the support: the points where atoms sit.

    A bound's values are those that equal the extreme, where that is one of the lattice points
    within ``step·|bound|``: four at most, for that is less than two spacings, or two of the finer
    ones below a power of two. An excluded bound's values fall to the other bound, one point more.
    The count is no larger than that of the values on all those points.
    """
    a, b = law.support
    count, points = 0, 1
    if lowest <= 0 <= highest and float(flat.abs().amin()) == 0:
        count = flat.numel() - int(torch.count_nonzero(flat))
    for bound, extreme in ((a, lowest), (b, highest)):
        if not math.isfinite(bound):
            continue
        points += _NEAR
        near = abs(extreme - bound) <= lattice.step * abs(bound)
        if near and extreme != 0:
            count += int((flat == extreme).sum())
    rate = points * flat.numel() * law.point_mass(lattice.step, lattice.draw_step)
    return Rare(count, rate, flat.numel())


def ends(flat: Tensor, law: Rounded) -> Statistics:
    """Values at both bounds of the support, where rounding leaves the probability open.

    Each end's probability is one of the cdf's, or a difference of two with what the upper end
    gives to the lower one: off by two resolutions at most.
    """
    own, slack = law.ends, 2 * law.resolution
    if own.overlap or own.most == (0.0, 0.0):
        return {}
    counts = [int((flat <= own.last).sum()), int((flat >= own.first).sum())]
    n, least, most = flat.numel(), np.array(own.least), np.array(own.most)
    least, most = n * (least - slack).clip(0, 1), n * (most + slack).clip(0, 1)
    return {"ends": Shares(n, np.array(counts), least, most, law.resolution)}


def bits(values: Tensor, law: Continuous) -> Statistics:
    """Balance of the mantissa's bits, the lowest first, where scaling by the law is exact.

    In the upper half of ``[0, 2^k)`` the mantissa of a uniform value is uniform itself: all its
    bits are independent and fair. A density that is smooth over a few lattice steps leaves the
    lowest ones fair; another scale than a power of two would round them in a pattern of its own.
    Of a normal they are what an algorithm's last rounding makes them, and nothing promises these:
    by the inverse cdf of Moshier (1989, Cephes) the last is 8 % off. There a bit may be uneven, and
    what is found is one that is nearly constant.
    What rounding to even leaves of a uniform's last bit is no matter either: see `_last_bit`.
    """
    if isinstance(law, Uniform) and law.low == 0 and _is_power_of_two(law.high):
        fair, uneven = round(-math.log2(torch.finfo(values.dtype).eps)), 0.0
        kept = values[values >= law.high / 2]
    elif isinstance(law, Normal) and law.mean == 0 and _is_power_of_two(law.std):
        fair, uneven, kept = _LOW_BITS, _UNEVEN, values[values != 0]
    else:
        return {}
    held = _integers(kept)
    sums, counts = np.zeros(MANTISSA), np.zeros(MANTISSA, dtype=np.int64)
    sums[:fair], counts[:fair] = 2 * _ones(held)[:fair] - kept.numel(), kept.numel()
    if isinstance(law, Uniform):
        sums[0], counts[0] = _last_bit(held, values, law.high)
    return {"bits": Deviations(sums, counts, np.ones(MANTISSA), uneven)}


def _ones(held: Tensor) -> Counts:
    """How often each bit is one, the lowest first: counted byte by byte."""
    size = held.element_size()
    place = torch.arange(size, device=held.device)
    held_bytes = (held[:, None] >> 8 * place & 255) + 256 * place
    counts = torch.bincount(held_bytes.reshape(-1), minlength=256 * size).cpu().numpy()
    ones: Counts = counts.reshape(size, 256) @ _BITS_OF_BYTES
    return ones.ravel()


_BITS_OF_BYTES = np.arange(256)[:, None] >> np.arange(8) & 1


def _last_bit(upper: Tensor, values: Tensor, high: float) -> tuple[int, int]:
    """Ones minus zeros of the last bit of the upper half, and of how many values.

    Draws that are finer than the upper half's lattice are rounded there, those halfway to even
    (IEEE 754-2019, sec. 4.3.1): of 32 bits in float32 one in 256, of 25 bits every second, of
    middles ``(k + ½)/2^p`` all.
    So does cuRAND's uniform double of 53 bits (``curand_uniform_double``). Below the half the same
    bit has no rounding, for there the lattice has one bit more. That bit tells whether draws are
    finer: if it is never one, nothing was rounded.
    """
    below = _integers(values[(values >= high / 4) & (values < high / 2)])
    if below.numel() < _SETTLED:
        return 0, 0
    finer = bool((below & 1).any())
    bit = below >> 1 & 1 if finer else upper & 1
    return 2 * int(bit.sum()) - bit.numel(), bit.numel()


def _integers(values: Tensor) -> Tensor:
    return values.view(torch.int32 if values.element_size() == 4 else torch.int64)


def _is_power_of_two(x: float) -> bool:
    return math.frexp(x)[0] == 0.5
