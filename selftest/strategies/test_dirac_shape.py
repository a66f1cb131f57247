"""Shapes of convolution weights that can hold an identity."""

import math

import pytest
import torch
from hypothesis.errors import InvalidArgument

from strategies import DiracShape, dirac_shapes


class TestDiracShapes:
    @pytest.mark.parametrize(
        "bounds", [{}, {"min_dims": 4, "max_dims": 4}, {"max_numel": 1}, {"max_numel": 30}]
    )
    def test_valid(self, draws, bounds):
        for drawn in draws(dirac_shapes(**bounds)):
            assert bounds.get("min_dims", 3) <= len(drawn.shape) <= bounds.get("max_dims", 5)
            assert min(drawn.shape) >= 1 and drawn.shape[0] % drawn.groups == 0
            assert math.prod(drawn.shape) <= bounds.get("max_numel", 2**22)

    def test_torch_takes_each(self, draws):
        for drawn in draws(dirac_shapes(max_numel=4096)):
            torch.nn.init.dirac_(torch.empty(drawn.shape), groups=drawn.groups)

    @pytest.mark.parametrize(
        ("bounds", "sentence"),
        [
            ({"min_dims": 2}, "min_dims must be at least 3, got 2"),
            ({"max_dims": 6}, "max_dims must be at most 5, got 6"),
            ({"min_dims": 5, "max_dims": 4}, "min_dims=5 must not be larger than max_dims=4"),
            ({"max_numel": 0}, "max_numel must be at least 1, got 0"),
        ],
    )
    def test_invalid(self, bounds, sentence):
        with pytest.raises(InvalidArgument) as error:
            dirac_shapes(**bounds)
        assert str(error.value) == sentence

    @pytest.mark.parametrize(("shape", "groups"), [((2, 2), 1), ((3, 1, 1), 2), ((3, 1, 1), 0)])
    def test_refuses_values_that_mean_nothing(self, shape, groups):
        with pytest.raises(ValueError, match="not the shape of an identity convolution"):
            DiracShape(shape, groups)


@pytest.fixture(scope="module", params=[4096, 2**22])
def many(request, draws):
    """Many values."""
    return draws(dirac_shapes(max_numel=request.param), 500)


class TestQuality:
    def test_groups(self, many, share):
        assert share(many, lambda drawn: drawn.groups > 1) >= 0.6
        assert {drawn.groups for drawn in many} >= {1, 2, 3, 4, 5, 8}

    def test_channels(self, many, share):
        assert share(many, lambda drawn: drawn.shape[1] > drawn.shape[0] // drawn.groups) >= 0.25
        assert share(many, lambda drawn: drawn.shape[1] < drawn.shape[0] // drawn.groups) >= 0.25

    def test_kernels(self, many, share):
        assert share(many, lambda drawn: any(size % 2 == 0 for size in drawn.shape[2:])) >= 0.3
        assert share(many, lambda drawn: all(size % 2 for size in drawn.shape[2:])) >= 0.2
        assert share(many, lambda drawn: len(set(drawn.shape[2:])) > 1) >= 0.3

    @pytest.mark.parametrize("count", [3, 4, 5])
    def test_every_number_of_axes(self, many, share, count):
        assert share(many, lambda drawn: len(drawn.shape) == count) >= 0.25


class TestShrinking:
    def test_simplest(self, simplest):
        assert simplest(dirac_shapes()) == DiracShape((1, 1, 1), 1)

    def test_groups(self, simplest):
        assert simplest(dirac_shapes(), lambda drawn: drawn.groups > 2) == DiracShape((3, 1, 1), 3)
