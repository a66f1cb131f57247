"""Units that drift apart, do not learn, or become alike."""

from __future__ import annotations

import functools

import torch

from selftest.planted.fault import calling, table
from selftest.planted.module import question

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


row = functools.partial(question, "symmetry", "symmetry")

FAULTS = table(
    row("one entry", f"float32-{SUBJECT}", "constant_", calling(one_entry_off), TORN),
    row("one unit rests", f"float32-{SUBJECT}", "torch.optim.SGD.step",
        calling(one_unit_rests), TORN),
    row("a last bit", f"float64-{SUBJECT}", "torch.optim.SGD.step", calling(last_bit), TORN),
    row("no step", f"float32-{SUBJECT}", "torch.optim.SGD.step", calling(no_step),
        f"{IDLE}incoming.weight, in"),
    row("a bias rests", f"float32-{SUBJECT}", "torch.optim.SGD.step", calling(resting_bias),
        f"{IDLE}incoming.bias"),
    row("rows of Xavier repeat", f"float32-{SUBJECT}", "xavier_uniform_",
        calling(two_rows_alike), f"{ALIKE}xavier_uniform_ before "),
    row("rows of the normal repeat", f"float64-{SUBJECT}", "normal_", calling(two_rows_alike),
        f"{ALIKE}normal_ before "),
)  # fmt: skip
