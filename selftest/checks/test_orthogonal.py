"""Orthogonal matrices: Haar ones pass, each departure from Haar measure is named."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from selftest.checks.support import alarms, assert_valid, findings, stream, tensor
from verify.checks.bounds import sub_gaussian
from verify.checks.orthogonal import reduce
from verify.laws import Haar


def gaussian(calls, n, k, rng):
    return rng.standard_normal((calls, n, k))


def fixed_qr(z):
    """Mezzadri's recipe: QR with a positive diagonal of R."""
    q, r = np.linalg.qr(z)
    return q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :]


def haar(calls, rows, cols, rng):
    """Haar matrices of any shape, tall or wide."""
    q = fixed_qr(gaussian(calls, max(rows, cols), min(rows, cols), rng))
    return q if rows >= cols else q.transpose(0, 2, 1)


def reduced(matrices, shape=None, gain=1.0, dtype="float64", sort=True):
    calls = len(matrices)
    shape = shape or matrices.shape[1:]
    values = tensor(gain * matrices.reshape(calls, -1), dtype)
    return reduce(values, shape, Haar(gain), stream("host", calls, shape), sort=sort)


SHAPES = {
    "square": ((8, 8), 1000),
    "tall": ((12, 3), 1000),
    "wide": ((3, 12), 1000),
    "kernel": ((6, 2, 3, 2), 500),
    "tall kernel": ((20, 2, 3), 500),
    "large": ((96, 64), 3),
    "large square": ((100, 100), 2),
    "smallest": ((1, 1), 2000),
    "two by two": ((2, 2), 2000),
    "row": ((1, 5), 1000),
    "column": ((5, 1), 1000),
    "single": ((7, 4), 1),
}


class TestLawful:
    @pytest.mark.parametrize(("dtype", "gain"), [("float32", 1.0), ("float64", 2.5)])
    @pytest.mark.parametrize("name", SHAPES)
    def test_no_alarm(self, name, dtype, gain):
        shape, calls = SHAPES[name]
        matrices = haar(calls, shape[0], math.prod(shape[1:]), stream(name, dtype))
        found = reduced(matrices, shape, gain, dtype)
        assert alarms(found) == {}
        assert {"finite", "orthogonality", "haar_sign", "haar_trace", "distribution"} <= set(found)

    def test_scipys_orthogonal_group_obeys(self):
        matrices = stats.ortho_group.rvs(5, size=3000, random_state=stream("group"))
        assert alarms(reduced(matrices)) == {}

    def test_only_square_matrices_have_a_determinant(self):
        for shape, has in [((4, 4), True), ((5, 4), False), ((4, 5), False), ((1, 1), True)]:
            found = reduced(haar(5, *shape, stream("determinant", shape)))
            assert ("haar_determinant" in found) == has

    def test_nothing_drawn_nothing_found(self):
        assert reduced(np.empty((2, 0, 4)), (0, 4)) == {}

    def test_is_reproducible(self):
        matrices = haar(50, 6, 4, stream("again"))
        assert findings(reduced(matrices)) == findings(reduced(matrices))

    def test_p_values_of_the_null_are_valid(self):
        rng, p_values = stream("null"), {}
        for _ in range(150):
            for f in findings(reduced(haar(30, 4, 4, rng))):
                if f.p_value is not None:
                    p_values.setdefault((f.check, f.n), []).append(f.p_value)
        for values in p_values.values():
            assert_valid(values)

    @pytest.mark.parametrize(("n", "k"), [(1, 1), (2, 1), (2, 2), (3, 3), (3, 2), (6, 6)])
    def test_traces_are_sub_gaussian(self, n, k):
        """The proxy 1 bounds the trace of every shape, in sums of any length."""
        traces = np.trace(haar(20_000, n, k, stream("trace", n, k)), axis1=1, axis2=2)
        for length in (1, 10):
            sums = traces.reshape(-1, length).sum(1) / math.sqrt(length)
            assert_valid([sub_gaussian(np.array([t])) for t in sums])

    def test_any_number_of_matrices_may_be_pooled(self):
        """Half a million rotations and reflections of the plane: tails have to be counted."""
        rng, calls = stream("plane"), 1 << 19
        angle, side = rng.uniform(0, 2 * math.pi, calls), rng.choice([-1.0, 1.0], calls)
        cosine, sine = np.cos(angle), np.sin(angle)
        plane = np.stack([cosine, -side * sine, sine, side * cosine], axis=1)
        assert alarms(reduced(plane.reshape(calls, 2, 2), sort=False)) == {}


