"""The best short guess at the law of some values."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from initlaws.builds import places
from initlaws.describing import likely

FILLS = {
    "U(±1/√fan_in), PyTorch's default of Linear": lambda w: nn.init.kaiming_uniform_(
        w, math.sqrt(5)
    ),
    "N(0, 0.02²)": lambda w: nn.init.normal_(w, std=0.02),
    "U(±√(6/(fan_in + fan_out)))": nn.init.xavier_uniform_,
    "N(0, 2/(fan_in + fan_out))": nn.init.xavier_normal_,
    "U(±√(6/fan_in))": nn.init.kaiming_uniform_,
    "N(0, 2/fan_in)": nn.init.kaiming_normal_,
    "N(0, 2/fan_out)": lambda w: nn.init.kaiming_normal_(w, mode="fan_out"),
    "the constant 1": nn.init.ones_,
    "orthogonal, gain 1": nn.init.orthogonal_,
    "the identity": nn.init.eye_,
    "N(0, 0.02²) cut at ±2σ": lambda w: nn.init.trunc_normal_(w, std=0.02, a=-0.04, b=0.04),
    "U(±0.1)": lambda w: nn.init.uniform_(w, -0.1, 0.1),
    "10 zeros in each column, else N(0, 0.01²)": lambda w: nn.init.sparse_(w, 0.1),
    "": lambda w: w.detach().exponential_(),
}


@pytest.mark.parametrize("builds", [1, 4])
@pytest.mark.parametrize("words", FILLS, ids=lambda words: words or "nothing")
def test_it_names_a_fill(words, builds):
    layer = nn.Linear(350, 100)
    (place, _) = places(layer)
    torch.manual_seed(5)
    values = []
    for _ in range(builds):
        FILLS[words](layer.weight)
        values.append(layer.weight.detach().reshape(-1).clone())
    assert likely(torch.stack(values), place) == words


def test_it_names_no_formula_by_few_values():
    layer = nn.Linear(16, 3)
    place = places(layer)[1]
    torch.manual_seed(5)
    assert likely(torch.randn(1, 3), place) == ""


def test_values_of_another_shape_have_no_name():
    place = places(nn.Linear(16, 3))[0]
    assert likely(torch.randn(1, 7), place) == ""
