"""Networks that recipes initialize, and configurations of the models of transformers."""

from itertools import pairwise

import pytest
from hypothesis.errors import InvalidArgument

from strategies import (
    VISITS,
    ArchitectureArguments,
    ConvolutionalArguments,
    DecoderArguments,
    EncoderArguments,
    PerceptronArguments,
    RecurrentArguments,
    RecurrentNetwork,
    architectures,
    convolutional_networks,
    decoders,
    encoders,
    perceptrons,
    recurrent_networks,
)

MOST = 4096


def of_encoder(a):
    """Entries of the largest model: untied decoder, pooler, transform and classifier."""
    h, i = a.hidden_size, a.intermediate_size
    layer = 4 * (h * h + h) + 2 * h * i + i + h + 4 * h
    rows = a.vocab_size * (2 * h + 2) + h * (a.max_position_embeddings + a.type_vocab_size)
    return a.num_hidden_layers * layer + rows + 2 * (h * h + h) + 4 * h + a.num_labels * (h + 1)


def of_decoder(a):
    h = a.n_embd
    i = a.n_inner or 4 * h
    layer = 4 * (h * h + h) + 2 * h * i + i + h + 4 * h
    return a.n_layer * layer + h * (a.vocab_size + a.n_positions) + 2 * h


def of_two_towers(a):
    """Entries of an encoder and a decoder with gated inner layers, biases and an untied head."""
    h, i, k = a.hidden_size, a.intermediate_size, a.num_attention_heads * a.head_dim
    layer = 12 * h * k + 6 * h * i + 24 * h + 4 * i
    rows = a.vocab_size * (2 * h + 2) + 2 * h * a.max_position_embeddings
    return a.num_hidden_layers * layer + rows + h * i + 3 * h * h + 64 * a.num_attention_heads


@pytest.fixture(scope="module")
def many_encoders(draws):
    return draws(encoders(max_numel=MOST), 500)


class TestEncoders:
    @pytest.fixture
    def many(self, many_encoders):
        return many_encoders

    def test_heads_divide_the_width(self, many):
        assert all(a.hidden_size % a.num_attention_heads == 0 for a in many)
        assert {a.num_attention_heads for a in many} == {1, 2, 3, 4}
        assert {a.num_hidden_layers for a in many} == {1, 2, 3}

    def test_no_model_is_too_large(self, many):
        assert max(map(of_encoder, many)) <= MOST
        assert max(map(of_encoder, many)) > MOST / 2

    def test_padding_anywhere(self, many, share):
        assert all(0 <= a.pad_token_id < a.vocab_size for a in many)
        assert share(many, lambda a: a.pad_token_id > 0) >= 0.2

    def test_everything_is_drawn(self, many, share):
        assert 0.05 <= share(many, lambda a: a.initializer_range == 0.02) <= 0.25
        assert 0.4 <= share(many, lambda a: a.tie_word_embeddings) <= 0.6
        assert 0.4 <= share(many, lambda a: a.pooled) <= 0.6
        assert all(1e-3 <= a.initializer_range <= 1 for a in many)
        assert {1, 2, 3} <= {a.num_labels for a in many} & {a.type_vocab_size for a in many}

    def test_the_pooler_is_no_field_of_the_configuration(self):
        assert EncoderArguments(5, 4, 1, 2, 3, 6, pad_token_id=2, pooled=False).keywords() == {
            "vocab_size": 5, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 3, "max_position_embeddings": 6, "pad_token_id": 2,
        }  # fmt: skip

    def test_smallest(self, draws, simplest):
        assert max(map(of_encoder, draws(encoders(max_numel=64)))) <= 64
        found = simplest(encoders())
        assert found == EncoderArguments(1, 1, 1, 1, 1, 1, type_vocab_size=1, num_labels=1)
        with pytest.raises(InvalidArgument, match="max_numel must be at least 64, got 63"):
            encoders(max_numel=63)


class TestDecoders:
    @pytest.fixture
    def many(self, draws):
        return draws(decoders(max_numel=MOST), 500)

    def test_sizes(self, many, share):
        assert all(a.n_embd % a.n_head == 0 for a in many)
        assert MOST / 2 < max(map(of_decoder, many)) <= MOST
        assert {1, 2, 3, 4, 8} <= {a.n_layer for a in many} <= {*range(1, 9)}
        assert 0.4 <= share(many, lambda a: a.n_inner is None) <= 0.6
        assert share(many, lambda a: a.n_inner is not None and a.n_inner != 4 * a.n_embd) >= 0.2

    def test_smallest(self, draws, simplest):
        assert max(map(of_decoder, draws(decoders(max_numel=64)))) <= 64
        assert simplest(decoders()) == DecoderArguments(1, 1, 1, 1, 1)
        with pytest.raises(InvalidArgument, match="max_numel must be at least 64, got 1"):
            decoders(max_numel=1)


