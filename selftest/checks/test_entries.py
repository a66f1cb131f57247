"""Entries that have laws of their own."""

import numpy as np
import pytest

from selftest.checks.support import alarms, stream, tensor
from verify.checks import entries
from verify.laws import (
    Bernoulli,
    Categorical,
    Cauchy,
    Constant,
    Entries,
    LogNormal,
    Normal,
    Poisson,
)

ROWS, WIDE = 4000, 7


def reduced(values, *laws):
    drawn = tensor(values, "float64")
    return alarms(entries.reduce(drawn, values.shape[1:], Entries(laws), stream("host")))


CASES = {
    "coins": (
        (Bernoulli(0.0), Bernoulli(1.0), Bernoulli(0.25)),
        lambda rng, at: rng.random(at.shape) < np.choose(at, (0.0, 1.0, 0.25)),
    ),
    "normal": (
        (Normal(1.0, 2.0), Normal(-3.0, 0.5), Constant(4.0)),
        lambda rng, at: rng.normal(np.choose(at, (1.0, -3.0, 4.0)), np.choose(at, (2, 0.5, 0))),
    ),
    "events": (
        (Poisson(0.0), Poisson(0.5), Poisson(30.0)),
        lambda rng, at: rng.poisson(np.choose(at, (0.0, 0.5, 30.0))),
    ),
    "log-normal": ((LogNormal(1.0, 0.5),), lambda rng, at: rng.lognormal(1.0, 0.5, at.shape)),
    "Cauchy": ((Cauchy(1.0, 3.0),), lambda rng, at: 1 + 3 * rng.standard_cauchy(at.shape)),
}


def drawn(name):
    laws, draw = CASES[name]
    places = np.broadcast_to(np.arange(WIDE) % len(laws), (ROWS, WIDE))
    return laws, draw(stream(name), places).astype(float)


@pytest.mark.parametrize("name", CASES)
def test_lawful_entries_pass(name):
    laws, values = drawn(name)
    assert reduced(values, *laws) == {}


@pytest.mark.parametrize("name", ["coins", "normal", "events"])
def test_entries_of_another_order_are_found(name):
    laws, values = drawn(name)
    assert reduced(np.roll(values, 1, axis=1), *laws)


def test_a_category_without_mass_is_found():
    values = stream("categories").integers(0, 2, (ROWS, WIDE)) * 2.0
    law = Categorical((1.0, 0.0, 1.0))
    assert reduced(values, law) == {}
    values[7, 3] = 1
    assert set(reduced(values, law)) == {"support"}
