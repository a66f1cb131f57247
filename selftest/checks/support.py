"""What the tests of the checks share: seeded numpy streams, tolerances, and lists of alarms."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np
import torch
from scipy import stats

from verify.checks.finding import Finding
from verify.checks.statistics import BINS, TAIL, Histogram, Statistic
from verify.outcome.evidence import Evidence

SEED = 20_260_101
BUDGET = 1e-12
LEVELS = (1e-1, 1e-2, 1e-3)

NAMES = {  # Under which check name each kind is put to use.
    "histogram": "distribution",
    "kolmogorov": "kolmogorov_smirnov",
    "normal_moments": "moments",
    "extremes": "extremes",
    "correlation": "correlation",
    "lags": "lags",
    "cells": "neighbours",
    "stretches": "stretches",
    "deviations": "position",
    "rare": "atoms",
    "shares": "ends",
    "exact": "support",
    "largest": "orthogonality",
    "sub_gaussian_moments": "moments",
    "signal": "signal",
    "products": "products",
    "call_means": "call_means",
    "surplus": "zero_overlap",
    "tally": "singular_values",
}


def stream(*name: object) -> np.random.Generator:
    """A generator of its own for every name."""
    return np.random.default_rng([SEED, zlib.crc32(repr(name).encode())])


def legendre(bins: int = 4096) -> np.ndarray:
    """Orthonormal shifted Legendre polynomials 1 to 8, averaged over equal bins."""
    nodes, weights = np.polynomial.legendre.leggauss(8)
    x = 2 * (np.arange(bins)[:, None] + (nodes + 1) / 2) / bins - 1
    polynomials = (np.polynomial.Legendre.basis(degree)(x) for degree in range(1, 9))
    norms = np.sqrt(2 * np.arange(1, 9) + 1)
    return np.stack([values @ weights / 2 for values in polynomials]) * norms[:, None]


def assert_valid(p_values) -> None:
    """P-values of a null fall below each level no more often than it allows."""
    values = np.asarray(p_values)
    assert not np.isnan(values).any()
    for level in LEVELS:
        count = int((values <= level).sum())
        excess = stats.binom.sf(count - 1, values.size, level)
        assert excess > BUDGET, f"{count} of {values.size} at or below {level}: p = {excess:.1e}"


def assert_sharp(p_values) -> None:
    """Besides, they fall below each level as often as it says: the law is exact."""
    assert_valid(p_values)
    values = np.asarray(p_values)
    for level in LEVELS:
        count = int((values <= level).sum())
        lack = stats.binom.cdf(count, values.size, level)
        assert lack > BUDGET, f"only {count} of {values.size} at or below {level}: p = {lack:.1e}"


def tensor(values, dtype: str = "float64") -> torch.Tensor:
    """A contiguous torch tensor of numpy values, rounded to the dtype."""
    return torch.from_numpy(np.ascontiguousarray(values)).to(getattr(torch, dtype))


def findings(found: Mapping[str, Statistic]) -> list[Finding]:
    """Every decision that the statistics of a reduction allow."""
    return Evidence(found).findings("case")


def alarms(found: Mapping[str, Statistic]) -> dict[str, str]:
    """Checks that fail, with their messages."""
    return {f.check: f.message for f in findings(found) if not f.passed}


def finding(found: Mapping[str, Statistic], statistic: str, check: str) -> Finding:
    """The decision called `check` of one statistic."""
    (chosen,) = (f for f in found[statistic].findings(statistic) if f.check == check)
    return chosen


def histogram(uniforms, resolution: float = 0.0) -> Histogram:
    """The histogram of values in [0, 1)."""
    uniforms = np.asarray(uniforms)
    counts = np.bincount((uniforms * BINS).astype(np.int64), minlength=BINS)
    tails = np.array([(uniforms < TAIL).sum(), (uniforms >= 1 - TAIL).sum()])
    return Histogram(counts, tails, resolution)


def decide(statistic: Statistic, name: str | None = None) -> dict[str, Finding]:
    """Findings by check name, under the usual name of the statistic."""
    return {f.check: f for f in statistic.findings(name or NAMES[statistic.kind])}
