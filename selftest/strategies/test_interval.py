"""Bounds of a uniform distribution."""

import math

import numpy as np
import pytest
from hypothesis.errors import InvalidArgument

from strategies import INTERVAL_KINDS, Interval, intervals

IS_KIND = {
    "unit": lambda low, high: (low, high) == (0, 1),
    "symmetric": lambda low, high: low == -high,
    "one_sided": lambda low, high: low == 0 or high == 0,
    "wide": lambda low, high: low < 0 < high and low != -high,
    "offset": lambda low, high: low * high > 0 and high - low <= 0.1001 * max(abs(low), abs(high)),
}


class TestIntervals:
    @pytest.mark.parametrize("max_magnitude", [1e-20, 0.3, 1e4, 1e30])
    def test_valid(self, draws, max_magnitude):
        for drawn in draws(intervals(max_magnitude=max_magnitude)):
            assert max(abs(drawn.low), abs(drawn.high)) <= max_magnitude
            assert np.float32(drawn.low) < np.float32(drawn.high)

    @pytest.mark.parametrize("kind", INTERVAL_KINDS)
    def test_is_the_kind_asked_for(self, draws, kind):
        for drawn in draws(intervals(kinds=[kind])):
            assert IS_KIND[kind](drawn.low, drawn.high)

    def test_no_negative_zero(self, draws):
        for drawn in draws(intervals(kinds=["one_sided"])):
            assert drawn.high != 0 or math.copysign(1, drawn.high) == 1

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ({"kinds": []}, "kinds must not be empty; choose from 'unit', "),
            ({"kinds": ["open"]}, "kinds contains 'open'; choose from 'unit', "),
            ({"max_magnitude": 0}, "max_magnitude must be between 1e-20 and 1e+30, got 0"),
        ],
    )
    def test_invalid(self, arguments, sentence):
        with pytest.raises(InvalidArgument) as error:
            intervals(**arguments)
        assert str(error.value).startswith(sentence)

    @pytest.mark.parametrize("values", [(1, 1), (2, 1), (0, math.inf), (math.nan, 1)])
    def test_refuses_values_that_mean_nothing(self, values):
        with pytest.raises(ValueError, match="not an interval"):
            Interval(*values)

    def test_repr(self):
        assert repr(intervals(max_magnitude=2.0)) == "intervals(max_magnitude=2.0)"


@pytest.fixture(scope="module")
def many(draws):
    """Many values."""
    return draws(intervals(), 500)


class TestQuality:
    @pytest.mark.parametrize("kind", INTERVAL_KINDS)
    def test_every_kind(self, many, share, kind):
        assert share(many, lambda drawn: IS_KIND[kind](drawn.low, drawn.high)) >= 0.12

    def test_offsets_come_close_to_the_lattice(self, draws, share):
        def steps(drawn):
            spacing = np.spacing(np.float32(max(abs(drawn.low), abs(drawn.high))))
            return (drawn.high - drawn.low) / spacing

        found = draws(intervals(kinds=["offset"]))
        assert min(map(steps, found)) >= 2000
        assert share(found, lambda drawn: steps(drawn) < 10_000) >= 0.1
        assert 0.3 <= share(found, lambda drawn: drawn.low < 0) <= 0.7


class TestShrinking:
    def test_simplest(self, simplest):
        assert simplest(intervals()) == Interval(0.0, 1.0)
        assert simplest(intervals(max_magnitude=0.5)) == Interval(0.0, 0.5)
        assert simplest(intervals(kinds=["offset"])) == Interval(0.9, 1.0)

    def test_large(self, simplest):
        drawn = simplest(intervals(), lambda drawn: drawn.high > 50)
        assert drawn.low < 0 and drawn.high < 60
