"""Reduce samples of masked values: the zeros' share, the gap around them, and what was masked."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from verify.checks import independent
from verify.checks.statistics import Deviations, Exact, Statistic
from verify.laws import Masked

Statistics = dict[str, Statistic]


def reduce(
    values: Tensor, shape: tuple[int, ...], law: Masked, host: np.random.Generator, *, sort: bool
) -> Statistics:
    """Summarise `values`, shape ``(calls, numel)``, as masked values of `law`.

    Zeros are replaced by what they may have been, drawn from `host`: the values then follow the
    law from before the mask, and everything known of independent entries applies to them.
    """
    if values.numel() == 0:
        return {}
    zero = values == 0
    v = torch.from_numpy(host.random(values.shape)).to(values.device)
    restored = law.restored(v).to(values.dtype)
    # What rounds to the excluded bound falls back to the other, as a draw's does.
    inside = torch.where(restored < law.law.high, restored, law.law.low)
    whole = torch.where(zero, inside, values)
    found = independent.reduce(whole, shape, law.law, host, sort=sort)
    if "support" not in found:  # Nothing but the number of values that are not finite.
        return found
    within = Exact(values.numel(), int(((values.abs() < law.threshold) & ~zero).sum()))
    found["support"] = found["support"].merge(within)
    found["zero_share"] = _share(zero, law, independent.resolution(law.law, values.dtype))
    return found


def _share(zero: Tensor, law: Masked, resolution: float) -> Deviations:
    """Zeros beyond their expected number: an indicator has the proxy 1/4 (Hoeffding 1963).

    What the lattice does to the cdf, it does at both ends of what is masked.
    """
    excess = float(zero.sum()) - law.zeros * zero.numel()
    count, proxy = np.array([zero.numel()]), np.array([1 / 4])
    return Deviations(np.array([excess]), count, proxy, 2 * resolution)
