"""Mergeable statistics: fixed-size summaries that add up, and the decisions they allow.

Every statistic is a small frozen value. `merge` adds two of them, whatever cases, workers,
shards or nights they come from; `decisions` decides, and `findings` tells. A check is born by
putting a statistic under a new name; `verify.checks.words` holds what to say of it.
"""

from verify.checks.statistics.base import FINE, KINDS, Statistic, from_json
from verify.checks.statistics.calls import CallMeans
from verify.checks.statistics.cells import Cells
from verify.checks.statistics.counts import Exact, Largest, Rare, Shares, Stretches, Tally
from verify.checks.statistics.decision import Decision
from verify.checks.statistics.dependence import Correlation, Deviations
from verify.checks.statistics.distribution import BINS, TAIL, Histogram, Kolmogorov
from verify.checks.statistics.lags import Lags
from verify.checks.statistics.marginal import Extremes, NormalMoments, SubGaussianMoments
from verify.checks.statistics.products import Products
from verify.checks.statistics.signal import Signal
from verify.checks.statistics.surplus import Surplus

__all__ = [
    "BINS", "FINE", "KINDS", "TAIL", "CallMeans", "Cells", "Correlation", "Decision", "Deviations",
    "Exact", "Extremes", "Histogram", "Kolmogorov", "Lags", "Largest", "NormalMoments", "Products",
    "Rare", "Shares", "Signal", "Statistic", "Stretches", "SubGaussianMoments", "Surplus", "Tally",
    "from_json",
]  # fmt: skip
