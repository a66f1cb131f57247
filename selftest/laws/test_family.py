"""Of which kind a law is: what it says alone, and what is true of several together."""

import math
from functools import reduce
from operator import or_

import pytest

from selftest.laws.test_law import Logistic
from verify import laws
from verify.laws import Family

NORMAL = Family("normal", ())


@pytest.mark.parametrize(
    ("law", "family"),
    [
        (laws.Normal(3.0, 0.02), NORMAL),
        (laws.Uniform(-2.0, 5.0), Family("uniform", ())),
        (laws.Exponential(7.0), Family("exponential", ())),
        (laws.TruncatedNormal(1.0, 0.5, 0.0, 3.0), Family("truncated normal", (-2.0, 4.0))),
        (laws.TruncatedNormal(0.0, 0.02, -2.0, math.inf), Family("truncated normal", (-9.0, 9.0))),
        (laws.Haar(2.0), Family("haar")),
        (laws.Sparse(0.1, 0.01), Family("sparse", ())),
        (laws.DiscreteUniform(0, 9), Family("discrete uniform")),
        (laws.Constant(0.5), Family("constant")),
        (Logistic(2.0), Family("logistic")),
    ],
    ids=repr,
)
def test_a_law_says_its_family_without_location_and_scale(law, family):
    assert law.family == family


def test_bounds_that_only_rounding_tells_apart_are_the_same():
    stds = [0.02, 0.1, 1 / 3, 7.7, 1e-4]
    windows = {laws.TruncatedNormal(0.0, s, -2 * s, 2 * s).family for s in stds}
    assert windows == {Family("truncated normal", (-2.0, 2.0))}


def test_together_they_keep_what_is_true_of_all():
    one, other = (Family("truncated normal", (-x, x)) for x in (1.0, 2.0))
    assert one | one == one
    assert one | other == other | one == Family("truncated normal")
    assert reduce(or_, [one, one, other, one]) == Family("truncated normal")
    assert one | NORMAL == NORMAL | one == Family("several")
    assert reduce(or_, [NORMAL, one, NORMAL]).parameters is None
