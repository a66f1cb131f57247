"""Gains."""

import math

import pytest
from hypothesis.errors import InvalidArgument

from strategies import gains


class TestGains:
    @pytest.mark.parametrize("bounds", [(), (0.5, 2), (3.0, 3.0), (1e-150, 1e150), (7, 7.0001)])
    def test_valid(self, draws, bounds):
        low, high = bounds or (1e-4, 1e4)
        assert all(low <= gain <= high for gain in draws(gains(*bounds)))

    @pytest.mark.parametrize(
        ("bounds", "sentence"),
        [
            ((0, 1), "min_value must be between 1e-150 and 1e+150, got 0"),
            ((-1.0, 1), "min_value must be between 1e-150 and 1e+150, got -1.0"),
            ((2.0, 1.0), "min_value=2.0 must not be larger than max_value=1.0"),
            ((1, math.inf), "max_value must be finite, got inf"),
            ((math.nan, 1), "min_value must be finite, got nan"),
            (("1", 2), "min_value must be a number, got '1'"),
        ],
    )
    def test_invalid(self, bounds, sentence):
        with pytest.raises(InvalidArgument) as error:
            gains(*bounds)
        assert str(error.value) == sentence

    def test_repr(self):
        assert repr(gains(max_value=2.0)) == "gains(max_value=2.0)"


@pytest.fixture(scope="module")
def many(draws):
    """Many values."""
    return draws(gains(), 1000)


class TestQuality:
    @pytest.mark.parametrize("gain", [1.0, 5 / 3, math.sqrt(2), 0.75])
    def test_documented_gains(self, many, share, gain):
        assert share(many, lambda drawn: drawn == gain) >= 0.06

    def test_even_over_decades(self, many):
        for decade in range(-4, 4):
            assert sum(10**decade <= gain < 10 ** (decade + 1) for gain in many) >= 30

    def test_few_repetitions(self, draws):
        assert len(set(draws(gains(), 300))) >= 110


class TestShrinking:
    @pytest.mark.parametrize(
        ("bounds", "end"), [((), 1.0), ((2.0, 9.0), 2.0), ((0.01, 0.5), 0.5), ((0.8, 1.0), 1.0)]
    )
    def test_simplest(self, simplest, bounds, end):
        assert simplest(gains(*bounds)) == end

    def test_large(self, simplest):
        assert 100 < simplest(gains(), lambda gain: gain > 100) < 130