def unfixed_qr(calls, n, k, rng):
    """LAPACK's Q: the diagonal of R has whatever signs it has."""
    return np.linalg.qr(gaussian(calls, n, k, rng))[0]


def positive_first_row(q):
    return q * np.sign(q[:, :1, :])


def special(q):
    """Determinant +1: the last column flipped where need be."""
    q = q.copy()
    q[:, :, -1] *= np.linalg.det(q)[:, None]
    return q


def reflections(calls, n, rng):
    """Householder reflections I − 2vvᵀ."""
    v = rng.standard_normal((calls, n, 1))
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    return np.eye(n) - 2 * v * v.transpose(0, 2, 1)


def permutations(calls, n, rng):
    """Signed permutation matrices: orthogonal, balanced, and nothing like Haar."""
    order = rng.permuted(np.tile(np.arange(n), (calls, 1)), axis=1)
    return np.eye(n)[order] * rng.choice([-1.0, 1.0], (calls, n, 1))


def conjugated(calls, n, rng):
    """Rotations of a plane, seen in a random basis: symmetric about the identity."""
    q = haar(calls, n, n, rng)
    turn = np.tile(np.eye(n), (calls, 1, 1))
    angle = rng.uniform(-1, 1, calls)
    turn[:, 0, 0] = turn[:, 1, 1] = np.cos(angle)
    turn[:, 0, 1], turn[:, 1, 0] = np.sin(angle), -np.sin(angle)
    return q @ turn @ q.transpose(0, 2, 1)


SIGNS = np.where((np.arange(6)[:, None] + np.arange(6)) % 3, 1.0, -1.0)

FAULTS = {  # Sample, and the checks that must name the fault.
    "square without the sign fix": (lambda rng: unfixed_qr(2000, 6, 6, rng), {"haar_sign"}),
    "tall without the sign fix": (lambda rng: unfixed_qr(2000, 12, 4, rng), {"haar_sign"}),
    "without the sign fix, transposed": (
        lambda rng: unfixed_qr(2000, 6, 6, rng).transpose(0, 2, 1), {"haar_sign"}),
    "large without the sign fix": (lambda rng: unfixed_qr(400, 64, 64, rng), {"haar_trace"}),
    "positive first row": (
        lambda rng: positive_first_row(haar(2000, 6, 6, rng)), {"haar_sign"}),
    "determinant one": (lambda rng: special(haar(1000, 6, 6, rng)), {"haar_determinant"}),
    "2×2 rotations": (lambda rng: special(haar(1000, 2, 2, rng)), {"haar_determinant"}),
    "Householder reflections": (
        lambda rng: reflections(1000, 6, rng), {"haar_trace", "haar_determinant", "haar_sign"}),
    "signed permutations": (lambda rng: permutations(5000, 6, rng), {"legendre", "haar_entry"}),
    "the identity": (lambda rng: np.tile(np.eye(6), (200, 1, 1)), {"haar_sign", "haar_trace"}),
    "near the identity": (lambda rng: conjugated(1000, 5, rng), {"haar_trace", "haar_sign"}),
    "fixed signs over Haar entries": (
        lambda rng: np.abs(haar(1000, 6, 6, rng)) * SIGNS, {"orthogonality", "haar_sign"}),
    "rotated unfixed QR": (
        lambda rng: unfixed_qr(2000, 6, 6, rng) * SIGNS[1], {"haar_sign"}),
    "every call the same": (
        lambda rng: np.tile(haar(1, 6, 6, rng), (1000, 1, 1)), {"haar_sign", "haar_trace"}),
    "not orthogonal": (
        lambda rng: gaussian(1000, 6, 6, rng) / math.sqrt(6), {"orthogonality"}),
    "one column off": (
        lambda rng: haar(100, 6, 6, rng) * np.r_[np.ones(5), [1.0001]], {"orthogonality"}),
    "scale 1 % off": (lambda rng: 1.01 * haar(100, 6, 6, rng), {"orthogonality"}),
    "columns of a wide matrix": (
        lambda rng: haar(100, 8, 3, rng).transpose(0, 2, 1).reshape(100, 8, 3), {"orthogonality"}),
    "never written": (lambda rng: np.zeros((100, 6, 6)), {"orthogonality"}),
    "NaN": (lambda rng: np.where(rng.random((100, 6, 6)) < 1e-2, np.nan, 0.5), {"finite"}),
}  # fmt: skip


