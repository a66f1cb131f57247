"""Arguments of transformers, their layers and stacks of layers."""

import itertools
from collections import Counter

import pytest
from hypothesis.errors import InvalidArgument

from strategies import (
    TransformerArguments,
    TransformerLayerArguments,
    TransformerStackArguments,
    transformer_layers,
    transformer_stacks,
    transformers,
)


def layer_of(drawn):
    return getattr(drawn, "layer", drawn)


@pytest.fixture(
    scope="module",
    params=[
        transformer_layers(attentions=1),
        transformer_layers(attentions=2),
        transformer_stacks(attentions=1),
        transformer_stacks(attentions=2),
        transformers(),
    ],
    ids=repr,
)
def layers(request, draws):
    """Many layers, from wherever they are drawn."""
    return [layer_of(drawn) for drawn in draws(request.param, 400)]


class TestLayers:
    def test_sizes_differ(self, layers, share):
        assert share(layers, lambda drawn: drawn.d_model != drawn.dim_feedforward) >= 0.95
        assert share(layers, lambda drawn: drawn.d_model > drawn.dim_feedforward) >= 0.15
        assert share(layers, lambda drawn: drawn.d_model < drawn.dim_feedforward) >= 0.4

    def test_heads_divide_the_model(self, layers, share):
        assert all(drawn.d_model % drawn.nhead == 0 for drawn in layers)
        assert share(layers, lambda drawn: 1 < drawn.nhead < drawn.d_model) >= 0.4
        assert {drawn.nhead for drawn in layers} == {1, 2, 3, 4, 5, 8}

    def test_default_size_of_the_network(self, layers, share):
        default = TransformerLayerArguments.dim_feedforward
        assert share(layers, lambda drawn: drawn.dim_feedforward == default) >= 0.02

    @pytest.mark.parametrize("name", ["batch_first", "norm_first", "bias"])
    def test_booleans(self, layers, share, name):
        assert 0.4 <= share(layers, lambda drawn: getattr(drawn, name)) <= 0.6

    def test_other_options(self, layers, share):
        assert 0.4 <= share(layers, lambda drawn: drawn.activation == "relu") <= 0.6
        assert {drawn.activation for drawn in layers} == {"relu", "gelu"}
        assert 0.4 <= share(layers, lambda drawn: drawn.dropout == 0.1) <= 0.6
        assert all(0 <= drawn.dropout <= 1 for drawn in layers)
        assert 0.4 <= share(layers, lambda drawn: drawn.layer_norm_eps == 1e-5) <= 0.6


class TestStacks:
    def test_layers_and_norm(self, draws, share):
        found = draws(transformer_stacks())
        for count in (1, 2, 3, 4):
            assert share(found, lambda drawn, count=count: drawn.num_layers == count) >= 0.17
        assert 0.4 <= share(found, lambda drawn: drawn.norm) <= 0.6


class TestTransformers:
    def test_layers(self, draws):
        found = draws(transformers())
        counts = Counter((drawn.num_encoder_layers, drawn.num_decoder_layers) for drawn in found)
        assert set(counts) == set(itertools.product((1, 2, 3), repeat=2))
        assert min(counts.values()) >= 0.05 * len(found)


@pytest.mark.parametrize("strategy", [transformer_layers, transformer_stacks])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"attentions": 0}, "attentions must be at least 1, got 0"),
        ({"attentions": 2, "max_numel": 12}, "max_numel must be at least 13, got 12"),
    ],
)
def test_invalid(strategy, options, sentence):
    with pytest.raises(InvalidArgument) as error:
        strategy(**options)
    assert str(error.value) == sentence


class TestShrinking:
    def test_simplest(self, simplest):
        layer = TransformerLayerArguments(1, 1, 1)
        assert simplest(transformer_layers()) == layer
        assert simplest(transformer_stacks()) == TransformerStackArguments(layer, 1, norm=False)
        assert simplest(transformers()) == TransformerArguments(1, 1, 1, 1, 1)

    def test_norm(self, simplest):
        layer = TransformerLayerArguments(1, 1, 1)
        drawn = simplest(transformer_stacks(attentions=2), lambda drawn: drawn.norm)
        assert drawn == TransformerStackArguments(layer, 1, norm=True)

    def test_network(self, simplest):
        drawn = simplest(transformer_layers(), lambda drawn: drawn.dim_feedforward > 1)
        assert drawn == TransformerLayerArguments(1, 1, 2)
