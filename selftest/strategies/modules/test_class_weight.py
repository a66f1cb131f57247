"""Class weights of losses."""

from strategies import ClassWeightArguments, class_weights


class TestClassWeights:
    def test_values_are_those_of_gains(self, draws, share):
        found = draws(class_weights())
        assert all(1e-4 <= drawn.value <= 1e4 for drawn in found)
        assert 0.1 <= share(found, lambda drawn: drawn.value == 1.0) <= 0.3
        assert share(found, lambda drawn: drawn.value > 10) >= 0.1
        assert share(found, lambda drawn: drawn.value < 0.1) >= 0.1

    def test_classes(self, draws, share):
        found = draws(class_weights())
        assert share(found, lambda drawn: drawn.classes == 1) >= 0.02
        assert share(found, lambda drawn: drawn.classes > 2**15) >= 0.2

    def test_shrinks(self, simplest):
        assert simplest(class_weights()) == ClassWeightArguments(1, 1.0)
