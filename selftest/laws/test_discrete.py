"""Laws on the integers, and the order of permutations."""

import itertools

import numpy as np
import pytest
import torch
from scipy import stats

from selftest.checks.support import alarms, stream, tensor
from verify.checks import discrete
from verify.laws import (
    Bernoulli,
    Categorical,
    DiscreteUniform,
    Geometric,
    Permutation,
    Poisson,
)


def reduced(values, law, dtype="int64"):
    values = np.atleast_2d(values)
    return discrete.reduce(tensor(values, dtype), values.shape[1:], law, stream("host"))


class TestTransform:
    @pytest.mark.parametrize(
        ("law", "reference"),
        [
            (DiscreteUniform(0, 7), stats.randint(0, 7)),
            (DiscreteUniform(-3, 2), stats.randint(-3, 2)),
            (Bernoulli(0.3), stats.bernoulli(0.3)),
            (Bernoulli(1.0), stats.bernoulli(1.0)),
            (Bernoulli(0.0), stats.bernoulli(0.0)),
            (Geometric(0.3), stats.geom(0.3)),
            (Poisson(12.5), stats.poisson(12.5)),
            (Categorical((1.0, 0.0, 3.0)), stats.rv_discrete(values=([0, 2], [0.25, 0.75]))),
        ],
        ids=["low 0", "low -3", "p 0.3", "p 1", "p 0", "geometric", "poisson", "categories"],
    )
    def test_intervals_are_scipys(self, law, reference):
        low, high = law.support
        x = np.arange(low, high + 1)
        lower, upper = law.interval((x - low).astype(float), np)
        np.testing.assert_allclose(lower, reference.cdf(x - 1), atol=1e-15)
        np.testing.assert_allclose(upper, reference.cdf(x), atol=1e-15)


class TestReduce:
    @pytest.mark.parametrize(
        ("low", "high"), [(0, 10), (-5, 1000), (0, 3 << 61), ((1 << 62) - 9, 1 << 62)]
    )
    def test_lawful_whole_numbers_pass(self, low, high):
        drawn = stream("whole", low, high).integers(low, high, (2, 1 << 15))
        law = DiscreteUniform(low, high)
        found = discrete.reduce(torch.from_numpy(drawn), (1 << 15,), law, stream("host"))
        assert alarms(found) == {}
        assert {"support", "distribution", "correlation", "extremes"} <= set(found)

    def test_a_modulo_bias_of_one_percent_is_found(self):
        drawn = stream("bias").integers(0, 101 * 10**6, 1 << 20) % (100 * 10**6)
        assert "legendre" in alarms(reduced(drawn, DiscreteUniform(0, 10**8)))

    def test_the_excluded_bound_is_found(self):
        drawn = stream("bound").integers(0, 10, 1000)
        drawn[7] = 10
        assert set(alarms(reduced(drawn, DiscreteUniform(0, 10)))) == {"support"}

    def test_a_probability_off_by_a_hundredth_is_found(self):
        drawn = (stream("p").random(1 << 18) < 0.31).astype(float)
        assert alarms(reduced(drawn, Bernoulli(0.3), "float32"))
        drawn = (stream("p").random(1 << 18) < 0.3).astype(float)
        assert alarms(reduced(drawn, Bernoulli(0.3), "float32")) == {}

    @pytest.mark.parametrize("value", [0.5, np.nan, 2.0, -1.0])
    def test_what_is_neither_zero_nor_one_is_found(self, value):
        drawn = np.zeros(100)
        drawn[3] = value
        assert set(alarms(reduced(drawn, Bernoulli(0.3), "float32"))) == {"support"}


class TestPermutations:
    @staticmethod
    def permuted(n, calls):
        rows = np.tile(np.arange(n), (calls, 1))
        return stream("orders", n).permuted(rows, axis=1)

    def found(self, values):
        law = Permutation(values.shape[1])
        return alarms(discrete.reduce_permutations(tensor(values, "int64"), law, stream("host")))

    @pytest.mark.parametrize("n", [0, 1, 2, 5, 12, 13, 100])
    def test_lawful_orders_pass(self, n):
        assert self.found(self.permuted(n, 4000)) == {}

    def test_every_order_has_a_number_of_its_own(self):
        every = tensor(np.array(list(itertools.permutations(range(5)))), "int64")
        numbers = discrete._number(every).ravel()
        np.testing.assert_array_equal(numbers.numpy(), np.arange(120))

    def test_a_missing_entry_is_found(self):
        orders = self.permuted(6, 100)
        orders[5, 0] = orders[5, 1]
        assert set(self.found(orders)) == {"permutation"}

    def test_a_biased_shuffle_is_found(self):
        """Every entry swapped with any other: the classic mistake (Knuth, sec. 3.4.2)."""
        rng, orders = stream("naive"), np.tile(np.arange(4), (1 << 16, 1))
        for place in range(4):
            other = rng.integers(0, 4, len(orders))
            rows = np.arange(len(orders))
            orders[rows, place], orders[rows, other] = (
                orders[rows, other], orders[rows, place].copy(),
            )  # fmt: skip
        assert self.found(orders)

    def test_identical_orders_are_found(self):
        assert self.found(np.tile(np.arange(8)[::-1], (64, 1)))
