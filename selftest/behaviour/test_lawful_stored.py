"""Other lawful ways to load a state: what is promised are values, not how they come."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import nn

from selftest.behaviour.support import ask
from verify.behaviour.promises import PROMISES


def read_whole(original, *args, **kwargs):
    """A mapped file that is read into memory at once."""
    return original(*args, **{**kwargs, "mmap": False})


def of_a_copy(original, self, state, *args, **kwargs):
    """A state whose tensors are copied first, the last one first."""
    own = {name: each.clone() if torch.is_tensor(each) else each for name, each in state.items()}
    return original(self, dict(reversed(own.items())), *args, **kwargs)


def of_ones(original, kind, *args, **kwargs):
    """Memory that holds something else, as any memory may."""
    module = original(kind, *args, **kwargs)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(1)
    return module


@pytest.mark.parametrize("name", ["Linear", "BatchNorm1d"])
@pytest.mark.parametrize(
    ("holder", "attribute", "other"),
    [
        (torch, "load", read_whole),
        (nn.Module, "load_state_dict", of_a_copy),
        (nn.utils, "skip_init", of_ones),
    ],
)
def test_other_ways_are_lawful(monkeypatch, holder, attribute, other, name):
    original = getattr(holder, attribute)

    @functools.wraps(original)
    def replacement(*args, **kwargs):
        return other(original, *args, **kwargs)

    monkeypatch.setattr(holder, attribute, replacement)
    outcome = ask(PROMISES["loading"], name, "float32")
    assert outcome.final_verdict == "pass", outcome.diagnosis
