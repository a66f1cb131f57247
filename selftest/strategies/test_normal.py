"""Parameters of a normal distribution."""

import math

import pytest
from hypothesis.errors import InvalidArgument

from strategies import NormalParameters, normals


class TestNormals:
    @pytest.mark.parametrize(
        "bounds",
        [
            {},
            {"min_std": 2, "max_std": 3},
            {"max_offset": 0},
            {"max_offset": 0.5},
            {"max_offset": 7},
        ],
    )
    def test_valid(self, draws, bounds):
        for law in draws(normals(**bounds)):
            assert bounds.get("min_std", 1e-4) <= law.std <= bounds.get("max_std", 1e4)
            assert abs(law.mean) <= bounds.get("max_offset", 1e3) * law.std * (1 + 1e-12)

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ({"max_offset": -1}, "max_offset must be between 0 and 1000000.0, got -1"),
            ({"max_offset": None}, "max_offset must be a number, got None"),
            ({"max_std": math.inf}, "max_std must be finite, got inf"),
            ({"min_std": 9.0, "max_std": 1.0}, "min_std=9.0 must not be larger than max_std=1.0"),
        ],
    )
    def test_invalid(self, arguments, sentence):
        with pytest.raises(InvalidArgument) as error:
            normals(**arguments)
        assert str(error.value) == sentence

    def test_refuses_values_that_mean_nothing(self):
        with pytest.raises(ValueError, match="not a normal distribution"):
            NormalParameters(0.0, -1.0)

    def test_repr(self):
        assert repr(normals(max_offset=3.0)) == "normals(max_offset=3.0)"


class TestQuality:
    def test_offsets(self, draws, share):
        offsets = [abs(law.mean) / law.std for law in draws(normals(), 1000)]
        assert 0.4 <= share(offsets, lambda offset: offset == 0) <= 0.6
        assert share(offsets, lambda offset: 0 < offset <= 4.001) >= 0.25
        assert share(offsets, lambda offset: offset >= 99) >= 0.04

    def test_stds(self, draws, share):
        found = draws(normals(), 1000)
        assert share(found, lambda law: law.std == 1) >= 0.2
        assert share(found, lambda law: law.std == 0.02) >= 0.2
        assert share(found, lambda law: law.std < 1e-2) >= 0.1
        assert share(found, lambda law: law.std > 1e2) >= 0.08


class TestShrinking:
    def test_simplest(self, simplest):
        assert simplest(normals()) == NormalParameters(0.0, 1.0)
        assert simplest(normals(min_std=3.0)) == NormalParameters(0.0, 3.0)

    def test_far(self, simplest):
        law = simplest(normals(), lambda law: abs(law.mean) > 5 * law.std)
        assert law == NormalParameters(10.0, 1.0)
