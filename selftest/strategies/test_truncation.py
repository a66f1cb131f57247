"""Parameters of a truncated normal distribution."""

import math

import pytest
from hypothesis.errors import InvalidArgument

from strategies import TRUNCATION_KINDS, Truncation, truncations

ROUNDING = 1e-9


def window(law):
    """Bounds in standard deviations, mirrored so that the side nearer to the mean is the left."""
    low, high = (law.a - law.mean) / law.std, (law.b - law.mean) / law.std
    return (low, high) if abs(low) <= abs(high) else (-high, -low)


def within(value, low, high):
    """Compare up to the rounding of absolute bounds."""
    return low * (1 - ROUNDING) - ROUNDING <= value <= high * (1 + ROUNDING) + ROUNDING


IS_KIND = {
    "centred": lambda low, high: within(high, 0.3, 100) and within(-low / high, 1, 1),
    "off_centre": lambda low, high: within(-low, 0.1, 6) and within(high / -low, 1.25, 8),
    "one_sided": lambda low, high: low <= 0.5 + ROUNDING and high > 8,
    "narrow": lambda low, high: (
        within(high - low, 1e-3, 0.3) and abs(low + high) / 2 <= 2 + ROUNDING
    ),
    "tail": lambda low, high: within(low, 2, 8) and within((high - low) * low, 0.1, 4),
    "mean_outside": lambda low, high: within(low, 0.01, 3) and within(high - low, 0.1, 10),
    "far_tail": lambda low, high: within(low, 8, 30) and within((high - low) * low, 0.1, 4),
    "one_sided_tail": lambda low, high: within(low, 1, 6) and high == math.inf,
}


class TestTruncations:
    @pytest.mark.parametrize("kind", TRUNCATION_KINDS)
    def test_is_the_kind_asked_for(self, draws, kind):
        for law in draws(truncations(kinds=(kind,))):
            assert IS_KIND[kind](*window(law)), law

    @pytest.mark.parametrize("bounds", [{}, {"min_std": 0.5, "max_std": 0.5}, {"min_std": 1e-150}])
    def test_finite_and_ordered(self, draws, bounds):
        for law in draws(truncations(**bounds), 1000):
            assert math.isfinite(law.mean) and bounds.get("min_std", 1e-4) <= law.std
            assert law.std <= bounds.get("max_std", 1e4)
            assert law.a < law.b

    def test_every_kind_is_checked(self):
        assert set(IS_KIND) == set(TRUNCATION_KINDS)

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ({"kinds": ()}, "kinds must not be empty; choose from 'centred', "),
            ({"kinds": "tail"}, "kinds must be a collection of names, got 'tail'"),
            ({"kinds": ["middle"]}, "kinds contains 'middle'; choose from 'centred', "),
            ({"min_std": 0}, "min_std must be between 1e-150 and 1e+150, got 0"),
            (
                {"min_std": 2.0, "max_std": 1.0},
                "min_std=2.0 must not be larger than max_std=1.0",
            ),
        ],
    )
    def test_invalid(self, arguments, sentence):
        with pytest.raises(InvalidArgument) as error:
            truncations(**arguments)
        assert str(error.value).startswith(sentence)

    def test_repr(self):
        assert repr(truncations(kinds=("tail",))) == "truncations(kinds=('tail',))"

    @pytest.mark.parametrize(
        "values", [(0, 0, -1, 1), (math.nan, 1, -1, 1), (0, 1, 1, 1), (0, 1, math.nan, 1)]
    )
    def test_refuses_values_that_mean_nothing(self, values):
        with pytest.raises(ValueError, match="not a truncated normal distribution"):
            Truncation(*values)


@pytest.fixture(scope="module")
def many(draws):
    """Many values."""
    return draws(truncations(), 1000)


class TestQuality:
    @pytest.mark.parametrize("kind", TRUNCATION_KINDS)
    def test_every_kind(self, many, share, kind):
        assert share(many, lambda law: IS_KIND[kind](*window(law))) >= 0.08

    @pytest.mark.parametrize("kind", [kind for kind in TRUNCATION_KINDS if kind != "centred"])
    def test_either_side(self, draws, share, kind):
        found = draws(truncations(kinds=[kind]))
        right = share(found, lambda law: law.a + law.b >= 2 * law.mean)
        assert 0.35 <= right <= 0.8

    def test_means(self, many, share):
        offsets = [abs(law.mean) / law.std for law in many]
        assert 0.4 <= share(offsets, lambda offset: offset == 0) <= 0.6
        assert share(offsets, lambda offset: 0 < offset <= 4.001) >= 0.25
        assert share(offsets, lambda offset: offset > 9.99) >= 0.08
        assert share(many, lambda law: law.mean < 0) >= 0.15

    def test_stds(self, many, share):
        assert share(many, lambda law: law.std == 1) >= 0.2
        assert share(many, lambda law: law.std == 0.02) >= 0.2
        assert share(many, lambda law: law.std < 1e-2) >= 0.1
        assert share(many, lambda law: law.std > 1e2) >= 0.08

    def test_one_sided_windows_may_be_infinite(self, draws, share):
        found = draws(truncations(kinds=["one_sided"]))
        assert 0.3 <= share(found, lambda law: math.isinf(law.a) or math.isinf(law.b)) <= 0.7

    def test_narrow_windows_on_the_mean_and_off_it(self, draws, share):
        found = draws(truncations(kinds=["narrow"]))
        assert share(found, lambda law: law.a < law.mean < law.b) >= 0.4
        assert share(found, lambda law: not law.a < law.mean < law.b) >= 0.2

    def test_far_tails_reach_far(self, draws):
        starts = [window(law)[0] for law in draws(truncations(kinds=["far_tail"]))]
        assert min(starts) < 9 and max(starts) > 27


class TestShrinking:
    def test_simplest(self, simplest):
        assert simplest(truncations()) == Truncation(0.0, 1.0, -2.0, 2.0)
        tail = simplest(truncations(kinds=["tail"]))
        assert tail == Truncation(0.0, 1.0, 2.0, 2.5)
        half = simplest(truncations(kinds=["one_sided"]))
        assert half == Truncation(0.0, 1.0, 0.0, math.inf)

    def test_mean(self, simplest):
        law = simplest(truncations(), lambda law: law.mean != 0)
        assert law == Truncation(1.0, 1.0, -1.0, 3.0)
