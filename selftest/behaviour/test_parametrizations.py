"""Writes that reach a parametrized weight."""

import torch
from torch import nn

from selftest.behaviour.support import ask
from verify.behaviour.parametrizations import PROMISE


def test_a_reset_that_is_mended_is_noticed(monkeypatch):
    def assigned(self):
        if nn.utils.parametrize.is_parametrized(self):
            self.weight = torch.empty_like(self.weight).uniform_(-1, 1)
        else:
            original(self)

    original = nn.Linear.reset_parameters
    monkeypatch.setattr(nn.Linear, "reset_parameters", assigned)
    outcome = ask(PROMISE, "Linear")
    assert outcome.final_verdict == "fail"
    assert "fixed upstream: weights that a reset does not reach under" in outcome.diagnosis
    assert "end the entry 'reset-lost-under-parametrization' with `until`" in outcome.diagnosis
