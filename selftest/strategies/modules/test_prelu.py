"""Arguments of the parametric rectifier."""

from strategies import PReLUArguments, prelus


class TestPReLUs:
    def test_parameters(self, draws, share):
        found = draws(prelus())
        assert 0.15 <= share(found, lambda drawn: drawn.num_parameters == 1) <= 0.4
        assert share(found, lambda drawn: drawn.num_parameters > 2**15) >= 0.15

    def test_init(self, draws, share):
        found = draws(prelus())
        assert 0.4 <= share(found, lambda drawn: drawn.init == 0.25) <= 0.6
        assert share(found, lambda drawn: drawn.init == 0) >= 0.05
        assert share(found, lambda drawn: drawn.init < 0) >= 0.05
        assert share(found, lambda drawn: drawn.init not in (0, 0.25)) >= 0.25

    def test_shrinks(self, simplest):
        assert simplest(prelus()) == PReLUArguments()
