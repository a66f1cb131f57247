"""Shapes of (semi-)orthogonal tensors."""

import math

import pytest
from hypothesis.errors import InvalidArgument

from strategies import orthogonal_shapes


def sides(shape):
    """Rows and columns of the flattened tensor."""
    return shape[0], math.prod(shape[1:])


FORMS = {
    "square": lambda rows, columns: rows == columns,
    "tall": lambda rows, columns: rows > columns,
    "wide": lambda rows, columns: rows < columns,
}


class TestOrthogonalShapes:
    @pytest.mark.parametrize(
        "bounds",
        [
            {},
            {"min_dims": 3, "max_dims": 3},
            {"max_side": 1},
            {"max_side": 2},
            {"max_numel": 1},
            {"max_numel": 5},
            {"max_side": 7, "max_numel": 30},
            {"max_side": 5000},
        ],
    )
    def test_valid(self, draws, bounds):
        for shape in draws(orthogonal_shapes(**bounds)):
            assert bounds.get("min_dims", 2) <= len(shape) <= bounds.get("max_dims", 5)
            assert min(shape) >= 1
            assert max(sides(shape)) <= bounds.get("max_side", 128)
            assert math.prod(shape) <= bounds.get("max_numel", 2**22)

    @pytest.mark.parametrize(
        ("bounds", "sentence"),
        [
            ({"min_dims": 1}, "min_dims must be at least 2, got 1"),
            ({"max_side": 0}, "max_side must be at least 1, got 0"),
            ({"max_side": 3.0}, "max_side must be an integer, got 3.0"),
        ],
    )
    def test_invalid(self, bounds, sentence):
        with pytest.raises(InvalidArgument) as error:
            orthogonal_shapes(**bounds)
        assert str(error.value) == sentence


@pytest.fixture(scope="module")
def many(draws):
    """Many values."""
    return draws(orthogonal_shapes(), 1000)


class TestQuality:
    @pytest.mark.parametrize("count", [2, 3, 4, 5])
    @pytest.mark.parametrize("form", FORMS)
    def test_every_form(self, many, share, form, count):
        found = [shape for shape in many if len(shape) == count]
        assert len(found) >= 180
        assert share(found, lambda shape: FORMS[form](*sides(shape))) >= 0.2

    @pytest.mark.parametrize("side", [1, 2, 3])
    def test_small_sides(self, many, share, side):
        assert share(many, lambda shape: side in sides(shape)) >= 0.04

    def test_large_sides(self, many, share):
        assert share(many, lambda shape: max(sides(shape)) > 64) >= 0.2
        assert share(many, lambda shape: min(sides(shape)) > 64) >= 0.03

    def test_more_than_one_trailing_axis(self, draws, share):
        found = draws(orthogonal_shapes(min_dims=3), 500)
        assert share(found, lambda shape: sum(size > 1 for size in shape[1:]) > 1) >= 0.3


class TestShrinking:
    def test_simplest(self, simplest):
        assert simplest(orthogonal_shapes()) == (1, 1)

    def test_tall(self, simplest):
        assert simplest(orthogonal_shapes(), lambda s: s[0] > math.prod(s[1:])) == (2, 1)
