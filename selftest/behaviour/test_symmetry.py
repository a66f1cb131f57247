"""Units that drift apart, do not learn, or become alike."""

import pytest
import torch
from torch import nn

from selftest.behaviour.support import Fault, ask, unasked
from verify.behaviour.symmetry import PROMISE

SUBJECT = "Xavier and a constant"


def one_entry_off(original, tensor, value):
    original(tensor, value)
    with torch.no_grad():
        tensor.view(-1)[0] += 0.5
    return tensor


def one_unit_rests(original, self, *args, **kwargs):
    group = self.param_groups[0]["params"]
    kept = group[0][0].detach().clone()
    original(self, *args, **kwargs)
    with torch.no_grad():
        group[0][0] = kept


def last_bit(original, self, *args, **kwargs):
    original(self, *args, **kwargs)
    with torch.no_grad():
        bias = self.param_groups[0]["params"][1]
        bias[-1] = torch.nextafter(bias[-1], bias.new_tensor(torch.inf))


def no_step(original, self, *args, **kwargs):
    return None


def resting_bias(original, self, *args, **kwargs):
    self.param_groups[0]["params"][1].grad = None
    return original(self, *args, **kwargs)


def two_rows_alike(original, tensor, *args):
    original(tensor, *args)
    with torch.no_grad():
        tensor[-1] = tensor[0]
    return tensor


TORN = "hidden units that constant weights let differ: "
IDLE = "parameters that do not learn: "
ALIKE = "hidden units that random weights leave alike: "
FAULTS = (
    Fault("one entry", SUBJECT, nn.init, "constant_", one_entry_off, TORN),
    Fault("one unit rests", SUBJECT, torch.optim.SGD, "step", one_unit_rests, TORN),
    Fault("a last bit", SUBJECT, torch.optim.SGD, "step", last_bit, TORN, "float64"),
    Fault("no step", SUBJECT, torch.optim.SGD, "step", no_step, f"{IDLE}incoming.weight, in"),
    Fault("a bias rests", SUBJECT, torch.optim.SGD, "step", resting_bias, f"{IDLE}incoming.bias"),
    Fault(
        "rows of Xavier repeat", SUBJECT, nn.init, "xavier_uniform_", two_rows_alike,
        f"{ALIKE}xavier_uniform_ before ",
    ),
    Fault(
        "rows of the normal repeat", SUBJECT, nn.init, "normal_", two_rows_alike,
        f"{ALIKE}normal_ before ", "float64",
    ),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_is_found(fault, monkeypatch):
    fault.check(PROMISE, monkeypatch)


def test_every_question_finds_something():
    assert unasked(PROMISE, FAULTS) == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_without_faults_nothing_is_found(dtype):
    assert ask(PROMISE, SUBJECT, dtype).final_verdict == "pass"
