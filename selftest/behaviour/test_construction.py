"""Modules that are built otherwise than asked."""

import copy

import pytest
import torch
from torch import nn

from selftest.behaviour.support import Fault, ask, then, unasked
from verify.behaviour.construction import PROMISE


def single_bias(linear):
    if linear.bias is not None:
        linear.bias = nn.Parameter(linear.bias.float())


def frozen_bias(convolution):
    if convolution.bias is not None:
        convolution.bias.requires_grad = False


def tied_biases(cell):
    if cell.bias_hh is not None:
        cell.bias_hh = nn.Parameter(cell.bias_ih.detach())


def weight_as_buffer(norm):
    weight = norm.weight.detach()
    del norm.weight
    norm.register_buffer("weight", weight)


def unsaved_variance(norm):
    if norm.running_var is not None:
        norm.register_buffer("running_var", norm.running_var, persistent=False)


def negated_by_default(original, self, *args, dtype=None, **kwargs):
    original(self, *args, dtype=dtype, **kwargs)
    if dtype is None:
        self.weight.data.neg_()


def real_slope(prelu):
    prelu.weight = nn.Parameter(torch.full(prelu.weight.shape, 0.25, dtype=prelu.weight.dtype))


def drawing_on_meta(original, self, *args, device=None, **kwargs):
    original(self, *args, device=device, **kwargs)
    if device is not None and device.type == "meta":
        torch.rand(1)


def of_own_stream(original, *arguments, **keywords):
    return original(*arguments, **keywords | {"generator": torch.Generator()})


FAULTS = (
    Fault(
        "a bias in float32", "Linear", nn.Linear, "__init__", then(single_bias),
        "tensors of another dtype or device than asked: bias is torch.float32 on cpu",
        dtype="float64",
    ),
    Fault(
        "another sign by default", "Linear", nn.Linear, "__init__", negated_by_default,
        "what the default device and dtype change: weight",
    ),
    Fault(
        "a frozen bias", "Conv2d", nn.Conv2d, "__init__", then(frozen_bias),
        "parameters that cannot be trained, buffers that can: bias",
    ),
    Fault(
        "a weight as a buffer", "RMSNorm", nn.RMSNorm, "__init__", then(weight_as_buffer),
        "parameters that are buffers, buffers that are parameters: weight",
    ),
    Fault(
        "an unsaved variance", "BatchNorm1d", nn.BatchNorm1d, "__init__", then(unsaved_variance),
        "tensors that the state dict leaves out: running_var",
    ),
    Fault(
        "biases of one memory", "GRUCell", nn.GRUCell, "__init__", then(tied_biases),
        "tensors that share memory: bias_",
    ),
    Fault(
        "a draw for nothing", "GroupNorm", nn.GroupNorm, "__init__", then(lambda _: torch.rand(1)),
        "what the global stream shows: a construction without randomness draws",
    ),
    Fault(
        "a bias of its own stream", "Linear", nn.init, "uniform_", of_own_stream,
        "tensors that the seed does not reach: bias",
    ),
    Fault(
        "a weight of its own stream", "RNN", nn.init, "uniform_", of_own_stream,
        "what the global stream shows: nothing is drawn",
    ),
    Fault(
        "a skip that draws", "Linear", nn.utils, "skip_init",
        lambda _original, cls, **keywords: cls(**keywords),
        "what skip_init does otherwise: the global stream",
    ),
    Fault(
        "a skip without dtype", "Linear", nn.utils, "skip_init",
        lambda original, cls, dtype, **keywords: original(cls, **keywords),
        "what skip_init does otherwise: bias, weight", dtype="float64",
    ),
    Fault(
        "a copy of the same memory", "Embedding", nn.Parameter, "__deepcopy__",
        lambda _original, self, _memo: copy.copy(self),
        "what deepcopy changes or shares: weight and weight",
    ),
    Fault(
        "a slope on the host", "PReLU", nn.PReLU, "__init__", then(real_slope),
        "what is real on the meta device: weight",
    ),
    Fault(
        "a draw on the meta device", "Linear", nn.Linear, "__init__", drawing_on_meta,
        "what is real on the meta device: the global stream",
    ),
    Fault(
        "a reset that makes a new slope", "PReLU", nn.PReLU, "reset_parameters", then(real_slope),
        "parameters that a reset replaces: weight",
    ),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_is_found(fault, monkeypatch):
    fault.check(PROMISE, monkeypatch)


def test_every_question_finds_something():
    assert unasked(PROMISE, FAULTS) == []


@pytest.mark.parametrize("name", ["Linear", "LazyConv1d", "BCELoss", "TransformerEncoder"])
def test_without_faults_nothing_is_found(name):
    assert ask(PROMISE, name).final_verdict == "pass"


def test_the_default_dtype_is_put_back(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise RuntimeError("planted")

    monkeypatch.setattr(nn.Linear, "reset_parameters", refuse)
    assert ask(PROMISE, "Linear", "float64").final_verdict == "fail"
    assert torch.get_default_dtype() is torch.float32
