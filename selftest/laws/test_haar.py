"""The Haar law against scipy.stats.beta, scipy.stats.ortho_group and Bartlett's theorem."""

import zlib

import numpy as np
import pytest
from scipy import stats

from verify.laws import Haar

SEED = 20_260_101
BUDGET = 1e-12
COUNT = 20_000


def stream(*name):
    return np.random.default_rng([SEED, zlib.crc32(repr(name).encode())])


def assert_follows(sample, cdf):
    """Kolmogorov–Smirnov by the Dvoretzky–Kiefer–Wolfowitz bound, at the budget."""
    values = np.sort(cdf(np.asarray(sample, dtype=np.float64).ravel()))
    ranks = np.arange(values.size + 1) / values.size
    distance = max((ranks[1:] - values).max(), (values - ranks[:-1]).max())
    assert distance < np.sqrt(np.log(2 / BUDGET) / (2 * values.size))


@pytest.fixture(scope="module")
def triangle():
    """Many triangles of 6×4 matrices."""
    return Haar.triangle(6, 4, COUNT, stream("triangle"))


@pytest.fixture(scope="module", params=[5, 3], ids=["square", "tall"])
def completed(request):
    """Completed Haar matrices of 5 rows, flattened."""
    k = request.param
    q = stats.ortho_group.rvs(5, size=COUNT, random_state=stream("group", k))[:, :, :k]
    return (q @ Haar.triangle(5, k, COUNT, stream("completion", k))).reshape(COUNT, -1)


class TestTriangle:
    def test_is_upper_triangular(self, triangle):
        assert triangle.shape == (COUNT, 4, 4)
        assert triangle.dtype == np.float64
        assert (np.tril(triangle, -1) == 0).all()

    def test_diagonal_is_chi_with_falling_degrees(self, triangle):
        for i in range(4):
            assert (triangle[:, i, i] > 0).all()
            assert_follows(triangle[:, i, i], stats.chi(6 - i).cdf)

    def test_rest_is_standard_normal(self, triangle):
        for i, j in zip(*np.triu_indices(4, 1), strict=True):
            assert_follows(triangle[:, i, j], stats.norm.cdf)

    def test_entries_are_independent(self, triangle):
        upper = triangle[:, *np.triu_indices(4)]
        correlation = np.corrcoef(upper, rowvar=False) - np.eye(upper.shape[1])
        assert np.abs(correlation).max() < 8 / np.sqrt(COUNT)

    def test_is_the_r_of_a_gaussian_matrix(self, triangle):
        """The same law as LAPACK's R of normal matrices, with a positive diagonal."""
        gaussian = stream("gaussian").standard_normal((COUNT, 6, 4))
        r = np.abs(np.linalg.qr(gaussian, mode="r"))
        for i, j in zip(*np.triu_indices(4), strict=True):
            distance = stats.ks_2samp(np.abs(triangle[:, i, j]), r[:, i, j], method="asymp")
            assert distance.pvalue > BUDGET

    @pytest.mark.parametrize(("n", "k"), [(1, 1), (5, 1), (3, 3)])
    def test_small_shapes(self, n, k):
        triangle = Haar.triangle(n, k, 10, stream("small", n, k))
        assert triangle.shape == (10, k, k)
        assert np.isfinite(triangle).all()


class TestCompletion:
    """A Haar matrix times an independent triangle is a matrix of independent normals."""

    def test_every_entry_is_standard_normal(self, completed):
        for entry in completed.T:
            assert_follows(entry, stats.norm.cdf)

    def test_matrices_have_the_chi_square_norm(self, completed):
        assert_follows((completed**2).sum(1), stats.chi2(completed.shape[1]).cdf)

    def test_entries_and_their_squares_are_uncorrelated(self, completed):
        for values in (completed, completed**2):
            correlation = np.corrcoef(values, rowvar=False) - np.eye(values.shape[1])
            assert np.abs(correlation).max() < 9 / np.sqrt(COUNT)

    def test_any_projection_is_normal(self, completed):
        direction = stream("direction").standard_normal(completed.shape[1])
        assert_follows(completed @ direction / np.linalg.norm(direction), stats.norm.cdf)


def entry_cdf(q, n):
    return Haar.direction_cdf(q, np.sqrt(1 - np.square(q)), n)


class TestEntry:
    @pytest.mark.parametrize("n", [2, 3, 4, 10, 257, 4096])
    def test_squares_are_beta(self, n):
        q = np.concatenate([np.linspace(-1, 1, 401), [-1e-3, 1e-3, 1e-9]])
        reference = 0.5 + np.sign(q) * stats.beta(0.5, (n - 1) / 2).cdf(q**2) / 2
        np.testing.assert_allclose(entry_cdf(q, n), reference, rtol=1e-10, atol=1e-15)

    def test_on_the_circle_it_is_the_arcsine_law(self):
        q = np.linspace(-1, 1, 101)
        np.testing.assert_allclose(entry_cdf(q, 2), 0.5 + np.arcsin(q) / np.pi, atol=1e-12)

    def test_on_the_sphere_it_is_uniform(self):
        """Archimedes: the height of a random point of the sphere is uniform."""
        q = np.linspace(-1, 1, 101)
        np.testing.assert_allclose(entry_cdf(q, 3), (q + 1) / 2, atol=1e-12)

    @pytest.mark.parametrize("n", [2, 5])
    def test_no_length_is_one_exactly(self, n):
        ends = Haar.direction_cdf(np.array([-1.0000001, 1.0000001]), np.zeros(2), n)
        np.testing.assert_array_equal(ends, [0, 1])
        angle = np.linspace(0.1, 3, 30)
        one, other = (r * np.array([np.cos(angle), np.sin(angle)]) for r in (1, 1.5))
        np.testing.assert_allclose(Haar.direction_cdf(*one, n), Haar.direction_cdf(*other, n))

    def test_in_the_plane_the_angle_decides(self):
        """Near ±1 the cdf of a rounded entry is off by 1e-4, that of the rounded angle is not."""
        angle = np.array([1e-4, 1e-3])
        cosine, sine = (f(angle).astype(np.float32).astype(float) for f in (np.cos, np.sin))
        found = Haar.direction_cdf(cosine, sine, 2)
        np.testing.assert_allclose(found, 1 - angle / np.pi, atol=1e-10)

    @pytest.mark.parametrize("n", [2, 3, 6])
    def test_orthogonal_groups_obey(self, n):
        q = stats.ortho_group.rvs(n, size=5000, random_state=stream("entries", n))
        for i, j in [(0, 0), (0, n - 1), (n - 1, 0)]:
            assert_follows(q[:, i, j], lambda x: entry_cdf(x, n))
        assert_follows(q.sum((1, 2)) / n, lambda x: entry_cdf(x, n))


class TestTolerance:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize(("rows", "cols"), [(4, 4), (16, 3), (100, 100), (512, 64)])
    def test_householder_qr_stays_well_below(self, rows, cols, dtype):
        gaussian = stream("qr", rows, cols).standard_normal((rows, cols)).astype(dtype)
        q = np.linalg.qr(gaussian)[0].astype(np.float64)
        error = np.abs(q.T @ q - np.eye(cols)).max()
        assert error < Haar.tolerance(rows, cols, float(np.finfo(dtype).eps)) / 2

    def test_is_symmetric_and_as_documented(self):
        assert Haar.tolerance(16, 4, 1e-7) == Haar.tolerance(4, 16, 1e-7) == 4e-6
