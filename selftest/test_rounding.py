"""Bounds on rounding: sums in any order stay within, and the condition is that of theory."""

import math
from fractions import Fraction

import pytest
import torch

from verify.behaviour import symmetry, tied_gradients
from verify.behaviour.rounding import gamma, least, sensitivities

SIZE = 64


def normals(*shape, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(4), dtype=dtype)


def test_gamma():
    assert gamma(0, torch.float32) == 0
    assert gamma(1, torch.float64) == 2**-53 / (1 - 2**-53)
    assert gamma(256, torch.bfloat16) == math.inf


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_least_is_the_smallest(dtype):
    small = torch.tensor(least(torch.float64 if dtype == torch.float64 else dtype), dtype=dtype)
    assert small > 0
    assert small / 2 == 0


class TestSensitivities:
    def test_of_a_product_with_one_entry(self):
        (found,) = sensitivities(lambda data: [data[0] * data[1]], [normals(1), normals(1)], 1)
        assert found == pytest.approx(2 * float(normals(1).square()), rel=1e-2)

    def test_of_a_difference_that_cancels(self):
        """The result is 0, and its condition is that of what is subtracted."""
        data = [torch.tensor([3.0]), torch.tensor([3.0])]
        (found,) = sensitivities(lambda given: [given[0] - given[1]], data, 1)
        assert found == pytest.approx(6)

    def test_is_the_same_for_the_same_seed(self):
        def product(data):
            return [data[0] @ data[1]]

        data = [normals(3, 5), normals(5, 2)]
        assert sensitivities(product, data, 1) == sensitivities(product, data, 1)
        assert sensitivities(product, data, 1) != sensitivities(product, data, 2)

    def test_of_a_result_without_entries(self):
        assert sensitivities(lambda _: [torch.zeros(0)], [torch.ones(1)], 1) == [0.0]

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
    def test_products_summed_in_any_order_are_within(self, dtype):
        weights, values = normals(SIZE, SIZE, dtype=dtype), normals(SIZE, dtype=dtype)
        (size,) = sensitivities(lambda data: [data[0] @ data[1]], [weights, values], 1)
        exact = weights.double() @ values.double()
        for order in (range(SIZE), reversed(range(SIZE)), torch.randperm(SIZE)):
            found = torch.zeros(SIZE, dtype=dtype)
            for column in order:
                found = found + weights[:, column] * values[column]
            assert (found.double() - exact).abs().max() <= gamma(SIZE, dtype) * size


def test_symmetric_units_have_room():
    """The largest weight, input and gradient at each step: no sum has more bits than the dtype."""
    largest, most = symmetry._CONSTANT, symmetry._MOST
    for dtype, steps in symmetry._STEPS.items():
        weight, digits = Fraction(largest), 0
        for _ in range(steps):
            signal = 2 * most * weight
            gradient = 2 * symmetry._BATCH * signal
            assert gradient * 2**digits < 2 / Fraction(torch.finfo(getattr(torch, dtype)).eps)
            weight += Fraction(symmetry._RATE) * gradient
            digits += 4
            assert weight * 2**digits < 2 / Fraction(torch.finfo(getattr(torch, dtype)).eps)


def test_a_fused_step_rounds_to_the_same():
    """The worked example: w − 0.1·g with one rounding and with two."""
    for weight, gradient in ((2, 2), (1, 2), (2, 3), (1, 1), (2, 5), (1, 3)):
        fused = float(weight - Fraction(0.1) * gradient)
        assert fused == weight - 0.1 * gradient
    assert tied_gradients._stepped(True) == [2 - 0.1 * 5, 1 - 0.1 * 3]
