"""What a law answers for itself; one class is all that a new one needs."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy import special as host_special
from scipy import stats

from selftest.checks.support import alarms, stream, tensor
from verify import laws
from verify.engine.reduction import reduce
from verify.laws import LATTICES
from verify.subjects.recipes.possible import is_law

HALF, SINGLE = LATTICES["float16"], LATTICES["float32"]


@dataclass(frozen=True)
class Logistic(laws.Continuous):
    """A law that the suite does not know: Johnson, Kotz & Balakrishnan 1995, chapter 23."""

    width: float

    @property
    def support(self):
        return -math.inf, math.inf

    @property
    def scale(self):
        return self.width

    @property
    def max_scaled_density(self):
        return 0.25

    @property
    def typical_magnitude(self):
        return 1.55 * self.width  # There x·density is largest.

    @property
    def max_magnitude(self):
        return 42 * self.width

    @property
    def is_rounded(self):
        return False

    def cdf(self, x, special=host_special):
        return special.expit(x / self.width)

    def sf(self, x, special=host_special):
        return special.expit(-x / self.width)


class TestOneClass:
    @staticmethod
    def observed(law, scale=0.5):
        values = tensor(scale * stream("logistic").logistic(size=(4, 1 << 16)), "float32")
        return reduce(values, (1 << 8, 1 << 8), law, stream("host"), sort=True)

    def test_it_is_held_by_every_check(self):
        evidence = self.observed(Logistic(0.5))
        assert alarms(evidence.statistics) == {}
        assert {"distribution", "kolmogorov_smirnov", "extremes", "repeats", "correlation"} <= (
            evidence.statistics.keys()
        )

    def test_another_scale_is_found(self):
        assert "legendre" in alarms(self.observed(Logistic(0.5), scale=0.51).statistics)

    def test_what_it_says_of_itself_follows(self):
        law = Logistic(0.5)
        assert is_law(law) and law.is_random((3, 4)) and not law.is_random((3, 0))
        assert law.fits(HALF) and not Logistic(1e4).fits(HALF)
        assert law.entropy((1000,), SINGLE) == pytest.approx(
            -1000 * math.log2(law.point_mass(SINGLE.step, SINGLE.draw_step))
        )
        assert [words for words, is_met in Logistic(0.0).demands((3,)) if not is_met]


@dataclass(frozen=True)
class Laplace(laws.Continuous):
    """A law of two branches: Johnson, Kotz & Balakrishnan 1995, chapter 24."""

    support, scale, max_scaled_density = (-math.inf, math.inf), 1.0, 0.5
    typical_magnitude, max_magnitude = 1.0, 42.0
    is_accurate_in_float32, is_rounded = False, False

    def cdf(self, x, special=host_special):
        tail = special.exp2(-abs(x) / math.log(2)) / 2
        return (x < 0) * tail + (x >= 0) * (1 - tail)

    def sf(self, x, special=host_special):
        return self.cdf(-x, special)


class TestTwoBranches:
    """Written as `Continuous.cdf` says: there is no `where` for all of its arguments."""

    def test_numbers_arrays_and_tensors_give_the_same(self):
        x, law = np.linspace(-40.0, 40.0, 1001), Laplace()
        expected = stats.laplace.cdf(x)
        device = law.cdf(torch.from_numpy(x), torch.special).numpy()
        for found in (law.cdf(x), device, [law.cdf(float(value)) for value in x]):
            np.testing.assert_allclose(found, expected, rtol=1e-13)
        np.testing.assert_allclose(law.sf(x), stats.laplace.sf(x), rtol=1e-13)

    @pytest.mark.parametrize(("wrong", "found"), [(1.0, False), (1.02, True)])
    def test_it_is_held_by_every_check(self, wrong, found):
        values = tensor(wrong * stream("laplace").laplace(size=(4, 1 << 16)), "float32")
        evidence = reduce(values, (1 << 8, 1 << 8), Laplace(), stream("host"), sort=True)
        assert bool(alarms(evidence.statistics)) is found


class TestEntropy:
    def test_of_values_alike_there_is_none(self):
        for law in (laws.Normal(0.0, 0.0), laws.Uniform(1.0, 1.0), laws.Constant(0.5)):
            assert law.entropy((100, 100), SINGLE) == 0

    def test_of_a_uniform_it_is_that_of_its_bits(self):
        """Two of its 2²⁴ numbers at most are rounded to one."""
        assert laws.Uniform(0.0, 1.0).entropy((10, 2), SINGLE) == 20 * 23

    def test_of_a_sparse_matrix_it_is_that_of_what_is_left(self):
        law = laws.Sparse(0.5, 1.0)
        assert law.entropy((10, 4), SINGLE) == laws.Normal(0.0, 1.0).entropy((20,), SINGLE)
        assert law.entropy((40,), SINGLE) == 0  # Where the zeros are in it nobody knows.

    def test_of_an_orthogonal_matrix_it_is_enough_or_unknown(self):
        assert laws.Haar(1.0).entropy((4, 4), SINGLE) == math.inf
        assert laws.Haar(1.0).entropy((3, 5), SINGLE) == laws.Haar(0.0).entropy((4, 4), SINGLE) == 0

    def test_two_draws_agree_no_more_often(self):
        """Of one float16 value: 2^-entropy bounds the probability of the likeliest."""
        drawn = torch.from_numpy(stream("likely").standard_normal(1 << 20)).to(torch.float16)
        likeliest = int(drawn.unique(return_counts=True)[1].max()) / drawn.numel()
        assert likeliest < 1.1 * 2 ** -laws.Normal(0.0, 1.0).entropy((1,), HALF)


def test_a_column_of_one_row_leaves_no_place_to_chance():
    law = laws.Sparse(0.1, 1.0)
    assert law.is_random((2, 5)) and not law.is_random((1, 5))
    assert not laws.Eye().is_random((5, 5))
