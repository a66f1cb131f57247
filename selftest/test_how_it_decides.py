"""The page that says how each check decides: every check is there, and its numbers are right."""

import math
from pathlib import Path

import numpy as np
import pytest

from reports.evidence.words import detectable, number
from selftest.checks.test_signal import sent
from verify.checks import horizons
from verify.checks.bounds import ALPHA
from verify.checks.signal import signal
from verify.checks.statistics import (
    BINS,
    FINE,
    TAIL,
    CallMeans,
    Cells,
    Correlation,
    Deviations,
    Extremes,
    Histogram,
    Lags,
    NormalMoments,
    Products,
    Rare,
    Shares,
    Stretches,
    Surplus,
)
from verify.checks.statistics.decision import Told, decided
from verify.checks.statistics.lags import BLOCKS, LONGEST
from verify.checks.words import FAR, WORDS, Words
from verify.laws import LATTICES, Rounded, Uniform

PAGE = Path(__file__).resolve().parents[1] / "docs" / "checks.md"
N = 1 << 24
CALLS = 1 << 13
USUAL = 2.0**-22
"""How far a lattice of float32 usually moves a cdf."""


def rows() -> dict[str, list[str]]:
    """The cells of the page's tables by check; a row may speak of several checks."""
    found: dict[str, list[str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        first, *rest = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            for name in first.split(", "):
                assert name.strip("`") not in found, f"{name} is there twice"
                found[name.strip("`")] = rest
    return found


def places(count: int, proxy: float, calls: int = CALLS) -> Deviations:
    return Deviations(np.zeros(count), np.full(count, calls), np.full(count, proxy))


def surplus(check: str, zeros: int) -> Surplus:
    """One zero in ten rows, at every place that is looked at."""
    counts = np.full(len(WORDS[check].places), zeros)
    return Surplus(np.zeros(counts.size), counts, 0.09 * counts)


def histogram() -> Histogram:
    return Histogram(np.full(BINS, N // BINS), np.full(2, round(N * TAIL)), USUAL)


def ends() -> Shares:
    own = Rounded(Uniform(-1, 1), LATTICES["bfloat16"]).ends
    most = N * np.array(own.most)
    return Shares(N, most.round().astype(np.int64), N * np.array(own.least), most, USUAL)


def far_tails() -> Shares:
    mean = N * np.concatenate([2.0 ** -np.array(FAR)] * 2 + [2.0 ** (1 - np.array(FAR))])
    return Shares(N, mean.round().astype(np.int64), mean, mean, USUAL)


def network():
    squares = sent("relu", 2**0.5, 0, 256, 100)
    return signal("relu", 2**0.5, squares, squares, 256)


def lags(count: int) -> Correlation:
    names = [f"{index}" for index in range(count)]
    return Correlation(dict.fromkeys(names, 0.0), dict.fromkeys(names, N))


def far() -> Lags:
    sums = np.zeros((2, LONGEST), dtype=np.int64)
    return Lags(*sums, np.array([N // 8 // BLOCKS[0], 0]))


def cells(pairs: int) -> Cells:
    return Cells(np.full(1024, pairs // 1024), np.zeros(512, dtype=np.int64))


STANDARD = {  # Check: evidence as a standard run leaves it, and under which name.
    "kolmogorov_smirnov": (histogram, "distribution"),
    "legendre": (histogram, "distribution"),
    "tails": (histogram, "distribution"),
    "mean": (lambda: NormalMoments(N, 0.0, float(N)), "moments"),
    "scale": (lambda: NormalMoments(N, 0.0, float(N)), "moments"),
    "extremes": (lambda: Extremes(N, *np.full((2, 2), 1 / N), USUAL), "extremes"),
    "correlation": (lambda: lags(10), "correlation"),
    "between": (lambda: lags(4), "between"),
    "lags": (far, "lags"),
    "neighbours": (lambda: cells(1 << 23), "neighbours"),
    "joint": (lambda: cells(1 << 17), "joint"),
    "stretches": (lambda: Stretches(0, 2.0**-60, 1 << 15, named={}), "stretches"),
    "position": (lambda: places(288, 1 / 12), "position"),
    "call_means": (lambda: CallMeans(CALLS, float(CALLS), float(CALLS)), "call_means"),
    "bits": (lambda: places(23, 1.0, 50 << 14), "bits"),
    "ends": (ends, "ends"),
    "atoms": (lambda: Rare(0, 4.0, N), "atoms"),
    "mode": (lambda: Rare(0, 1e-14, 1 << 15), "mode"),
    "far_tails": (far_tails, "far_tails"),
    "duplicates": (lambda: Rare(32, 32.0, 1 << 15, 21.0), "duplicates"),
    "repeats": (lambda: Rare(0, 1e-3, 1 << 15), "repeats"),
    "extra_zeros": (lambda: Rare(0, 1.0, N), "extra_zeros"),
    "haar_sign": (lambda: places(16, 1.0), "haar_sign"),
    "haar_determinant": (lambda: places(1, 1.0), "haar_determinant"),
    "haar_trace": (lambda: places(1, 1.0), "haar_trace"),
    "zero_position": (lambda: surplus("zero_position", 1 << 17), "zero_position"),
    "zero_overlap": (lambda: surplus("zero_overlap", 1 << 20), "zero_overlap"),
    "zero_share": (lambda: places(1, 1 / 4, N), "zero_share"),
    "product_mean": (lambda: Products(N, 0.0, N, N, 2.0 * N, 2.0, 6.0 * N, 60.0), "products"),
    "product_variance": (lambda: Products(N, 0.0, N, N, 2.0 * N, 2.0, 6.0 * N, 60.0), "products"),
    "signal": (network, "signal"),
}


def row(check: str) -> list[str]:
    found = rows()
    assert check in found, f"{check} has no row in docs/checks.md"
    return found[check]


ALONE = {  # Their size is that of their parts, or of no standard run.
    "chi_square",
    "contract",
    "haar_entry",
}


def test_every_check_is_on_the_page():
    assert set(rows()) == set(WORDS)


@pytest.mark.parametrize("check", WORDS)
def test_it_says_how_large_an_error_is_found(check):
    """Of what has a p-value: what a sample in `STANDARD` would show."""
    said = row(check)[2]
    if check in ALONE or WORDS[check].horizon is None:
        assert said in ("1 entry", "1× allowed", "1 value", "—", "as its parts")
        return
    assert check in STANDARD, (
        f"{check} has a p-value and no sample: give it a row in STANDARD of "
        "selftest/test_how_it_decides.py, evidence that passes"
    )
    make, name = STANDARD[check]
    (found,) = (f for f in make().findings(name) if f.check == check)
    assert found.passed, f"the sample of {check} in STANDARD fails: {found.message}"
    expected = detectable(found.detectable)
    assert said == expected, f"docs/checks.md: the smallest error of {check} is {expected!r}"


@pytest.mark.parametrize("check", WORDS)
def test_it_says_where_the_horizon_lies(check):
    said = row(check)[3]
    horizon = WORDS[check].horizon or horizons.NO_LATTICE
    usual, coarsest = map(horizon.at, (USUAL, FINE))
    if math.isinf(usual):
        assert said in ("none", "not pooled")
        return
    expected = number(usual, 2)
    if usual != coarsest:
        expected += f"; {number(coarsest, 2)} for the coarsest lattice"
    expected += "" if horizon.allowed else " *"
    assert said == expected, f"docs/checks.md: the horizon of {check} is {expected!r}"


def test_a_check_without_a_horizon_is_refused(monkeypatch):
    """Nobody would have asked from how many values on it gets no sharper."""
    newest = Words("all is new", "something is old", "age", exact=True)
    monkeypatch.setitem(WORDS, "newest", newest)
    with pytest.raises(LookupError) as refused:
        decided("newest", 0.5, 1, lambda: Told(""), level=ALPHA)
    assert str(refused.value) == (
        "the check 'newest' has a p-value and no horizon: name one in its row of "
        "verify/checks/words.py, among those of verify/checks/horizons.py"
    )
