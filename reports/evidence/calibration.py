"""The calibration panel of a page: the exact p-values of one run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from reports.evidence.exact import exact_finding
from reports.evidence.records import CellRecord
from reports.evidence.uniformity import Uniformity, uniformity

BINS = 20


@dataclass(frozen=True)
class Calibration:
    """The exact p-values of cells whose check passed, one for each, against the uniform law."""

    bins: tuple[int, ...]
    uniformity: Uniformity


def calibration(cells: Iterable[CellRecord]) -> Calibration | None:
    """Return the calibration of some cells; None where no cell has an exact p-value.

    A failed check is told elsewhere; it is left out after its cell has chosen it, so that the
    others stay what they are: uniform, but for one in 10¹².
    """
    chosen = [finding for finding in map(exact_finding, cells) if finding and finding.passed]
    # In damaged evidence what is no number may be said to have passed.
    values = [f.p_value for f in chosen if f.p_value is not None and not math.isnan(f.p_value)]
    found = uniformity(values)
    if found is None:
        return None
    bins = Counter(min(BINS - 1, int(p * BINS)) for p in values)
    return Calibration(tuple(bins[index] for index in range(BINS)), found)
