"""Sparse matrices: lawful ones pass, each planted fault is named."""

import numpy as np
import pytest
from scipy import stats

from selftest.checks.support import alarms, assert_valid, findings, stream, tensor
from verify.checks.sparsity import STRIPES, reduce
from verify.checks.words import WORDS
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


def shared_with_the_next_but_one(rng):
    """Columns two apart share their rows."""
    pairs = zero_places(1, 200, 150, 20, rng).reshape(1, 200, 75, 1, 2)
    return matrices(1, 200, 300, LAW, rng, np.tile(pairs, (1, 1, 1, 2, 1)).reshape(1, 200, 300))


def same_in_every_call(rng):
    return matrices(20, 200, 3, LAW, rng, np.repeat(zero_places(1, 200, 3, 20, rng), 20, axis=0))


def avoiding_the_call_before(rng):
    """Every second call places its zeros where the one before has none."""
    order = rng.random((30, 20, 10)).argsort(1).argsort(1)
    places = np.stack([order < 8, order >= 12], axis=1).reshape(60, 20, 10)
    return matrices(60, 20, 10, Sparse(0.4, 0.01), rng, places)


def even_rows(rng):
    places = np.zeros((1, 200, 50), dtype=bool)
    places[:, ::2] = zero_places(1, 100, 50, 20, rng)
    return matrices(1, 200, 50, LAW, rng, places)


def evenly_spread(rng):
    """Every tenth row, from a random one on."""
    start = rng.integers(0, 10, 50)
    places = (np.arange(200)[:, None] - start) % 10 == 0
    return matrices(1, 200, 50, LAW, rng, places[None])


def one_run(rng):
    """All zeros of a column in a row, from a random one on, around the end."""
    start = rng.integers(0, 200, 50)
    return matrices(1, 200, 50, LAW, rng, ((np.arange(200)[:, None] - start) % 200 < 20)[None])


def one_in_each_tenth(rng):
    start = rng.integers(0, 10, (20, 300))
    places = np.arange(10)[None, :, None] == start[:, None, :]
    return matrices(1, 200, 300, LAW, rng, places.reshape(1, 200, 300))


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
    "columns two apart alike": (shared_with_the_next_but_one, {"zero_overlap"}),
    "every call alike": (same_in_every_call, {"zero_overlap"}),
    "calls that avoid each other": (avoiding_the_call_before, {"zero_overlap"}),
    "even rows only": (even_rows, {"zero_position"}),
    "evenly spread": (evenly_spread, {"zero_position"}),
    "in one run": (one_run, {"zero_position"}),
    "one in each of twenty parts": (one_in_each_tenth, {"zero_position"}),
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
        columns = (values == 0).transpose(1, 0, 2).reshape(50, 120)
        found, places = reduced(values)["zero_overlap"], WORDS["zero_overlap"].places
        lags = {f"with the column {lag} further": lag for lag in range(1, 40)}
        lags |= {"with the same column of the next call": 40}
        lags |= {"with the same column of the call after the next": 80}
        lags |= {"with the column half a matrix further": 20}
        for name, lag in lags.items():
            place, pairs = places.index(name), 120 - lag
            shared = (columns[:, lag:] & columns[:, :-lag]).sum()
            assert found.totals[place] == pytest.approx(shared - pairs * 5 * 5 / 50)
            assert found.counts[place] == pairs * 5
            law = stats.hypergeom(50, 5, 5)
            assert found.variances[place] == pytest.approx(pairs * law.var())

    def test_rows_beyond_the_hypergeometric_mean(self):
        values = matrices(3, 50, 40, LAW, stream("rows"))
        zero = values == 0
        found, places = reduced(values)["zero_position"], WORDS["zero_position"].places
        sets = {
            "in the first row": [0],
            "in the last row": [49],
            "in part 1 of 32 of the rows": [0, 1],
        }
        sets |= {"in rows 3 modulo 8": range(3, 50, 8), "in rows 0 modulo 2": range(0, 50, 2)}
        for name, rows in sets.items():
            place, law = places.index(name), stats.hypergeom(50, len(rows), 5)
            assert found.totals[place] == pytest.approx(zero[:, rows].sum() - 120 * law.mean())
            assert (found.counts[place], found.variances[place]) == (
                600,
                pytest.approx(120 * law.var()),
            )

    def test_pairs_at_a_distance_given_the_margins(self):
        values = matrices(1, 50, 40, LAW, stream("distance"))
        one, other = (
            (values[0, :48] == 0).reshape(4, 2, 6, 40).transpose(1, 0, 2, 3).reshape(2, 24, 40)
        )
        found = reduced(values)["zero_position"]
        place = WORDS["zero_position"].places.index("at 6 rows from another")
        a, b, n = one.sum(0), other.sum(0), 24
        assert found.totals[place] == pytest.approx((one & other).sum() - (a * b / n).sum())
        variance = (a * (n - a) * b * (n - b) / (n**2 * (n - 1))).sum()
        assert found.variances[place] == pytest.approx(variance)


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
