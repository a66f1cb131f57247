"""Bins for what lies about one: equal ones as far as rounding goes, then wider and wider ones.

A picture alone uses them. They are the same for every matrix of every dtype, so that counts add up.
"""

from __future__ import annotations

import numpy as np

from verify.checks.statistics.base import Counts, Floats

WITHIN = 16
"""Equal bins from −1 to 1 in units of what rounding may do."""

FIRST, LAST, STEP = -8.25, 1.25, 0.5
"""Beyond it, on either side: bins of `STEP` decades of the relative distance from one.

Round numbers lie in their middles."""

BEYOND = round((LAST - FIRST) / STEP)
"""So many on either side; the first and the last hold what lies nearer or farther, too."""

BINS = 2 * BEYOND + WITHIN
"""From far below one to far above it."""

_EDGES = 10.0 ** (FIRST + STEP * np.arange(1, BEYOND))


def counted(off: Floats, rounding: float) -> Counts:
    """Count relative distances from one, with their signs, in all `BINS`.

    Parameters
    ----------
    off : array
        Of any shape.
    rounding : float
        How large a distance may be that rounding alone has made.
    """
    near = np.floor((off / rounding + 1) / 2 * WITHIN).clip(0, WITHIN - 1).astype(np.int64)
    far = np.searchsorted(_EDGES, np.abs(off))
    side = np.where(off > 0, BEYOND + WITHIN + far, BEYOND - 1 - far)
    places = np.where(np.abs(off) <= rounding, BEYOND + near, side)
    return np.bincount(places.ravel(), minlength=BINS)
