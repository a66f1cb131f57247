"""What construction draws, and what it leaves as it was."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from selftest.behaviour.support import ask, cell
from strategies.modules.embedding import EmbeddingArguments
from verify.behaviour.construction import PROMISE, _wrong_draws
from verify.behaviour.promise import Trial


def test_the_default_dtype_is_put_back(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise RuntimeError("planted")

    monkeypatch.setattr(nn.Linear, "reset_parameters", refuse)
    assert ask(PROMISE, "Linear", "float64").final_verdict == "fail"
    assert torch.get_default_dtype() is torch.float32


@pytest.mark.parametrize(
    ("rows", "draws", "wrong"),
    [(1, True, []), (1, False, []), (2, True, []), (2, False, ["nothing is drawn"])],
)
def test_a_padding_row_may_be_drawn_or_not(rows, draws, wrong, monkeypatch):
    """Nothing keeps its values: of a table that is all padding, no draw is promised or refused."""
    if not draws:
        monkeypatch.setattr(nn.init, "normal_", nn.init.zeros_)
    asked = cell("Embedding")
    case = replace(asked.subject.anchors[0], arguments=EmbeddingArguments(rows, 1, padding_idx=0))
    assert _wrong_draws(Trial(asked, case, torch.device("cpu"), 1)) == wrong
