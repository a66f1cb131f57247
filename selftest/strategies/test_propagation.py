"""Stacks of layers."""

import itertools

import pytest
from hypothesis.errors import InvalidArgument

from strategies import Nonlinearity, Stack, stacks


class TestStacks:
    def test_valid(self, draws):
        for stack in draws(stacks(min_width=50, max_width=70, max_depth=3)):
            assert 1 <= stack.depth <= 3
            assert all(50 <= width <= 70 for width in stack.widths)
            assert (stack.kernel == 1) == (stack.layer == "Linear")
            assert (stack.nonlinearity.param is None) == (stack.nonlinearity.name != "leaky_relu")

    def test_shapes(self):
        stack = Stack("Conv2d", (3, 5, 7), Nonlinearity("relu"), 3)
        assert stack.shapes == ((5, 3, 3, 3), (7, 5, 3, 3))
        assert Stack("Linear", (3, 5), Nonlinearity("relu")).shapes == ((5, 3),)

    def test_chosen(self, draws):
        found = draws(stacks(names=["tanh"], layers=["Conv1d"]))
        assert {(stack.layer, stack.nonlinearity.name) for stack in found} == {("Conv1d", "tanh")}

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ({"names": []}, "names must not be empty"),
            ({"layers": ["Conv3d"]}, "layers contains 'Conv3d'"),
            ({"min_width": 0}, "min_width must be at least 1, got 0"),
            ({"min_width": 9, "max_width": 8}, "min_width=9 must not be larger than max_width=8"),
            ({"max_depth": 1.5}, "max_depth must be an integer, got 1.5"),
        ],
    )
    def test_invalid(self, arguments, sentence):
        with pytest.raises(InvalidArgument) as error:
            stacks(**arguments)
        assert str(error.value).startswith(sentence)


class TestQuality:
    def test_layers_and_depths(self, draws, share):
        found = draws(stacks(), 600)
        for layer in ("Linear", "Conv1d", "Conv2d"):
            assert share(found, lambda stack, layer=layer: stack.layer == layer) > 0.25
        for depth in (1, 2, 3, 4):
            assert share(found, lambda stack, depth=depth: stack.depth == depth) > 0.17

    def test_fans_differ(self, draws, share):
        def lopsided(stack):
            pairs = itertools.pairwise(stack.widths)
            return any(max(pair) > 1.3 * min(pair) for pair in pairs)

        assert share(draws(stacks()), lopsided) > 0.6

    def test_slopes(self, draws):
        found = draws(stacks(names=["leaky_relu"]))
        assert len({stack.nonlinearity.param for stack in found}) == 6


def test_simplest(simplest):
    assert simplest(stacks()) == Stack("Linear", (48, 48), Nonlinearity("linear"))
