"""What construction leaves as it was."""

import torch
from torch import nn

from selftest.behaviour.support import ask
from verify.behaviour.construction import PROMISE


def test_the_default_dtype_is_put_back(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise RuntimeError("planted")

    monkeypatch.setattr(nn.Linear, "reset_parameters", refuse)
    assert ask(PROMISE, "Linear", "float64").final_verdict == "fail"
    assert torch.get_default_dtype() is torch.float32
