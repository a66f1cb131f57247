"""Described: tensors that other tensors give."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations
from torch.nn.utils import weight_norm as old_weight_norm

from initlaws.builds import Builds
from initlaws.describing import describe
from initlaws.following import budget, follow
from selftest.initlaws.test_describing import laws


def normalised(dim=0, old=False, times=1.0):
    """Two layers of normal values under weight normalisation."""

    def build():
        model = nn.Sequential(nn.Linear(32, 32, bias=False), nn.Conv1d(8, 16, 3, bias=False))
        for part in model:
            nn.init.normal_(part.weight, std=0.02)
            (old_weight_norm if old else parametrizations.weight_norm)(part, dim=dim)
        kept = model[0].weight_g if old else model[0].parametrizations.weight.original0
        with torch.no_grad():
            kept.mul_(times)
        return model

    return build


@pytest.mark.parametrize(("dim", "old"), [(0, False), (1, False), (0, True), (None, False)])
def test_the_norms_of_weight_norm_are_computed(dim, old):
    make = normalised(dim, old)
    text = describe(Builds(make), 8).laws_file()
    assert text.count("Computed(") == 2 and ("keepdim=True" in text) == (dim is not None)
    follows = follow(Builds(make, seed=5), laws(make), budget(builds=64))
    assert follows.passed
    wrong = follow(Builds(normalised(dim, old, 1.001)), laws(make), budget(builds=4))
    assert [len(row.wrong) for row in wrong.rows if row.wrong] == [1]


def test_what_are_no_norms_have_a_law():
    assert describe(Builds(normalised(times=1.1)), 8).laws_file().count("Computed(") == 1