class TestFaults:
    def test_the_gain_counts(self):
        matrices = haar(100, 6, 6, stream("gain"))
        values = tensor(matrices.reshape(100, -1))
        found = reduce(values, (6, 6), Haar(1.5), stream("host"), sort=True)
        assert "orthogonality" in alarms(found)

    def test_entries_not_beta(self):
        """Signed permutations, by their entries' law alone."""
        entry = reduced(permutations(1000, 6, stream("beta")))["haar_entry"]
        assert alarms({"haar_entry": entry})

    def test_what_is_broken_says_nothing_else(self):
        matrices = haar(10, 4, 4, stream("nan"))
        matrices[3, 2, 1] = np.nan
        found = reduced(matrices)
        assert set(found) == {"finite"}
        assert "1 of 160 mismatch" in alarms(found)["finite"]

    def test_every_finding_can_be_told_apart(self):
        """Two decisions of one cell never share a name: which one failed would be unclear."""
        names = [f.check for f in findings(reduced(haar(100, 4, 4, stream("names")), sort=False))]
        assert sorted(names) == sorted(set(names))


class TestExactly:
    def test_error_is_in_units_of_the_tolerance(self):
        matrices = haar(3, 6, 4, stream("tolerance"))
        matrices[1] *= 1 + 1e-6
        found = reduced(matrices)["orthogonality"]
        assert found.n == 3
        assert found.value == pytest.approx(2e-6 / Haar.tolerance(6, 4, 2.0**-52), rel=1e-3)

    def test_signs_traces_and_determinants_are_counted(self):
        matrices = haar(50, 5, 5, stream("counted"))
        found = reduced(matrices)
        np.testing.assert_array_equal(
            found["haar_sign"].totals, np.sign(matrices)[:, :4, :4].sum(0).ravel()
        )
        assert found["haar_trace"].totals == pytest.approx(
            np.trace(matrices, axis1=1, axis2=2).sum()
        )
        assert found["haar_determinant"].totals == pytest.approx(np.linalg.det(matrices).sum())

    def test_small_corners_leave_the_other_places_out(self):
        found = reduced(haar(50, 5, 2, stream("corner")))["haar_sign"]
        assert (found.counts.reshape(4, 4) == np.array([50, 50, 0, 0])).all()

    def test_wide_matrices_are_seen_transposed(self):
        matrices = haar(50, 3, 7, stream("wide"))
        wide, tall = reduced(matrices), reduced(matrices.transpose(0, 2, 1).copy())
        for name in ("haar_sign", "haar_trace", "haar_entry"):
            assert wide[name].to_json() == tall[name].to_json()


def on_a_lattice(calls, rows, cols, digits, rng):
    """Haar matrices by another lawful algorithm: in double precision, then rounded to nearest."""
    q = haar(calls, rows, cols, rng)
    step = 2.0 ** (np.floor(np.log2(np.abs(q))) + 1 - digits)
    return np.rint(q / step) * step


