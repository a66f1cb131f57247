"""What lies about one, in bins that stay the same for every dtype."""

import numpy as np
import pytest
import torch

from selftest.checks.support import stream
from selftest.checks.test_orthogonal import SHAPES, haar, reduced
from verify.checks import spectrum
from verify.checks.spectrum import BEYOND, BINS, WITHIN

MIDDLE = slice(BEYOND, BEYOND + WITHIN)


@pytest.mark.parametrize("rounding", [1e-15, 1e-6, 0.1])
def test_each_distance_has_its_bin(rounding):
    off = np.array([-1.0, -rounding, -rounding / 9, rounding / 9, 0.999 * rounding, 0.4, 99.0])
    placed = [int(spectrum.counted(np.array([x]), rounding).argmax()) for x in off]
    assert placed == sorted(placed)
    # Two bins a decade, 10 and more in the last: 1 lies in the third, and 0.4 in the fourth.
    assert placed[:2] == [2, BEYOND]
    assert placed[4:] == [BEYOND + WITHIN - 1, BINS - 4, BINS - 1]


def test_nothing_is_lost():
    off = stream("spectrum").standard_normal((4, 9)) * 10.0 ** np.arange(-20, 16).reshape(4, 9)
    assert spectrum.counted(off, 1e-6).sum() == off.size
    assert spectrum.counted(np.empty(0), 1e-6).sum() == 0


def singular_values(matrices, **options):
    return reduced(matrices, **options)["singular_values"].counts


class TestMatrices:
    @pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
    @pytest.mark.parametrize("name", SHAPES)
    def test_lawful_ones_stay_within_rounding(self, name, dtype):
        shape, calls = SHAPES[name]
        matrices = haar(min(calls, 50), shape[0], int(np.prod(shape[1:])), stream(name, dtype))
        counts = singular_values(matrices, shape=shape, dtype=dtype)
        assert 0 < counts.sum() == counts[MIDDLE].sum()

    @pytest.mark.parametrize("factor", [0.5, 1.001, 2**0.5, 100.0])
    def test_a_gain_misapplied_moves_all(self, factor):
        counts = singular_values(factor * haar(5, 8, 6, stream("gain")), dtype="float32")
        assert counts.sum() == 30
        place = int(counts.argmax())
        assert counts[place] == 30
        assert place > MIDDLE.stop - 1 if factor > 1 else place < MIDDLE.start

    def test_a_row_that_is_not_normalised_shows_alone(self):
        matrices = haar(5, 6, 8, stream("row"))
        matrices[:, 2] *= 1.1
        counts = singular_values(matrices, dtype="float32")
        assert counts[MIDDLE].sum() == 25 and counts[MIDDLE.stop :].sum() == 5

    def test_gaussian_matrices_are_spread_wide(self):
        matrices = stream("gaussian").standard_normal((20, 16, 16)) / 4
        counts = singular_values(matrices, dtype="float32")
        assert counts[: MIDDLE.start].sum() > 100 < counts[MIDDLE.stop :].sum()

    def test_what_overflows_has_none(self):
        found = reduced(1e153 * haar(3, 64, 64, stream("far")))
        assert set(found) == {"finite", "orthogonality"}
        assert not found["orthogonality"].findings("orthogonality")[0].passed

    def test_of_many_or_large_matrices_only_some_are_taken(self):
        many = singular_values(haar(1000, 32, 32, stream("many")))
        assert many.sum() == 32 * 32
        assert "singular_values" not in reduced(haar(1, 300, 300, stream("large")))
        assert "singular_values" not in reduced(haar(9, 4, 4, stream("pool")), sort=False)


def test_they_decide_nothing():
    wrong = reduced(2.0 * haar(5, 8, 6, stream("gain")))["singular_values"]
    assert wrong.findings("singular_values") == []


def test_the_singular_values_are_those_of_the_matrix():
    matrices = haar(3, 9, 5, stream("known")) @ np.diag([0.5, 0.9, 1.0, 1.2, 3.0])
    expected = torch.linalg.svdvals(torch.from_numpy(matrices)).numpy() - 1
    rounding = 30 * 2.0**-52
    counts = singular_values(matrices)
    outer = np.abs(expected) > 1e-6
    assert np.array_equal(counts[MIDDLE.stop :], spectrum.counted(expected[outer & (expected > 0)],
                          rounding)[MIDDLE.stop :])  # fmt: skip
    assert np.array_equal(counts[: MIDDLE.start], spectrum.counted(expected[outer & (expected < 0)],
                          rounding)[: MIDDLE.start])  # fmt: skip
    assert counts[MIDDLE].sum() == 3
