"""Complex orthogonal matrices: Haar ones on U(n) pass, each departure is named."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from selftest.checks.support import alarms, stream
from verify.checks.orthogonal import reduce
from verify.engine.observation import observe
from verify.engine.sampling import Sample
from verify.laws import Haar, UnitaryHaar
from verify.subjects.tensor_law import TensorLaw


def gaussian(calls, n, k, rng):
    return rng.standard_normal((calls, n, k)) + 1j * rng.standard_normal((calls, n, k))


def fixed_qr(z):
    """Mezzadri's recipe: QR with a positive diagonal of R."""
    q, r = np.linalg.qr(z)
    diagonal = np.diagonal(r, axis1=1, axis2=2)
    return q * (diagonal / np.abs(diagonal))[:, None, :]


def haar(calls, rows, cols, rng):
    """Haar matrices of any shape, tall or wide."""
    q = fixed_qr(gaussian(calls, max(rows, cols), min(rows, cols), rng))
    return q if rows >= cols else q.transpose(0, 2, 1)


def reduced(matrices, shape=None, gain=1.0, dtype=torch.float64):
    calls, shape = len(matrices), shape or matrices.shape[1:]
    parts = np.stack([matrices.real, matrices.imag], axis=-1).reshape(calls, -1)
    values = torch.from_numpy(gain * parts).to(dtype)
    return reduce(values, shape, UnitaryHaar(gain), stream("host", calls, shape), sort=True)


SHAPES = {
    "square": ((8, 8), 500),
    "tall": ((12, 3), 500),
    "wide": ((3, 12), 500),
    "kernel": ((6, 2, 3, 2), 250),
    "large": ((96, 64), 3),
    "smallest": ((1, 1), 2000),
    "two by two": ((2, 2), 1000),
    "row": ((1, 5), 1000),
    "column": ((5, 1), 1000),
}


@pytest.mark.parametrize(("dtype", "gain"), [(torch.float32, 1.0), (torch.float64, 2.5)])
@pytest.mark.parametrize("name", SHAPES)
def test_no_alarm(name, dtype, gain):
    shape, calls = SHAPES[name]
    matrices = haar(calls, shape[0], math.prod(shape[1:]), stream("unitary", name, str(dtype)))
    assert alarms(reduced(matrices, shape, gain, dtype)) == {}


def test_scipys_unitary_group_obeys():
    matrices = stats.unitary_group.rvs(5, size=2000, random_state=stream("unitary group"))
    assert alarms(reduced(matrices)) == {}


def test_polar_factors_obey():
    u, _, v = np.linalg.svd(gaussian(1000, 6, 4, stream("polar")), full_matrices=False)
    assert alarms(reduced(u @ v)) == {}


def _parts_apart(calls, n, k, rng):
    """Each part a real Haar matrix: what parts with a law of their own would be."""
    real = [stats.ortho_group.rvs(n, size=calls, random_state=rng)[:, :, :k] for _ in range(2)]
    return (real[0] + 1j * real[1]) / math.sqrt(2)


def _real(calls, n, k, rng):
    return stats.ortho_group.rvs(n, size=calls, random_state=rng)[:, :, :k].astype(complex)


def _special(calls, n, k, rng):
    """Determinant 1: the last column turned back."""
    q = haar(calls, n, k, rng)
    q[:, :, -1] /= np.linalg.det(q)[:, None]
    return q


FAULTS = {
    "the phases are left to the factorization": (
        lambda *of: np.linalg.qr(gaussian(*of))[0], {"haar_sign"},
    ),
    "the matrix is real": (_real, {"kolmogorov_smirnov", "legendre"}),
    "the parts are orthogonal each for itself": (_parts_apart, {"orthogonality"}),
    "the determinant is one": (_special, {"haar_determinant"}),
    "a column is scaled": (
        lambda *of: haar(*of) * (1 + 1e-3 * (np.arange(of[2]) == 0)), {"orthogonality"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named(fault):
    draw, seen = FAULTS[fault]
    found = alarms(reduced(draw(2000, 4, 4, stream("unitary fault", fault))))
    assert seen <= found.keys(), found


def test_columns_that_are_turned_leave_it_haar():
    turned = haar(2000, 4, 4, stream("turned")) * np.exp(0.2j * np.arange(4))
    assert alarms(reduced(turned)) == {}


def test_completed_by_a_triangle_it_is_gaussian():
    n, k, calls = 5, 3, 40_000
    rng = stream("triangle of complex numbers")
    made = haar(calls, n, k, rng) @ UnitaryHaar.triangle(n, k, calls, rng)
    parts = np.stack([made.real, made.imag], axis=-1).reshape(calls, -1)
    assert stats.kstest(parts.ravel(), "norm").pvalue > 1e-6
    covariance = np.cov(parts.T)
    assert np.abs(covariance - np.eye(len(covariance))).max() < 8 * math.sqrt(2 / calls)


def test_a_complex_tensor_is_one_sample():
    """Its parts are no orthogonal matrices, and not independent."""
    matrices = torch.from_numpy(haar(500, 3, 3, stream("one sample"))).to(torch.complex64)
    sample = Sample({"": matrices.reshape(500, 9)}, {"": (3, 3)}, seed=1, calls=500)
    evidence = observe(sample, [TensorLaw("", (3, 3), Haar(1.0))], sort=True)
    assert {"orthogonality", "haar_entry"} <= evidence.statistics.keys()
    assert alarms(evidence.statistics) == {}
