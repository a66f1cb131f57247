"""Nonlinearities and their parameters."""

import dataclasses
import math
import re

import pytest
import torch
from hypothesis.errors import InvalidArgument

from strategies import NONLINEARITIES, Nonlinearity, nonlinearities


class TestNonlinearities:
    def test_torch_takes_each(self, draws):
        for chosen in draws(nonlinearities(), 1000):
            assert torch.nn.init.calculate_gain(chosen.name, chosen.param) > 0

    def test_parameters_are_numbers(self, draws):
        for chosen in draws(nonlinearities(), 1000):
            assert chosen.param is None or type(chosen.param) in (int, float)
            assert chosen.param is None or abs(chosen.param) <= 1e3

    def test_names_are_those_that_torch_documents(self):
        documentation = torch.nn.init.calculate_gain.__doc__
        documented = {
            name.lower() for name in re.findall("ReLU|SELU|Tanh|Sigmoid|Linear", documentation)
        }
        assert documented <= set(NONLINEARITIES)
        assert len(NONLINEARITIES) == len(set(NONLINEARITIES)) == 12

    @pytest.mark.parametrize(
        ("names", "sentence"),
        [
            ((), "names must not be empty; choose from "),
            ("relu", "names must be a collection of names, got 'relu'"),
            (("gelu",), "names contains 'gelu'; choose from 'linear', "),
            (3, "names must be a collection of names, got 3"),
        ],
    )
    def test_invalid(self, names, sentence):
        with pytest.raises(InvalidArgument) as error:
            nonlinearities(names=names)
        assert str(error.value).startswith(sentence)

    def test_frozen(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            Nonlinearity("relu").param = 1

    def test_repr(self):
        assert repr(nonlinearities(names=("relu",))) == "nonlinearities(names=('relu',))"


@pytest.fixture(scope="module")
def many(draws):
    """Many values."""
    return draws(nonlinearities(), 1500)


class TestQuality:
    @pytest.mark.parametrize("name", NONLINEARITIES)
    def test_every_name(self, many, share, name):
        least = 0.2 if name == "leaky_relu" else 0.04
        assert share(many, lambda chosen: chosen.name == name) >= least

    @pytest.mark.parametrize("param", [None, 0, 0.01, 1, math.sqrt(5)])
    def test_usual_slopes(self, many, share, param):
        found = [chosen for chosen in many if chosen.name == "leaky_relu"]
        assert share(found, lambda chosen: chosen.param == param) >= 0.02

    def test_kinds_of_slopes(self, many, share):
        slopes = [chosen.param for chosen in many if chosen.name == "leaky_relu"]
        assert share(slopes, lambda slope: isinstance(slope, int)) >= 0.1
        assert share(slopes, lambda slope: slope is not None and slope < 0) >= 0.15
        assert share(slopes, lambda slope: slope is not None and abs(slope) > 50) >= 0.04

    def test_ignored_parameters(self, many, share):
        others = [chosen for chosen in many if chosen.name != "leaky_relu"]
        assert 0.3 <= share(others, lambda chosen: chosen.param is not None) <= 0.7


class TestShrinking:
    def test_simplest(self, simplest):
        assert simplest(nonlinearities()) == Nonlinearity("linear")
        assert simplest(nonlinearities(names=("selu", "relu"))) == Nonlinearity("relu")

    def test_leaky(self, simplest):
        leaky = simplest(nonlinearities(), lambda chosen: chosen.name == "leaky_relu")
        assert leaky == Nonlinearity("leaky_relu")
