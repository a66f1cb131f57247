"""Arguments of normalizations."""

import pytest
from hypothesis.errors import InvalidArgument

from strategies import (
    BatchNormArguments,
    GroupNormArguments,
    InstanceNormArguments,
    LayerNormArguments,
    RMSNormArguments,
    batch_norms,
    group_norms,
    instance_norms,
    layer_norms,
    rms_norms,
)

WITH_BIAS_ARGUMENT = [batch_norms, instance_norms, group_norms]


@pytest.mark.parametrize("strategy", WITH_BIAS_ARGUMENT)
class TestBiasArgument:
    def test_drawn(self, strategy, draws, share):
        assert 0.4 <= share(draws(strategy()), lambda drawn: drawn.bias) <= 0.6

    def test_not_drawn(self, strategy, draws):
        found = draws(strategy(bias_argument=False), 100)
        assert all(drawn.bias and "bias" not in drawn.keywords() for drawn in found)

    def test_invalid(self, strategy):
        with pytest.raises(InvalidArgument, match="bias_argument must be True or False, got None"):
            strategy(bias_argument=None)


@pytest.mark.parametrize("strategy", [*WITH_BIAS_ARGUMENT, layer_norms, rms_norms])
class TestEvery:
    def test_affine(self, strategy, draws, share):
        def affine(drawn):
            return getattr(drawn, "affine", getattr(drawn, "elementwise_affine", None))

        assert 0.4 <= share(draws(strategy()), affine) <= 0.6

    def test_eps(self, strategy, draws, share):
        found = [drawn.eps for drawn in draws(strategy()) if drawn.eps is not None]
        assert 0.4 <= share(found, lambda eps: eps == 1e-5) <= 0.6
        assert 0 < min(found) < 1e-6 and 1e-3 < max(found) < 1


@pytest.mark.parametrize("strategy", [batch_norms, instance_norms])
class TestRunning:
    def test_tracking(self, strategy, draws, share):
        found = draws(strategy())
        assert 0.4 <= share(found, lambda drawn: drawn.track_running_stats) <= 0.6

    def test_usual_momentum(self, strategy, draws, share):
        assert 0.4 <= share(draws(strategy()), lambda drawn: drawn.momentum == 0.1) <= 0.6

    def test_features(self, strategy, draws, share):
        found = draws(strategy())
        assert share(found, lambda drawn: drawn.num_features == 1) >= 0.02
        assert share(found, lambda drawn: drawn.num_features > 1000) >= 0.3


class TestMomentum:
    def test_batch(self, draws, share):
        assert 0.18 <= share(draws(batch_norms()), lambda drawn: drawn.momentum is None) <= 0.35

    def test_instance(self, draws):
        assert all(0 < drawn.momentum <= 1 for drawn in draws(instance_norms()))


class TestGroups:
    def test_divide_the_channels(self, draws):
        assert all(drawn.num_channels % drawn.num_groups == 0 for drawn in draws(group_norms()))

    def test_every_kind(self, draws, share):
        found = draws(group_norms())
        assert share(found, lambda drawn: drawn.num_groups == 1) >= 0.02
        assert share(found, lambda drawn: drawn.num_groups == drawn.num_channels) >= 0.02
        assert share(found, lambda drawn: 1 < drawn.num_groups < drawn.num_channels) >= 0.7


@pytest.mark.parametrize("strategy", [layer_norms, rms_norms])
class TestShapes:
    def test_axes(self, strategy, draws, share):
        found = draws(strategy())
        for count, low, high in [(1, 0.4, 0.6), (2, 0.17, 0.33), (3, 0.17, 0.33)]:
            same = share(found, lambda drawn, count=count: len(drawn.normalized_shape) == count)
            assert low <= same <= high

    def test_sizes_differ(self, strategy, draws, share):
        shapes = [drawn.normalized_shape for drawn in draws(strategy())]
        planes = [shape for shape in shapes if len(shape) == 2]
        assert share(planes, lambda shape: shape[0] > shape[1]) >= 0.25
        assert share(planes, lambda shape: shape[0] < shape[1]) >= 0.25

    def test_no_eps(self, strategy, draws, share):
        least, most = (0.4, 0.6) if strategy is rms_norms else (0, 0)
        assert least <= share(draws(strategy()), lambda drawn: drawn.eps is None) <= most


class TestShrinking:
    def test_simplest(self, simplest):
        assert simplest(batch_norms()) == BatchNormArguments(1)
        assert simplest(instance_norms()) == InstanceNormArguments(1)
        assert simplest(group_norms()) == GroupNormArguments(1, 1)
        assert simplest(layer_norms()) == LayerNormArguments((1,))
        assert simplest(rms_norms()) == RMSNormArguments((1,))

    def test_one_option(self, simplest):
        drawn = simplest(batch_norms(), lambda drawn: not drawn.affine)
        assert drawn == BatchNormArguments(1, affine=False)
        drawn = simplest(instance_norms(), lambda drawn: drawn.track_running_stats)
        assert drawn == InstanceNormArguments(1, track_running_stats=True)
