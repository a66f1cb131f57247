"""Arguments of multi-head attention."""

import pytest

from strategies import AttentionArguments, attentions


@pytest.fixture(scope="module")
def many(draws):
    """Many attentions."""
    return draws(attentions(), 600)


class TestAttentions:
    def test_heads_divide_the_embedding(self, many, share):
        assert all(drawn.embed_dim % drawn.num_heads == 0 for drawn in many)
        assert share(many, lambda drawn: drawn.num_heads > 1) >= 0.5
        assert share(many, lambda drawn: 1 < drawn.num_heads < drawn.embed_dim) >= 0.4

    def test_sizes_of_keys_and_values(self, many, share):
        def given(keys, values):
            return share(
                many,
                lambda drawn: (
                    (drawn.kdim is not None) == keys and (drawn.vdim is not None) == values
                ),
            )

        assert 0.4 <= given(False, False) <= 0.6
        assert given(True, False) >= 0.05
        assert given(False, True) >= 0.05
        assert given(True, True) >= 0.2

    def test_they_differ(self, many, share):
        both = [drawn for drawn in many if drawn.kdim and drawn.vdim]
        assert share(both, lambda drawn: len({drawn.kdim, drawn.vdim, drawn.embed_dim}) == 3) >= 0.5
        one = [drawn for drawn in many if (drawn.kdim is None) != (drawn.vdim is None)]
        assert share(one, lambda drawn: (drawn.kdim or drawn.vdim) != drawn.embed_dim) >= 0.8

    def test_given_but_equal(self, many, share):
        assert share(many, lambda drawn: drawn.kdim == drawn.vdim == drawn.embed_dim) >= 0.03

    @pytest.mark.parametrize("name", ["bias", "add_bias_kv", "add_zero_attn", "batch_first"])
    def test_booleans(self, many, share, name):
        assert 0.4 <= share(many, lambda drawn: getattr(drawn, name)) <= 0.6

    def test_dropout(self, many, share):
        assert all(0 <= drawn.dropout <= 1 for drawn in many)
        assert 0.4 <= share(many, lambda drawn: drawn.dropout == 0) <= 0.6

    def test_shrinks(self, simplest):
        assert simplest(attentions()) == AttentionArguments(1, 1)
        drawn = simplest(attentions(), lambda drawn: drawn.vdim and not drawn.kdim)
        assert drawn == AttentionArguments(1, 1, vdim=1)
