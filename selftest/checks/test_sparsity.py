"""Sparse matrices: lawful ones pass, each planted fault is named."""

import numpy as np
import pytest

from selftest.checks.support import alarms, assert_valid, findings, stream, tensor
from verify.checks.sparsity import STRIPES, reduce
from verify.laws import Sparse

LAW = Sparse(0.1, 0.01)


def zero_places(calls, rows, cols, zeros, rng):
    """Which entries are zero: a random subset of the rows in each column."""
    return rng.random((calls, rows, cols)).argsort(1).argsort(1) < zeros


def matrices(calls, rows, cols, law, rng, places=None):
    zeros = law.zeros(rows)
    places = zero_places(calls, rows, cols, zeros, rng) if places is None else places
    return np.where(places, 0.0, rng.normal(0, law.std, (calls, rows, cols)))


def reduced(values, law=LAW, dtype="float64", sort=True):
    calls, rows, cols = values.shape
    flat = tensor(values.reshape(calls, rows * cols), dtype)
    return reduce(flat, (rows, cols), law, stream("host"), sort=sort)


SHAPES = {
    "tall": (2, 1000, 30),
    "wide": (2, 30, 400),
    "many small": (500, 7, 5),
    "one column": (300, 20, 1),
    "one row": (300, 1, 20),
    "smallest": (200, 1, 1),
    "two rows": (200, 2, 9),
}


class TestLawful:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.5, 0.97, 1.0])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_no_alarm(self, shape, sparsity, dtype):
        law = Sparse(sparsity, 0.3)
        values = matrices(*SHAPES[shape], law, stream(shape, sparsity, dtype))
        found = reduced(values, law, dtype)
        assert alarms(found) == {}
        assert {"zero_count", "extra_zeros"} <= set(found)
        assert ("zero_position" in found) == (0 < law.zeros(values.shape[1]) < values.shape[1])

    @pytest.mark.parametrize("shape", [(2, 0, 5), (2, 5, 0)])
    def test_nothing_drawn_nothing_found(self, shape):
        assert reduced(np.empty(shape)) == {}

    def test_a_normal_zero_in_millions_is_lawful(self):
        values = matrices(1, 1000, 100, LAW, stream("zero"))
        values[0, values[0, :, 0].nonzero()[0][0], 0] = 0
        assert alarms(reduced(values, dtype="float32")) == {}

    @pytest.mark.parametrize("rows", [2, 5, 40])
    def test_p_values_of_the_null_are_valid(self, rows):
        rng, law, p_values = stream("null", rows), Sparse(0.3, 1.0), {}
        for _ in range(200):
            for f in findings(reduced(matrices(4, rows, 12, law, rng), law)):
                if f.p_value is not None:
                    p_values.setdefault(f.check, []).append(f.p_value)
        assert {"zero_position", "zero_overlap", "extra_zeros", "scale"} <= set(p_values)
        for values in p_values.values():
            assert_valid(values)


def counted(zeros):
    """Matrices with another number of zeros in each column than the law's 20."""
    return lambda rng: matrices(1, 200, 50, LAW, rng, zero_places(1, 200, 50, zeros, rng))


def same_rows(rng):
    column = zero_places(1, 200, 1, 20, rng)
    return matrices(1, 200, 300, LAW, rng, np.tile(column, (1, 1, 300)))


def shared_with_next(rng):
    """Pairs of columns share their rows."""
    return matrices(1, 200, 300, LAW, rng, np.repeat(zero_places(1, 200, 150, 20, rng), 2, axis=2))


def first_rows(rng):
    places = np.zeros((1, 200, 50), dtype=bool)
    places[:, :20] = True
    return matrices(1, 200, 50, LAW, rng, places)


def never_last_row(rng):
    places = np.zeros((20, 20, 300), dtype=bool)
    places[:, :19] = zero_places(20, 19, 300, 2, rng)
    return matrices(20, 20, 300, LAW, rng, places)


def lower_rows(rng):
    """The lower three quarters are preferred, slightly."""
    score = rng.random((20, 200, 50)) - 0.05 * (np.arange(200)[:, None] > 50)
    return matrices(20, 200, 50, LAW, rng, score.argsort(1).argsort(1) < 20)


