"""Shapes of any tensor."""

import math

import pytest
from hypothesis.errors import InvalidArgument

from strategies import shapes
from strategies._choices import BOUNDARY_SIZES

BOUNDS = [
    {},
    {"min_dims": 2, "max_dims": 4},
    {"min_size": 1},
    {"min_size": 3, "max_size": 5},
    {"max_size": 0},
    {"max_size": 1},
    {"min_dims": 3, "max_dims": 3, "max_numel": 1, "min_size": 1},
    {"min_size": 7, "max_numel": 400, "max_dims": 9},
    {"max_dims": 0},
    {"max_dims": 20},
    {"min_dims": 6, "min_size": 2, "max_numel": 64},
    {"max_numel": 41_000},
]


class TestShapes:
    @pytest.mark.parametrize("bounds", BOUNDS)
    def test_valid(self, draws, bounds):
        max_numel = bounds.get("max_numel", 2**22)
        for shape in draws(shapes(**bounds)):
            assert isinstance(shape, tuple) and all(type(size) is int for size in shape)
            assert bounds.get("min_dims", 0) <= len(shape) <= bounds.get("max_dims", 6)
            assert all(bounds.get("min_size", 0) <= size for size in shape)
            assert all(size <= bounds.get("max_size", max_numel) for size in shape)
            assert math.prod(shape) <= max_numel

    @pytest.mark.parametrize(
        ("bounds", "sentence"),
        [
            ({"min_dims": -1}, "min_dims must be at least 0, got -1"),
            ({"max_dims": 2.5}, "max_dims must be an integer, got 2.5"),
            ({"min_dims": True}, "min_dims must be an integer, got True"),
            ({"min_dims": 4, "max_dims": 3}, "min_dims=4 must not be larger than max_dims=3"),
            ({"min_size": 4, "max_size": 3}, "min_size=4 must not be larger than max_size=3"),
            ({"max_size": -1}, "max_size must be at least 0, got -1"),
            ({"max_numel": 0}, "max_numel must be at least 1, got 0"),
            ({"max_dims": 65}, "max_dims must be at most 64, got 65"),
            (
                {"min_dims": 3, "min_size": 9, "max_numel": 100},
                "min_dims=3 with min_size=9 needs 729 elements, more than max_numel=100",
            ),
        ],
    )
    def test_invalid(self, bounds, sentence):
        with pytest.raises(InvalidArgument) as error:
            shapes(**bounds)
        assert str(error.value) == sentence


@pytest.fixture(scope="module")
def many(draws):
    """Many values."""
    return draws(shapes(), 2000)


class TestQuality:
    def test_numel_spreads_over_powers_of_two(self, draws):
        found = draws(shapes(min_dims=1, min_size=1), 1000)
        octaves = [math.log2(math.prod(shape)) for shape in found]
        for low in range(0, 22, 2):
            assert sum(low <= octave < low + 2 for octave in octaves) >= 0.04 * len(found)

    @pytest.mark.parametrize("count", range(7))
    def test_every_number_of_axes(self, many, share, count):
        assert share(many, lambda shape: len(shape) == count) >= (0.1 if count else 0.05)

    @pytest.mark.parametrize("size", BOUNDARY_SIZES)
    def test_boundary_sizes(self, many, share, size):
        least = 0.15 if size < 15 else 0.02 if size < 255 else 0.005
        assert share(many, lambda shape: size in shape) >= least

    def test_just_above_the_parallel_threshold(self, many, share):
        assert share(many, lambda shape: 40_960 < math.prod(shape) < 41_200) >= 0.02

    def test_zero_sizes_now_and_then(self, many, share):
        assert 0.02 <= share(many, lambda shape: 0 in shape) <= 0.08

    def test_no_zero_unless_allowed(self, draws):
        assert not any(0 in shape for shape in draws(shapes(min_size=1), 1000))

    @pytest.mark.parametrize("count", [2, 3, 4])
    def test_any_axis_may_be_the_long_one(self, draws, count):
        found = draws(shapes(min_dims=count, max_dims=count, min_size=1), 600)
        lopsided = [shape for shape in found if max(shape) > 4 * sorted(shape)[-2]]
        assert len(lopsided) > 60
        for axis in range(count):
            longest = sum(shape[axis] == max(shape) for shape in lopsided)
            assert longest >= 0.6 * len(lopsided) / count

    def test_balanced_shapes_too(self, draws, share):
        found = draws(shapes(min_dims=3, max_dims=3, min_size=1), 600)
        assert share(found, lambda shape: min(shape) > 1) >= 0.4
        assert share(found, lambda shape: max(shape) <= 8 * min(shape)) >= 0.1

    def test_sizes_differ(self, draws, share):
        found = draws(shapes(min_dims=2, max_dims=2, min_size=2), 600)
        assert share(found, lambda shape: shape[0] != shape[1]) >= 0.8

    def test_few_repetitions(self, draws):
        assert len(set(draws(shapes(min_dims=2), 300))) >= 240

    def test_reaches_the_limit(self, many):
        assert max(map(math.prod, many)) > 2**21


class TestShrinking:
    def test_simplest(self, simplest):
        assert simplest(shapes()) == ()
        assert simplest(shapes(min_dims=2)) == (1, 1)
        assert simplest(shapes(min_dims=1, min_size=3)) == (3,)

    def test_zero_size(self, simplest):
        assert simplest(shapes(), lambda shape: 0 in shape) == (0,)

    def test_size(self, simplest):
        shape = simplest(shapes(), lambda shape: math.prod(shape) >= 1000)
        assert len(shape) == 1 and shape[0] <= 1024

    def test_second_axis(self, simplest):
        assert simplest(shapes(), lambda shape: len(shape) > 1 and shape[1] >= 2) == (1, 2)
