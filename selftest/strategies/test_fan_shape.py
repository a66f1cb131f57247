"""Shapes of weights that have a fan-in and a fan-out."""

import math

import pytest
from hypothesis.errors import InvalidArgument

from strategies import fan_shapes


class TestFanShapes:
    @pytest.mark.parametrize(
        "bounds",
        [
            {},
            {"min_dims": 4, "max_dims": 5},
            {"max_numel": 1},
            {"max_numel": 7},
            {"min_size": 3, "max_size": 4},
            {"min_size": 2, "max_numel": 33},
            {"max_size": 3},
            {"max_dims": 12},
        ],
    )
    def test_valid(self, draws, bounds):
        max_numel = bounds.get("max_numel", 2**22)
        for shape in draws(fan_shapes(**bounds)):
            assert bounds.get("min_dims", 2) <= len(shape) <= bounds.get("max_dims", 6)
            assert all(bounds.get("min_size", 1) <= size for size in shape)
            assert all(size <= bounds.get("max_size", max_numel) for size in shape)
            assert math.prod(shape) <= max_numel

    @pytest.mark.parametrize(
        ("bounds", "sentence"),
        [
            ({"min_dims": 1}, "min_dims must be at least 2, got 1"),
            ({"min_size": 0}, "min_size must be at least 1, got 0"),
            ({"min_dims": 5, "max_dims": 4}, "min_dims=5 must not be larger than max_dims=4"),
            (
                {"min_size": 2, "max_numel": 3},
                "min_dims=2 with min_size=2 needs 4 elements, more than max_numel=3",
            ),
        ],
    )
    def test_invalid(self, bounds, sentence):
        with pytest.raises(InvalidArgument) as error:
            fan_shapes(**bounds)
        assert str(error.value) == sentence


@pytest.fixture(scope="module")
def many(draws):
    """Many values."""
    return draws(fan_shapes(), 1000)


class TestQuality:
    def test_in_differs_from_out(self, many, share):
        assert share(many, lambda shape: shape[0] != shape[1]) >= 0.85

    def test_either_is_the_larger(self, many, share):
        assert share(many, lambda shape: shape[0] > shape[1]) >= 0.35
        assert share(many, lambda shape: shape[0] < shape[1]) >= 0.35

    def test_depthwise(self, many, share):
        assert share(many, lambda shape: shape[1] == 1 < shape[0]) >= 0.05

    @pytest.mark.parametrize("count", range(2, 7))
    def test_every_number_of_axes(self, many, share, count):
        assert share(many, lambda shape: len(shape) == count) >= 0.14

    def test_receptive_fields_are_asymmetric(self, draws, share):
        found = draws(fan_shapes(min_dims=4, max_dims=4), 500)
        assert share(found, lambda shape: shape[2] != shape[3]) >= 0.7

    def test_kernels_are_realistic(self, draws, share):
        kernels = [shape[2] for shape in draws(fan_shapes(min_dims=3, max_dims=3), 600)]
        assert share(kernels, lambda size: size <= 7) >= 0.6
        for size in range(1, 12):
            assert size in kernels
        assert 0.01 <= share(kernels, lambda size: size > 11) <= 0.1

    def test_numel_spreads_over_powers_of_two(self, draws):
        found = draws(fan_shapes(max_dims=4), 1000)
        octaves = [math.log2(math.prod(shape)) for shape in found]
        for low in range(0, 22, 2):
            assert sum(low <= octave < low + 2 for octave in octaves) >= 25


class TestShrinking:
    def test_simplest(self, simplest):
        assert simplest(fan_shapes()) == (1, 1)
        assert simplest(fan_shapes(min_dims=5)) == (1, 1, 1, 1, 1)

    def test_kernel(self, simplest):
        assert simplest(fan_shapes(min_dims=3), lambda shape: shape[2] > 1) == (1, 1, 2)