FAULTS = {  # Sample, and the checks that must name the fault.
    "one zero too few": (counted(19), {"zero_count"}),
    "one zero too many": (counted(21), {"extra_zeros"}),
    "no zeros": (counted(0), {"zero_count"}),
    "all zeros": (counted(200), {"extra_zeros"}),
    "rows instead of columns": (
        lambda rng: matrices(1, 50, 200, LAW, rng).transpose(0, 2, 1),
        {"zero_count", "extra_zeros"}),
    "random number of zeros": (
        lambda rng: matrices(1, 200, 50, LAW, rng, rng.random((1, 200, 50)) < 0.1),
        {"zero_count", "extra_zeros"}),
    "every column alike": (same_rows, {"zero_overlap"}),
    "pairs of columns alike": (shared_with_next, {"zero_overlap"}),
    "the first rows": (first_rows, {"zero_position", "zero_overlap"}),
    "never the last row": (never_last_row, {"zero_position"}),
    "lower rows preferred": (lower_rows, {"zero_position"}),
    "scale 5 % off": (lambda rng: 1.05 * matrices(1, 1000, 60, LAW, rng), {"scale"}),
    "shifted": (
        lambda rng: (m := matrices(1, 1000, 60, LAW, rng)) + 0.001 * (m != 0), {"mean"}),
    "uniform values": (
        lambda rng: np.sign(m := matrices(1, 1000, 60, LAW, rng)) * rng.uniform(0, 0.0173, m.shape),
        {"kolmogorov_smirnov"}),
    "one value repeated": (
        lambda rng: np.where(
            rng.random((1, 1000, 60)) < 0.9, matrices(1, 1000, 60, LAW, rng), 0.004),
        {"duplicates"}),
    "an outlier": (
        lambda rng: np.concatenate([matrices(1, 200, 50, LAW, rng), np.full((1, 200, 50), 0.5)]),
        {"extremes"}),
    "NaN": (
        lambda rng: np.where(
            rng.random((1, 200, 50)) < 1e-3, np.nan, matrices(1, 200, 50, LAW, rng)),
        {"finite"}),
}  # fmt: skip


class TestExactly:
    def test_zeros_are_counted(self):
        values = matrices(3, 50, 40, LAW, stream("count"))
        values[0, :, 0] = 1.0
        values[2, :, 5] = 0.0
        found = reduced(values)
        assert (found["zero_count"].n, found["zero_count"].mismatches) == (120, 1)
        assert found["extra_zeros"].count == 45

    def test_overlap_beyond_the_hypergeometric_mean(self):
        values = matrices(3, 50, 40, LAW, stream("overlap"))
        zero = values == 0
        shared = (zero[:, :, 1:] & zero[:, :, :-1]).sum()
        found = reduced(values)["zero_overlap"]
        assert found.totals[0] == pytest.approx(shared - 3 * 39 * 5 * 5 / 50)
        assert found.counts[0] == 3 * 39 * 5

    def test_the_values_are_held_against_their_normal(self):
        values = matrices(1, 1000, 60, LAW, stream("values"))
        found = reduced(values)["moments"]
        rest = values[values != 0] / 0.01
        assert found.n == rest.size == 54_000
        assert found.squares == pytest.approx((rest**2).sum(), rel=1e-9)


class TestCoarseLattices:
    @pytest.mark.parametrize("dtype", ["float16", "float32"])
    def test_values_that_round_to_zero_are_lawful(self, dtype):
        """In float16 a normal value of size 2^-23 rounds to zero in two of ten draws."""
        law = Sparse(0.1, 2.0**-23 if dtype == "float16" else 0.01)
        values = matrices(40, 200, 50, law, stream("tiny", dtype))
        assert alarms(reduced(values, law, dtype=dtype)) == {}


class TestStripes:
    """Where the zeros lie, for a picture."""

    @staticmethod
    def stripes(values, **options):
        return reduced(values, **options)["zero_rows"].counts

    @pytest.mark.parametrize("rows", [2, 7, 32, 33, 100])
    def test_one_zero_in_every_row_fills_all_alike(self, rows):
        places = np.eye(rows, dtype=bool)[None]
        law = Sparse(1 / rows, 1.0)
        values = matrices(1, rows, rows, law, stream("diagonal", rows), places)
        assert self.stripes(values, law=law) == pytest.approx(np.full(STRIPES, rows / STRIPES))

    def test_zeros_of_the_first_rows_fill_the_first(self):
        places = np.zeros((4, 64, 10), dtype=bool)
        places[:, :16] = True
        law = Sparse(0.25, 1.0)
        counts = self.stripes(matrices(4, 64, 10, law, stream("first"), places), law=law)
        assert counts[: STRIPES // 4] == pytest.approx(np.full(STRIPES // 4, 80.0))
        assert not counts[STRIPES // 4 :].any()

    def test_every_zero_counts_once(self):
        values = matrices(3, 45, 20, LAW, stream("once"))
        assert self.stripes(values).sum() == pytest.approx((values == 0).sum())
        assert reduced(values)["zero_rows"].findings("zero_rows") == []
