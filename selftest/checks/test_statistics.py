"""Every kind of statistic: it adds up, survives JSON, speaks in words, and NaN is an alarm."""

import json
import math

import numpy as np
import pytest

from selftest.checks.support import NAMES, decide, histogram, stream
from verify.checks.neighbours import nothing
from verify.checks.statistics import (
    BINS,
    FINE,
    KINDS,
    CallMeans,
    Cells,
    Correlation,
    Deviations,
    Exact,
    Extremes,
    Histogram,
    Kolmogorov,
    Lags,
    Largest,
    NormalMoments,
    Products,
    Rare,
    Shares,
    Signal,
    Stretches,
    SubGaussianMoments,
    Surplus,
    Tally,
    from_json,
)
from verify.checks.statistics.lags import BLOCKS, LONGEST
from verify.checks.words import WORDS

NAN = math.nan
EMPTY = np.zeros(BINS, dtype=np.int64)


def some_histogram(rng):
    return histogram(rng.random(1000), float(rng.integers(8)) / 2**24)


def some_extremes(rng):
    inward, outward = np.sort(rng.random((2, 2)), axis=0)[::-1] / 100
    return Extremes(int(rng.integers(1, 99)), inward, outward, float(rng.integers(8)) / 2**24)


def some_correlation(rng):
    lags = rng.permutation(["a", "b", "c", "d"])[: rng.integers(1, 4)]
    sums = {str(lag): float(rng.integers(-50, 50)) / 4 for lag in lags}
    return Correlation(sums, {lag: int(rng.integers(100, 999)) for lag in sums})


def some_lags(rng):
    sums = rng.integers(-99, 99, (2, LONGEST))
    return Lags(*sums, rng.integers(1, 9, len(BLOCKS)))


def some_cells(rng):
    return Cells(rng.integers(0, 99, 1024), rng.integers(0, 99, 512))


def some_stretches(rng):
    names = [str(name) for name in rng.permutation(["a", "b", "c"])[: rng.integers(1, 4)]]
    return Stretches(len(names), float(rng.integers(9)) / 2**70, 100, named=dict.fromkeys(names, 1))


def some_deviations(rng):
    proxies = np.array([1 / 4, 1 / 12, 1.0])
    return Deviations(rng.integers(-9, 9, 3) / 8, rng.integers(0, 99, 3), proxies)


def some_shares(rng):
    least = rng.integers(0, 64, 2) / 8
    return Shares(int(rng.integers(50, 99)), rng.integers(0, 50, 2), least, least + 1 / 4, 0.0)


POOLING = {  # Kind: (a random one whose sums are exact in doubles, the identity of merging).
    "histogram": (some_histogram, Histogram(EMPTY, np.zeros(2, dtype=np.int64), 0.0)),
    "normal_moments": (
        lambda rng: NormalMoments(
            int(rng.integers(99)), rng.integers(64) / 4, rng.integers(64) / 4
        ),
        NormalMoments(0, 0.0, 0.0),
    ),
    "sub_gaussian_moments": (
        lambda rng: SubGaussianMoments(
            int(rng.integers(99)), rng.integers(64) / 4, rng.integers(64) / 4
        ),
        SubGaussianMoments(0, 0.0, 0.0),
    ),
    "products": (
        lambda rng: Products(int(rng.integers(9, 99)), *map(float, rng.integers(1, 64, 7) / 4)),
        Products(0, *[0.0] * 7),
    ),
    "extremes": (some_extremes, Extremes(0, np.ones(2), np.ones(2), 0.0)),
    "correlation": (some_correlation, Correlation({}, {})),
    "lags": (
        some_lags,
        Lags(*np.zeros((2, LONGEST), dtype=np.int64), np.zeros(len(BLOCKS), dtype=np.int64)),
    ),
    "cells": (some_cells, nothing()),
    "stretches": (some_stretches, Stretches(0, 0.0, 0, named={})),
    "deviations": (
        some_deviations,
        Deviations(np.zeros(3), np.zeros(3, dtype=np.int64), np.zeros(3)),
    ),
    "rare": (
        lambda rng: Rare(int(rng.integers(9)), float(rng.integers(99)) / 2**8, 100, 1 / 4),
        Rare(0, 0.0, 0),
    ),
    "shares": (some_shares, Shares(0, np.zeros(2, np.int64), np.zeros(2), np.zeros(2), 0.0)),
    "call_means": (
        lambda rng: CallMeans(
            int(rng.integers(9, 99)), rng.integers(64) / 4, 16 + rng.integers(64) / 4
        ),
        CallMeans(0, 0.0, 0.0),
    ),
    "surplus": (
        lambda rng: Surplus(
            rng.integers(-9, 9, 3) / 8, rng.integers(0, 99, 3), rng.integers(0, 99, 3) / 8
        ),
        Surplus(np.zeros(1), np.zeros(1, dtype=np.int64), np.zeros(1)),
    ),
    "exact": (lambda rng: Exact(int(rng.integers(9, 99)), int(rng.integers(9))), Exact(0, 0)),
    "tally": (lambda rng: Tally(rng.integers(0, 99, 9) / 8), Tally(np.zeros(9))),
    "largest": (lambda rng: Largest(int(rng.integers(9)), float(rng.random())), Largest(0, 0.0)),
}
OPTIONAL = {  # Fields that older evidence lacks, with what they are then.
    "deviations": {"bias": 0.0},
    "normal_moments": {"resolution": 0.0},
    "sub_gaussian_moments": {"resolution": 0.0},
    "rare": {"least": 0.0},
    "signal": {"tilts": None, "cumulants": None},
    "stretches": {"least": 0.0},
}
pooling = pytest.mark.parametrize("kind", POOLING)
KOLMOGOROV = Kolmogorov(100, 0.05, 1e-7)
SINGLE = {  # What describes one sample only.
    "kolmogorov": KOLMOGOROV,
    "signal": Signal(
        np.array([1.0, 0.9]),
        np.array([1.0, 1.0]),
        512,
        -0.05,
        0.06,
        0.3,
        np.array([0.1, 0.2]),
        np.ones(4),
    ),
}  # fmt: skip


