"""The examples in the docstrings."""

import doctest
import importlib
import pkgutil

import pytest
from hypothesis import settings

import strategies

MODULES = ["strategies"] + [
    module.name for module in pkgutil.walk_packages(strategies.__path__, "strategies.")
]


@pytest.fixture
def repeatable():
    """Examples draw the same in every run."""
    before = settings.get_current_profile_name()
    settings.register_profile("documentation", derandomize=True, database=None, deadline=None)
    settings.load_profile("documentation")
    yield
    settings.load_profile(before)


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.usefixtures("repeatable")
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
