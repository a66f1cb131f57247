"""Exact structures against numpy and a real convolution."""

import itertools

import numpy as np
import pytest
from scipy import signal

from verify.laws import Constant, Dirac, Eye, Structure

SEED = 20_260_101


def built(law, shape):
    """The tensor that a structure describes."""
    tensor = np.full(shape, law.background)
    places = law.ones(shape)
    assert places.shape == (len(places), len(shape))
    assert len({tuple(place) for place in places.tolist()}) == len(places)
    if len(places):
        tensor[tuple(places.T)] = 1
    return tensor


def convolve(signals, weight, groups):
    """Grouped cross-correlation with zero padding k // 2, as in deep learning."""
    filters, inputs = weight.shape[0] // groups, weight.shape[1]
    padding = [(k // 2, k // 2) for k in weight.shape[2:]]
    outputs = []
    for out in range(weight.shape[0]):
        first = out // filters * inputs
        terms = [
            signal.correlate(
                np.pad(signals[first + i], padding), weight[out, i], mode="valid", method="direct"
            )
            for i in range(inputs)
        ]
        outputs.append(sum(terms))
    return np.stack(outputs)


class TestConstant:
    @pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
    def test_has_no_ones(self, shape):
        assert Constant(0.5).ones(shape).shape == (0, len(shape))
        assert isinstance(Constant(0.5), Structure)
        assert (built(Constant(0.5), shape) == 0.5).all()


class TestEye:
    @pytest.mark.parametrize("shape", [(1, 1), (4, 4), (3, 5), (5, 3), (0, 3), (3, 0)])
    def test_is_numpys(self, shape):
        np.testing.assert_array_equal(built(Eye(), shape), np.eye(*shape))


KERNELS = [(3,), (4,), (1,), (3, 5), (2, 3), (4, 4), (3, 1, 2), (2, 3, 4)]
CHANNELS = [(1, 4, 4), (1, 2, 5), (1, 5, 2), (2, 4, 2), (2, 6, 2), (2, 4, 3), (3, 3, 1), (3, 9, 2)]


class TestDirac:
    @pytest.mark.parametrize(
        ("channels", "kernel"), list(itertools.product(CHANNELS, KERNELS)), ids=str
    )
    def test_is_the_identity_convolution(self, channels, kernel):
        """Preserved channels come through unchanged; every other output is zero."""
        groups, out, inputs = channels
        weight = built(Dirac(groups=groups), (out, inputs, *kernel))
        size = (5, 4, 3)[: len(kernel)]
        rng = np.random.default_rng([SEED, *channels, *kernel])
        signals = rng.standard_normal((groups * inputs, *size))
        convolved = convolve(signals, weight, groups)
        # An even kernel with the padding k // 2 yields one output more, all padding.
        kept = convolved[(slice(None), *(slice(length) for length in size))]
        filters = out // groups
        for channel in range(out):
            group, within = divmod(channel, filters)
            expected = signals[group * inputs + within] if within < inputs else np.zeros(size)
            np.testing.assert_allclose(kept[channel], expected, atol=1e-12)
        rest = np.ones(convolved.shape, dtype=bool)
        rest[(slice(None), *(slice(length) for length in size))] = False
        np.testing.assert_allclose(convolved[rest], 0, atol=1e-12)

    def test_as_many_channels_as_possible(self):
        assert len(Dirac(groups=3).ones((24, 16, 4, 5))) == 24
        assert len(Dirac(groups=3).ones((24, 5, 4, 5))) == 15

    @pytest.mark.parametrize("shape", [(0, 3, 3), (3, 0, 3)])
    def test_no_channels_no_ones(self, shape):
        assert len(Dirac().ones(shape)) == 0