def some(kind, index=0):
    return POOLING[kind][0](stream(kind, index)) if kind in POOLING else SINGLE[kind]


class TestMerge:
    def test_every_kind_is_tested(self):
        assert {*POOLING, *SINGLE} == set(KINDS) == set(NAMES)

    @pooling
    def test_is_commutative(self, kind):
        for i in range(20):
            a, b = some(kind, i), some(kind, i + 100)
            assert a.merge(b).to_json() == b.merge(a).to_json()

    @pooling
    def test_is_associative(self, kind):
        for i in range(20):
            a, b, c = some(kind, i), some(kind, i + 100), some(kind, i + 200)
            assert a.merge(b).merge(c).to_json() == a.merge(b.merge(c)).to_json()

    @pooling
    def test_has_an_identity(self, kind):
        nothing = POOLING[kind][1]
        for i in range(20):
            a = some(kind, i)
            assert a.merge(nothing).to_json() == nothing.merge(a).to_json() == a.to_json()

    @pooling
    def test_leaves_its_parts_alone(self, kind):
        a, b = some(kind, 1), some(kind, 2)
        before = json.dumps([a.to_json(), b.to_json()])
        a.merge(b)
        assert json.dumps([a.to_json(), b.to_json()]) == before

    @pooling
    def test_nothing_is_no_alarm(self, kind):
        assert all(f.passed for f in decide(POOLING[kind][1]).values())

    def test_what_describes_one_sample_does_not_pool(self):
        assert not any(single.pools for single in SINGLE.values())
        assert all(some(kind).pools for kind in POOLING)

    def test_extremes_of_coarse_lattices_do_not_pool(self):
        assert not Extremes(5, np.ones(2), np.ones(2), 2 * FINE).pools

    @pytest.mark.parametrize("values", [(NAN, 0.5), (0.5, NAN)])
    def test_nan_survives(self, values):
        """A NaN error or extreme stays an alarm, whatever it is merged with."""
        first, second = (Largest(1, value) for value in values)
        assert not decide(first.merge(second))["orthogonality"].passed
        first, second = (Extremes(9, np.full(2, v), np.full(2, v), 0.0) for v in values)
        assert not decide(first.merge(second))["extremes"].passed


class TestJson:
    @pytest.mark.parametrize("kind", KINDS)
    def test_round_trip(self, kind):
        statistic = some(kind)
        text = json.dumps(statistic.to_json())
        again = from_json(json.loads(text))
        assert type(again) is type(statistic)
        assert json.dumps(again.to_json()) == text
        assert again.findings(NAMES[kind]) == statistic.findings(NAMES[kind])

    @pooling
    def test_what_was_read_merges_with_what_was_made(self, kind):
        a, b = some(kind, 1), some(kind, 2)
        again = from_json(json.loads(json.dumps(a.to_json())))
        assert again.merge(b).to_json() == a.merge(b).to_json()

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_missing_field_is_named(self, kind):
        document = some(kind).to_json()
        for name in document.keys() - {"kind", *OPTIONAL.get(kind, {})}:
            rest = {key: value for key, value in document.items() if key != name}
            with pytest.raises(ValueError, match=f"statistic '{kind}' lacks the field '{name}'"):
                from_json(rest)

    @pytest.mark.parametrize("document", [{"kind": "entropy", "n": 1}, {"n": 1}, {"kind": None}])
    def test_unknown_kinds_are_named(self, document):
        with pytest.raises(ValueError, match=r"unknown statistic kind (None|'entropy'|'')"):
            from_json(document)


class TestFindings:
    @pytest.mark.parametrize("kind", KINDS)
    def test_speak_in_words(self, kind):
        for check, finding in decide(some(kind)).items():
            assert check in WORDS
            assert finding.message.startswith(WORDS[check].subject(finding.passed) + ": ")
            assert finding.effect is None or (
                finding.effect.low <= finding.effect.estimate <= finding.effect.high
                and finding.effect.name
            )
            json.dumps(finding.to_json(), allow_nan=False)

    @pytest.mark.parametrize(
        ("statistic", "check"),
        [
            (Kolmogorov(100, NAN, 0.0), "kolmogorov_smirnov"),
            (Kolmogorov(1 << 20, NAN, 0.0), "kolmogorov_smirnov"),
            (Kolmogorov(100, 0.01, NAN), "kolmogorov_smirnov"),
            (NormalMoments(100, NAN, 100.0), "mean"),
            (NormalMoments(100, 0.0, NAN), "scale"),
            (Extremes(100, np.array([NAN, 0.01]), np.full(2, 0.01), 0.0), "extremes"),
            (Extremes(100, np.full(2, 0.01), np.array([0.01, NAN]), 0.0), "extremes"),
            (Correlation({"a": NAN}, {"a": 10}), "correlation"),
            (Correlation({"b": 0.0, "a": NAN}, {"b": 10, "a": 10}), "correlation"),
            (Deviations(np.array([0.0, NAN]), np.array([9, 9]), np.ones(2)), "position"),
            (Largest(3, NAN), "orthogonality"),
        ],
    )
    def test_nan_is_an_alarm(self, statistic, check):
        assert not decide(statistic)[check].passed
