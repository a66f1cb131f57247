"""Values to fill a tensor with."""

import math

import numpy as np
import pytest
from hypothesis.errors import InvalidArgument

from strategies import constants
from strategies.constant import FLOAT32_MAX


class TestConstants:
    def test_never_nan(self, draws):
        assert not any(math.isnan(value) for value in draws(constants(), 1000))

    def test_finite_in_float32(self, draws):
        for value in draws(constants(allow_infinity=False), 1000):
            assert math.isfinite(value) and math.isfinite(np.float32(value))

    def test_largest(self):
        assert float(np.finfo(np.float32).max) == FLOAT32_MAX

    @pytest.mark.parametrize("value", [None, 1, "yes"])
    def test_invalid(self, value):
        with pytest.raises(InvalidArgument) as error:
            constants(allow_infinity=value)
        assert str(error.value) == f"allow_infinity must be True or False, got {value!r}"

    def test_repr(self):
        assert repr(constants(allow_infinity=False)) == "constants(allow_infinity=False)"


@pytest.fixture(scope="module")
def many(draws):
    """Many values."""
    return draws(constants(), 1000)


class TestQuality:
    @pytest.mark.parametrize(
        ("what", "least"),
        [
            (lambda value: value == 0 and math.copysign(1, value) == 1, 0.01),
            (lambda value: value == 0 and math.copysign(1, value) == -1, 0.01),
            (lambda value: value == 1, 0.01),
            (lambda value: value == 0.1, 0.01),
            (lambda value: value < 0, 0.25),
            (math.isinf, 0.03),
            (lambda value: 0 < abs(value) < 2**-126, 0.03),
            (lambda value: 1e30 < abs(value) < math.inf, 0.03),
            (lambda value: abs(value) == FLOAT32_MAX, 0.01),
            (lambda value: float(np.float32(value)) != value, 0.1),
        ],
        ids=[
            "zero",
            "negative zero",
            "one",
            "tenth",
            "negative",
            "infinite",
            "subnormal",
            "huge",
            "largest",
            "inexact",
        ],
    )
    def test_frequencies(self, many, share, what, least):
        assert share(many, what) >= least

    def test_every_exponent_region(self, draws):
        exponents = {
            math.frexp(value)[1] // 25
            for value in draws(constants(allow_infinity=False), 1500)
            if value
        }
        assert exponents >= set(range(-5, 5))


class TestShrinking:
    def test_simplest(self, simplest):
        assert math.copysign(1, simplest(constants())) == 1 and simplest(constants()) == 0.0

    def test_infinite(self, simplest):
        assert simplest(constants(), math.isinf) == math.inf
