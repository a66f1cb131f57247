"""Arguments of embeddings."""

import pytest

from strategies import EmbeddingArguments, EmbeddingBagArguments, embedding_bags, embeddings


@pytest.fixture(scope="module", params=[embeddings, embedding_bags])
def many(request, draws):
    """Many embeddings of a kind."""
    return draws(request.param(), 600)


class TestBoth:
    def test_sizes_differ(self, many, share):
        assert share(many, lambda drawn: drawn.num_embeddings > drawn.embedding_dim) >= 0.4
        assert share(many, lambda drawn: drawn.num_embeddings < drawn.embedding_dim) >= 0.4

    def test_sizes_of_one_now_and_then(self, many, share):
        assert 0.02 <= share(many, lambda drawn: drawn.num_embeddings == 1) <= 0.15
        assert 0.02 <= share(many, lambda drawn: drawn.embedding_dim == 1) <= 0.15

    def test_padding_rows_exist(self, many, share):
        given = [drawn for drawn in many if drawn.padding_idx is not None]
        assert 0.33 <= len(given) / len(many) <= 0.5
        for drawn in given:
            assert -drawn.num_embeddings <= drawn.padding_idx < drawn.num_embeddings
        assert 0.35 <= share(given, lambda drawn: drawn.padding_idx < 0) <= 0.65

    def test_padding_rows_are_mostly_the_first_or_the_last(self, many, share):
        tall = [drawn for drawn in many if drawn.num_embeddings > 20]
        rows = [
            (drawn.padding_idx % drawn.num_embeddings, drawn.num_embeddings - 1)
            for drawn in tall
            if drawn.padding_idx is not None
        ]
        assert share(rows, lambda row: row[0] == 0) >= 0.2
        assert share(rows, lambda row: row[0] == row[1]) >= 0.2
        assert share(rows, lambda row: 0 < row[0] < row[1]) >= 0.2

    def test_norm(self, many, share):
        assert 0.15 <= share(many, lambda drawn: drawn.max_norm is not None) <= 0.35
        assert share(many, lambda drawn: drawn.norm_type == 2.0) >= 0.4
        assert {drawn.norm_type for drawn in many} == {1.0, 2.0, 3.0}


class TestEmbeddings:
    @pytest.mark.parametrize("name", ["scale_grad_by_freq", "sparse"])
    def test_booleans(self, draws, share, name):
        assert 0.4 <= share(draws(embeddings()), lambda drawn: getattr(drawn, name)) <= 0.6

    def test_shrinks(self, simplest):
        assert simplest(embeddings()) == EmbeddingArguments(1, 1)
        drawn = simplest(embeddings(), lambda drawn: (drawn.padding_idx or 0) < 0)
        assert drawn == EmbeddingArguments(1, 1, padding_idx=-1)


class TestBags:
    @pytest.mark.parametrize("mode", ["mean", "sum", "max"])
    def test_modes(self, draws, share, mode):
        assert share(draws(embedding_bags()), lambda drawn: drawn.mode == mode) >= 0.25

    def test_gradients_of_the_largest(self, draws, share):
        largest, others = [], []
        for drawn in draws(embedding_bags()):
            (largest if drawn.mode == "max" else others).append(drawn)
        assert not any(drawn.sparse or drawn.scale_grad_by_freq for drawn in largest)
        assert 0.4 <= share(others, lambda drawn: drawn.sparse) <= 0.6
        assert 0.4 <= share(others, lambda drawn: drawn.scale_grad_by_freq) <= 0.6

    def test_last_offset(self, draws, share):
        assert 0.4 <= share(draws(embedding_bags()), lambda drawn: drawn.include_last_offset) <= 0.6

    def test_shrinks(self, simplest):
        assert simplest(embedding_bags()) == EmbeddingBagArguments(1, 1)
