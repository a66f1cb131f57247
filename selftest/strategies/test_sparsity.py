"""Sparsities."""

import math
from fractions import Fraction

import pytest
from hypothesis.errors import InvalidArgument

from strategies import sparsities


class TestSparsities:
    @pytest.mark.parametrize("bounds", [(), (0.25, 0.75), (0.3, 0.3), (0, 1), (1, 1)])
    def test_valid(self, draws, bounds):
        low, high = bounds or (0, 1)
        assert all(low <= value <= high for value in draws(sparsities(*bounds)))
        assert all(isinstance(value, float) for value in draws(sparsities(), 50))

    @pytest.mark.parametrize(
        ("bounds", "sentence"),
        [
            ((-0.1, 1), "min_value must be between 0 and 1, got -0.1"),
            ((0, 1.5), "max_value must be between 0 and 1, got 1.5"),
            ((0.5, 0.4), "min_value=0.5 must not be larger than max_value=0.4"),
            ((0, math.nan), "max_value must be finite, got nan"),
        ],
    )
    def test_invalid(self, bounds, sentence):
        with pytest.raises(InvalidArgument) as error:
            sparsities(*bounds)
        assert str(error.value) == sentence

    def test_repr(self):
        assert repr(sparsities(0.5)) == "sparsities(min_value=0.5)"


@pytest.fixture(scope="module")
def many(draws):
    """Many values."""
    return draws(sparsities(), 1000)


class TestQuality:
    @pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 0.5, 0.9])
    def test_usual_values(self, many, share, value):
        assert share(many, lambda drawn: drawn == value) >= 0.04

    def test_close_to_the_bounds(self, many, share):
        assert share(many, lambda drawn: 0 < drawn < 0.01) >= 0.05
        assert share(many, lambda drawn: 0.99 < drawn < 1) >= 0.05

    def test_fractions_with_integer_counts(self, many, share):
        def small_fraction(drawn):
            fraction = Fraction(drawn).limit_denominator(64)
            return 0 < drawn < 1 and fraction.numerator / fraction.denominator == drawn

        assert share(many, small_fraction) >= 0.3

    def test_finds_a_count_that_rounding_raises(self, many):
        exact = [Fraction(drawn).limit_denominator(64) for drawn in many]
        assert any(
            math.ceil(drawn * rows) > rows * fraction
            for drawn, fraction in zip(many, exact, strict=True)
            for rows in [fraction.denominator * 7]
            if fraction.numerator / fraction.denominator == drawn
        )


class TestShrinking:
    def test_simplest(self, simplest):
        assert simplest(sparsities()) == 0.0
        assert simplest(sparsities(0.25)) == 0.25

    def test_inside(self, simplest):
        assert simplest(sparsities(), lambda drawn: 0 < drawn < 1) == 0.1