class TestCoarseLattices:
    """What is computed from a matrix keeps the matrix's lattice: no coincidence of it counts."""

    @pytest.mark.parametrize(("dtype", "digits"), [("float16", 11), ("bfloat16", 8)])
    @pytest.mark.parametrize(
        "name", ["square", "tall", "wide", "large", "smallest", "two by two", "row", "column"]
    )
    def test_half_precision(self, name, dtype, digits):
        shape, calls = SHAPES[name]
        matrices = on_a_lattice(16 * calls, *shape, digits, stream("half", name, dtype))
        assert alarms(reduced(matrices, dtype=dtype)) == {}

    def test_equal_entries_stay_equal_when_completed(self):
        """One column of float32 holds equal pairs: 0.02 a case, and all of 16 bits' values."""
        matrices = on_a_lattice(8, 4096, 1, 24, stream("pairs"))
        matrices[:, 1::2] = matrices[:, ::2]  # Every entry twice: what only a count would see.
        found = reduced(matrices, dtype="float32")
        assert not {"duplicates", "atoms", "bits"} & set(found)
        assert "correlation" in alarms(found)

    @pytest.mark.parametrize("shape", [(4096, 1), (1, 4096), (64, 64)])
    def test_a_few_exact_coincidences_are_no_alarm(self, shape):
        """Four equal pairs and three exact zeros in 2^15 entries of float32."""
        matrices = haar(8, *shape, stream("coincidences", shape)).astype(np.float32)
        flat = matrices.reshape(8, -1)
        flat[:4, 100] = flat[:4, 200]
        flat[:3, 300] = 0
        found = reduced(matrices, dtype="float32")
        assert set(alarms(found)) <= {"orthogonality"}

    @pytest.mark.parametrize("shape", [(30_000, 1), (1, 30_000), (3000, 10)])
    def test_pytorch_on_a_long_column(self, shape):
        """Some ten equal pairs and an exact zero now and then: as float32 has them."""
        generator = torch.Generator().manual_seed(1)
        matrix = torch.nn.init.orthogonal_(torch.empty(shape), generator=generator)
        found = reduce(matrix.view(1, -1), shape, Haar(1.0), stream("long"), sort=True)
        assert alarms(found) == {}

    @pytest.mark.parametrize("cols", [2, 1])
    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    def test_the_plane_has_no_heavy_tails(self, cols, dtype):
        """Two float32 rows once had tails 30 % too full: 2^20 matrices of them."""
        rng, calls = stream("plane", dtype), 1 << 20
        angle, side = rng.uniform(0, 2 * math.pi, calls), rng.choice([-1.0, 1.0], calls)
        cosine, sine = np.cos(angle), np.sin(angle)
        plane = np.stack([cosine, -side * sine, sine, side * cosine], axis=1).reshape(-1, 2, 2)
        found = reduced(plane[:, :, :cols].copy(), dtype=dtype, sort=False)
        assert alarms(found) == {}
        if (cols, dtype) == (2, "float32"):
            assert (
                stats.binomtest(int(found["haar_entry"].tails.sum()), calls, 2**-13).pvalue > 0.01
            )


class TestRepeatedMatrices:
    def test_one_matrix_for_two_layers(self):
        matrices = haar(50, 6, 4, stream("layers")).astype(np.float32)
        matrices[31] = matrices[4]
        found = reduced(matrices, dtype="float32")
        assert found["repeats"].count == 1 and "repeats" in alarms(found)

    @pytest.mark.parametrize("shape", [(1, 1), (2, 1), (2, 2)])
    def test_matrices_that_may_be_equal_say_nothing(self, shape):
        found = reduced(haar(2000, *shape, stream("may", shape)), dtype="float32")
        assert found["repeats"].n == 0

    @pytest.mark.parametrize(("rows", "cols"), [(2, 1), (2, 2), (3, 1), (3, 3), (4, 2)])
    def test_the_mass_of_one_matrix_is_a_bound(self, rows, cols):
        """Matrices within a wide rounding of a given one, counted."""
        epsilon = 0.1 / Haar.column_error(rows, cols, 1.0)
        q = haar(100_000, rows, cols, stream("mass", rows, cols))
        near = (np.linalg.norm(q - q[:1], axis=1) <= 0.1).all(axis=1)[1:].mean()
        assert near <= Haar.mass(rows, cols, epsilon)
