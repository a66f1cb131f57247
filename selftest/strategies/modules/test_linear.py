"""Arguments of linear and bilinear layers."""

import pytest

from strategies import BilinearArguments, LinearArguments, bilinears, linears


@pytest.fixture(scope="module", params=[2**12, 2**16])
def layers(request, draws):
    """Many linear layers."""
    return draws(linears(max_numel=request.param), 600)


class TestLinears:
    def test_in_differs_from_out(self, layers, share):
        assert share(layers, lambda drawn: drawn.in_features != drawn.out_features) >= 0.95

    def test_either_is_the_larger(self, layers, share):
        assert share(layers, lambda drawn: drawn.in_features > drawn.out_features) >= 0.4
        assert share(layers, lambda drawn: drawn.in_features < drawn.out_features) >= 0.4

    def test_sizes_of_one_now_and_then(self, layers, share):
        assert 0.02 <= share(layers, lambda drawn: drawn.in_features == 1) <= 0.15
        assert 0.02 <= share(layers, lambda drawn: drawn.out_features == 1) <= 0.15

    def test_bias(self, layers, share):
        assert 0.4 <= share(layers, lambda drawn: drawn.bias) <= 0.6

    def test_no_room_for_a_bias(self, draws):
        assert set(draws(linears(max_numel=1), 30)) == {LinearArguments(1, 1, bias=False)}

    def test_shrinks(self, simplest):
        assert simplest(linears()) == LinearArguments(1, 1)
        assert simplest(linears(), lambda drawn: drawn.out_features > 1) == LinearArguments(1, 2)
        assert simplest(linears(), lambda drawn: drawn.in_features > 1) == LinearArguments(2, 1)


@pytest.fixture(scope="module", params=[2**12, 2**16])
def pairs(request, draws):
    """Many bilinear layers."""
    return draws(bilinears(max_numel=request.param), 600)


class TestBilinears:
    def test_sizes_differ(self, pairs, share):
        def distinct(drawn):
            return len({drawn.in1_features, drawn.in2_features, drawn.out_features}) == 3

        assert share(pairs, distinct) >= 0.75

    @pytest.mark.parametrize("name", ["in1_features", "in2_features", "out_features"])
    def test_any_size_may_be_the_largest(self, pairs, share, name):
        def largest(drawn):
            sizes = drawn.in1_features, drawn.in2_features, drawn.out_features
            return getattr(drawn, name) == max(sizes)

        assert share(pairs, largest) >= 0.2
        assert 0.02 <= share(pairs, lambda drawn: getattr(drawn, name) == 1) <= 0.3

    def test_bias(self, pairs, share):
        assert 0.4 <= share(pairs, lambda drawn: drawn.bias) <= 0.6

    def test_shrinks(self, simplest):
        assert simplest(bilinears()) == BilinearArguments(1, 1, 1)
        drawn = simplest(bilinears(), lambda drawn: drawn.out_features > 1)
        assert drawn == BilinearArguments(1, 1, 2)
