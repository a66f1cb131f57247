"""Arguments of convolutions, transposed or not."""

import pytest
import torch
from hypothesis.errors import InvalidArgument
from torch import nn

from strategies import (
    ConvolutionArguments,
    TransposedConvolutionArguments,
    convolutions,
    transposed_convolutions,
)

BOTH = [convolutions, transposed_convolutions]
LAZY = {
    convolutions: [nn.LazyConv1d, nn.LazyConv2d, nn.LazyConv3d],
    transposed_convolutions: [
        nn.LazyConvTranspose1d,
        nn.LazyConvTranspose2d,
        nn.LazyConvTranspose3d,
    ],
}


def axes(value, dims):
    return value if isinstance(value, tuple) else (value,) * dims


@pytest.mark.parametrize("strategy", BOTH)
class TestBoth:
    @pytest.mark.parametrize("dims", [1, 2, 3])
    @pytest.mark.parametrize("options", [{}, {"lazy": True}, {"max_numel": 40}])
    def test_valid(self, strategy, draws, dims, options):
        for drawn in draws(strategy(dims=dims, **options)):
            assert len(drawn.kernel_size) == dims and min(drawn.kernel_size) >= 1
            assert drawn.in_channels % drawn.groups == drawn.out_channels % drawn.groups == 0
            for name in ("stride", "dilation"):
                numbers = axes(getattr(drawn, name), dims)
                assert len(numbers) == dims and min(numbers) >= 1

    @pytest.mark.parametrize("dims", [1, 2, 3])
    def test_lazy_modules_take_the_smallest_input(self, strategy, draws, dims):
        for drawn in draws(strategy(dims=dims, lazy=True, max_numel=2000), 60):
            assert drawn.padding == 0
            keywords = drawn.keywords()
            extents = zip(drawn.kernel_size, axes(drawn.dilation, dims), strict=True)
            sizes = [1 + (kernel - 1) * dilation for kernel, dilation in extents]
            dummy = torch.zeros(1, keywords.pop("in_channels"), *sizes)
            module = LAZY[strategy][dims - 1](**keywords)
            module(dummy)
            assert module.in_channels == drawn.in_channels

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"dims": 0}, "dims must be at least 1, got 0"),
            ({"dims": 4}, "dims must be at most 3, got 4"),
            ({"dims": "2"}, "dims must be an integer, got '2'"),
            ({"lazy": 1}, "lazy must be True or False, got 1"),
        ],
    )
    def test_invalid(self, strategy, options, sentence):
        with pytest.raises(InvalidArgument) as error:
            strategy(**options)
        assert str(error.value) == sentence


@pytest.fixture(scope="module", params=[1, 2, 3])
def many(request, draws):
    """Many convolutions of a number of axes."""
    return draws(convolutions(dims=request.param), 500)


class TestSizes:
    def test_in_differs_from_out(self, many, share):
        assert share(many, lambda drawn: drawn.in_channels != drawn.out_channels) >= 0.9

    def test_either_is_the_larger(self, many, share):
        assert share(many, lambda drawn: drawn.in_channels > drawn.out_channels) >= 0.35
        assert share(many, lambda drawn: drawn.in_channels < drawn.out_channels) >= 0.35

    def test_groups(self, many, share):
        assert 0.45 <= share(many, lambda drawn: drawn.groups > 1) <= 0.65
        assert {drawn.groups for drawn in many} >= {1, 2, 3, 4, 8}

    def test_several_inputs_in_each_of_several_groups(self, many, share):
        assert share(many, lambda drawn: 1 < drawn.groups < drawn.in_channels) >= 0.3

    def test_depthwise(self, many, share):
        assert 0.07 <= share(many, lambda drawn: drawn.in_channels == drawn.groups > 1) <= 0.25

    def test_kernels_are_asymmetric(self, many, share):
        if len(many[0].kernel_size) > 1:
            assert share(many, lambda drawn: len(set(drawn.kernel_size)) > 1) >= 0.8

    def test_channels_of_one_now_and_then(self, many, share):
        assert share(many, lambda drawn: drawn.in_channels == 1) >= 0.01
        assert share(many, lambda drawn: drawn.out_channels == 1) >= 0.01

    def test_transposed_ones_have_the_same(self, many, draws):
        dims = len(many[0].kernel_size)
        for drawn, other in zip(
            many[:50], draws(transposed_convolutions(dims=dims), 50), strict=True
        ):
            for name in ("in_channels", "out_channels", "kernel_size", "groups", "bias"):
                assert getattr(drawn, name) == getattr(other, name)


class TestOptions:
    @pytest.mark.parametrize("name", ["stride", "padding", "dilation"])
    def test_numbers_and_tuples(self, many, share, name):
        assert share(many, lambda drawn: isinstance(getattr(drawn, name), tuple)) >= 0.15
        default = getattr(ConvolutionArguments, name)
        assert share(many, lambda drawn: getattr(drawn, name) == default) >= 0.2

    def test_padding(self, many, share):
        assert share(many, lambda drawn: drawn.padding == "valid") >= 0.05
        assert share(many, lambda drawn: drawn.padding == "same") >= 0.05
        assert all(drawn.stride == 1 for drawn in many if drawn.padding == "same")

    def test_padding_mode(self, many, share):
        assert 0.4 <= share(many, lambda drawn: drawn.padding_mode == "zeros") <= 0.6
        for mode in ("reflect", "replicate", "circular"):
            assert share(many, lambda drawn, mode=mode: drawn.padding_mode == mode) >= 0.1

    def test_bias(self, many, share):
        assert 0.4 <= share(many, lambda drawn: drawn.bias) <= 0.6

    def test_lazy(self, draws):
        for drawn in draws(convolutions(lazy=True)):
            assert drawn.padding == 0 and drawn.padding_mode == "zeros"
        for drawn in draws(transposed_convolutions(lazy=True)):
            assert drawn.padding == drawn.output_padding == 0

    @pytest.mark.parametrize("dims", [1, 2, 3])
    def test_output_padding(self, draws, share, dims):
        found = draws(transposed_convolutions(dims=dims))
        for drawn in found:
            names = ("output_padding", "stride", "dilation")
            for extra, *steps in zip(*(axes(getattr(drawn, n), dims) for n in names), strict=True):
                assert 0 <= extra < max(steps)
        assert share(found, lambda drawn: any(axes(drawn.output_padding, dims))) >= 0.2
        assert share(found, lambda drawn: isinstance(drawn.output_padding, tuple)) >= 0.2


class TestShrinking:
    @pytest.mark.parametrize("dims", [1, 2, 3])
    def test_simplest(self, simplest, dims):
        kernel = (1,) * dims
        assert simplest(convolutions(dims=dims)) == ConvolutionArguments(1, 1, kernel)
        drawn = simplest(transposed_convolutions(dims=dims))
        assert drawn == TransposedConvolutionArguments(1, 1, kernel)

    def test_groups(self, simplest):
        drawn = simplest(convolutions(), lambda drawn: drawn.groups > 1)
        assert drawn == ConvolutionArguments(2, 2, (1, 1), groups=2)

    def test_kernel(self, simplest):
        drawn = simplest(convolutions(), lambda drawn: drawn.kernel_size[1] > 1)
        assert drawn == ConvolutionArguments(1, 1, (1, 2))
