"""The choices that values are made of."""

import collections

import pytest
from hypothesis import strategies as st

from strategies import _choices, constants, dirac_shapes, fan_shapes, orthogonal_shapes, shapes
from strategies._define import strategy


def made_by(make):
    """A strategy from a function of choices."""

    @strategy
    def made():
        return make

    return made()


class TestBelow:
    @pytest.mark.parametrize("count", [2, 3, 20, 97, 300])
    def test_even(self, draws, count):
        values = draws(made_by(lambda choices: [choices.below(count) for _ in range(8)]), 400)
        counts = collections.Counter(value for row in values for value in row)
        assert set(counts) <= set(range(count))
        expected = 3200 / count
        assert all(abs(n - expected) < 6 * expected**0.5 for n in counts.values())

    def test_one_option_needs_no_draw(self, draws):
        assert draws(made_by(lambda choices: choices.below(1))) == [0]


class TestBlocks:
    @pytest.mark.parametrize(
        "values", [shapes(), fan_shapes(), dirac_shapes(), orthogonal_shapes(), constants()]
    )
    def test_one_block_makes_one_value(self, draws, values, monkeypatch):
        made = []
        start = _choices.Choices.__init__

        def remember(self, draw, block):
            start(self, draw, block)
            made.append(self)

        monkeypatch.setattr(_choices.Choices, "__init__", remember)
        draws(values)
        assert {choices.blocks for choices in made} <= {0, 1}

    def test_more_blocks_when_needed(self, draws):
        rows = draws(made_by(lambda choices: [choices.below(200) for _ in range(100)]), 50)
        assert max(len(set(row)) for row in rows) > 60

    def test_longer_than_the_constants_that_hypothesis_collects(self, draws):
        sizes = []

        def make(choices):
            value = choices.below(9)
            sizes.append(len(choices._bytes[0]))
            return value

        draws(made_by(make), 20)
        assert min(sizes) > 50


class TestLogInteger:
    @pytest.mark.parametrize(("low", "high"), [(1, 1), (1, 2**22), (5, 7), (40_000, 41_000)])
    def test_inside(self, draws, low, high):
        values = draws(made_by(lambda choices: choices.log_integer(low, high)))
        assert all(low <= value <= high for value in values)

    def test_shrinks_to_low(self, simplest):
        assert simplest(made_by(lambda choices: choices.log_integer(5, 999))) == 5

    def test_shrinks_to_a_power_of_two(self, simplest):
        values = made_by(lambda choices: choices.log_integer(1, 2**22))
        assert simplest(values, lambda value: value > 900) <= 1024


class TestLogFloat:
    @pytest.mark.parametrize(
        ("low", "high"), [(1, 1), (1e-150, 1e150), (3, 3.0001), (1e-9, 1e-3), (2, 5000)]
    )
    def test_inside(self, draws, low, high):
        values = draws(made_by(lambda choices: choices.log_float(low, high)))
        assert all(low <= value <= high for value in values)
        if low < high:
            assert len(set(values)) > 200

    def test_even_over_decades(self, draws):
        values = draws(made_by(lambda choices: choices.log_float(1e-4, 1e4)), 800)
        for decade in range(-4, 4):
            inside = [value for value in values if 10**decade <= value < 10 ** (decade + 1)]
            assert 60 <= len(inside) <= 150

    @pytest.mark.parametrize(("low", "high", "end"), [(0.1, 9, 1.0), (2, 9, 2), (0.01, 0.5, 0.5)])
    def test_shrinks_towards_one(self, simplest, low, high, end):
        assert simplest(made_by(lambda choices: choices.log_float(low, high))) == end

    def test_three_digits(self, draws):
        values = draws(made_by(lambda choices: choices.log_float(1e-4, 1e4)))
        assert all(float(f"{value:.3g}") == value for value in values)


def test_foreign_strategies_can_be_drawn(draws):
    values = draws(made_by(lambda choices: choices.draw(st.booleans())))
    assert sorted(values) == [False, True]