class TestArchitectures:
    @pytest.fixture
    def many(self, draws):
        return draws(architectures(max_numel=4 * MOST), 500)

    def test_sizes(self, many, share):
        assert all(a.hidden_size % (4 * a.num_attention_heads) == 0 for a in many)
        assert all(a.head_dim % 2 == 0 for a in many)
        assert all(2 <= a.head_dim <= a.hidden_size // a.num_attention_heads for a in many)
        assert share(many, lambda a: a.head_dim < a.hidden_size // a.num_attention_heads) >= 0.2
        assert 2 * MOST < max(map(of_two_towers, many)) <= 4 * MOST
        assert {a.num_attention_heads for a in many} == {1, 2, 3, 4}
        assert {a.num_hidden_layers for a in many} == {1, 2, 3}

    def test_everything_is_drawn(self, many, share):
        assert all(0 <= a.pad_token_id < a.vocab_size for a in many)
        assert share(many, lambda a: a.pad_token_id > 0) >= 0.2
        assert 0.4 <= share(many, lambda a: a.switched) <= 0.6
        assert 0.05 <= share(many, lambda a: a.initializer_range == 0.02) <= 0.25
        assert all(1e-3 <= a.initializer_range <= 0.1 for a in many)

    def test_smallest(self, draws, simplest):
        assert max(map(of_two_towers, draws(architectures(max_numel=1024)))) <= 1024
        assert simplest(architectures()) == ArchitectureArguments(1, 4, 1, 1, 1, 1, 2, 0)
        with pytest.raises(InvalidArgument, match="max_numel must be at least 1024, got 1023"):
            architectures(max_numel=1023)


class TestRecurrentNetworks:
    def test_every_kind(self, draws, share):
        found = draws(recurrent_networks(max_numel=MOST))
        for network in ("RNN", "GRU", "LSTM"):
            assert share(found, lambda drawn, network=network: drawn.network == network) >= 0.2
        assert all(drawn.arguments.proj_size == 0 for drawn in found)
        assert {drawn.arguments.bidirectional for drawn in found} == {True, False}

    def test_smallest(self, draws, simplest):
        smallest = RecurrentNetwork("RNN", RecurrentArguments(1, 1))
        assert simplest(recurrent_networks()) == smallest
        with pytest.raises(InvalidArgument, match="max_numel must be at least 8"):
            draws(recurrent_networks(max_numel=7))


class TestPerceptrons:
    def test_sizes(self, draws, share):
        found = draws(perceptrons(max_numel=MOST), 500)
        numels = [sum(n * m + m for n, m in pairwise(a.sizes)) for a in found]
        assert MOST / 4 < max(numels) <= MOST
        assert {len(a.sizes) for a in found} == {3, 4, 5}
        assert {a.visit for a in found} == {*VISITS}
        assert {a.bias for a in found} == {0.0, 0.01}
        assert 0.4 <= share(found, lambda a: a.nested) <= 0.6

    def test_shrinks(self, simplest):
        assert simplest(perceptrons()) == PerceptronArguments((1, 1, 1))
        with pytest.raises(InvalidArgument, match="max_numel must be at least 16, got 15"):
            perceptrons(max_numel=15)


class TestConvolutionalNetworks:
    def test_sizes(self, draws):
        found = draws(convolutional_networks(max_numel=MOST), 500)
        numels = [
            sum(n * m * a.kernel**2 + 4 * m + 1 for n, m in pairwise(a.channels)) for a in found
        ]
        assert MOST / 4 < max(numels) <= MOST
        assert {len(a.channels) for a in found} == {2, 3, 4}
        assert {a.kernel for a in found} == {1, 2, 3}
        assert {a.transposed for a in found} == {True, False}
        assert {a.visit for a in found} == {*VISITS}

    def test_smallest(self, draws, simplest):
        for a in draws(convolutional_networks(max_numel=64)):
            assert sum(n * m * a.kernel**2 + 4 * m + 1 for n, m in pairwise(a.channels)) <= 64
        assert simplest(convolutional_networks()) == ConvolutionalArguments((1, 1), 1)
        with pytest.raises(InvalidArgument, match="max_numel must be at least 64, got 63"):
            convolutional_networks(max_numel=63)
