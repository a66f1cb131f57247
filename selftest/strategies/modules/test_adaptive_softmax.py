"""Arguments of the adaptive softmax."""

import itertools

import pytest

from strategies import AdaptiveSoftmaxArguments, adaptive_softmaxes


@pytest.fixture(scope="module")
def many(draws):
    """Many adaptive softmaxes."""
    return draws(adaptive_softmaxes(), 500)


class TestAdaptiveSoftmaxes:
    @pytest.mark.parametrize("max_numel", [4, 60, 2**16])
    def test_valid(self, draws, max_numel):
        for drawn in draws(adaptive_softmaxes(max_numel=max_numel)):
            ends = (0, *drawn.cutoffs, drawn.n_classes)
            assert all(start < stop for start, stop in itertools.pairwise(ends))
            assert int(drawn.in_features // drawn.div_value ** len(drawn.cutoffs)) >= 1

    @pytest.mark.parametrize("clusters", [1, 2, 3, 4])
    def test_clusters(self, many, share, clusters):
        assert share(many, lambda drawn: len(drawn.cutoffs) == clusters) >= 0.15

    def test_divisor(self, many, share):
        assert 0.25 <= share(many, lambda drawn: drawn.div_value == 4.0) <= 0.42
        assert share(many, lambda drawn: drawn.div_value % 1 > 0) >= 0.2
        assert all(1 <= drawn.div_value <= 8 for drawn in many)

    def test_bias(self, many, share):
        assert 0.35 <= share(many, lambda drawn: drawn.head_bias) <= 0.6

    def test_any_part_may_be_the_largest(self, many, share):
        def head(drawn):
            return drawn.cutoffs[0] / drawn.n_classes

        assert share(many, lambda drawn: head(drawn) > 0.5) >= 0.05
        assert share(many, lambda drawn: head(drawn) < 0.1) >= 0.3

    def test_features_differ_from_classes(self, many, share):
        assert share(many, lambda drawn: drawn.in_features != drawn.n_classes) >= 0.95

    def test_shrinks(self, simplest):
        assert simplest(adaptive_softmaxes()) == AdaptiveSoftmaxArguments(4, 2, (1,))
        drawn = simplest(adaptive_softmaxes(), lambda drawn: len(drawn.cutoffs) == 2)
        assert drawn == AdaptiveSoftmaxArguments(16, 3, (1, 2))
