"""Deterministic draws and shrinks for the tests of the strategies."""

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings


def _draws(strategy, count=300):
    values = []

    @seed(20_240_229)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value):
        values.append(value)

    collect()
    return values


def _simplest(strategy, predicate=lambda value: True):
    exact = settings(max_examples=5000, database=None, deadline=None)
    return find(strategy, predicate, settings=exact, random=Random(20_240_229))


@pytest.fixture(scope="session")
def draws():
    """Values that a fixed seed draws: ``draws(strategy, count=300)``."""
    return _draws


@pytest.fixture(scope="session")
def simplest():
    """The value that shrinking ends at: ``simplest(strategy, predicate)``."""
    return _simplest


@pytest.fixture(scope="session")
def share():
    """The fraction of values for which a predicate holds: ``share(values, predicate)``."""
    return lambda values, predicate: sum(map(predicate, values)) / len(values)
