"""Shapes of matrices."""

import math

import pytest
from hypothesis.errors import InvalidArgument

from strategies import matrices

FORMS = {
    "square": lambda shape: shape[0] == shape[1] > 1,
    "tall": lambda shape: shape[0] > shape[1] > 1,
    "wide": lambda shape: shape[1] > shape[0] > 1,
    "row": lambda shape: shape[0] == 1 < shape[1],
    "column": lambda shape: shape[1] == 1 < shape[0],
}


class TestMatrices:
    @pytest.mark.parametrize(
        "bounds",
        [
            {},
            {"min_size": 0},
            {"min_size": 4},
            {"max_size": 1},
            {"min_size": 5, "max_size": 5},
            {"max_numel": 1},
            {"max_numel": 2},
            {"min_size": 3, "max_numel": 11},
            {"max_size": 100, "max_numel": 50},
        ],
    )
    def test_valid(self, draws, bounds):
        max_numel = bounds.get("max_numel", 2**22)
        for shape in draws(matrices(**bounds)):
            assert len(shape) == 2
            assert all(bounds.get("min_size", 1) <= size for size in shape)
            assert all(size <= bounds.get("max_size", max_numel) for size in shape)
            assert math.prod(shape) <= max_numel

    @pytest.mark.parametrize(
        ("bounds", "sentence"),
        [
            ({"min_size": -1}, "min_size must be at least 0, got -1"),
            ({"max_size": 0}, "max_size must be at least 1, got 0"),
            ({"min_size": 9, "max_size": 8}, "min_size=9 must not be larger than max_size=8"),
            ({"max_numel": 1.0}, "max_numel must be an integer, got 1.0"),
            (
                {"min_size": 4, "max_numel": 15},
                "min_size=4 needs 16 elements, more than max_numel=15",
            ),
        ],
    )
    def test_invalid(self, bounds, sentence):
        with pytest.raises(InvalidArgument) as error:
            matrices(**bounds)
        assert str(error.value) == sentence


@pytest.fixture(scope="module", params=[4096, 2**22])
def many(request, draws):
    """Many values, small and large."""
    return draws(matrices(max_numel=request.param), 500)


class TestQuality:
    @pytest.mark.parametrize("form", FORMS)
    def test_every_form(self, many, share, form):
        assert share(many, FORMS[form]) >= 0.1

    def test_numel_spreads_over_powers_of_two(self, draws):
        octaves = [math.log2(math.prod(shape)) for shape in draws(matrices(), 1000)]
        for low in range(0, 22, 2):
            assert sum(low <= octave < low + 2 for octave in octaves) >= 25

    def test_empty_now_and_then(self, draws, share):
        found = draws(matrices(min_size=0), 1000)
        assert 0.02 <= share(found, lambda shape: 0 in shape) <= 0.08


class TestShrinking:
    def test_simplest(self, simplest):
        assert simplest(matrices()) == (1, 1)
        assert simplest(matrices(min_size=4)) == (4, 4)

    @pytest.mark.parametrize(
        ("form", "end"), [("square", (2, 2)), ("tall", (3, 2)), ("row", (1, 2))]
    )
    def test_form(self, simplest, form, end):
        assert simplest(matrices(), FORMS[form]) == end
