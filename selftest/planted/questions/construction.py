"""Modules that are built otherwise than asked."""

from __future__ import annotations

import copy
import functools

import torch
from torch import nn

from selftest.planted.fault import calling, table
from selftest.planted.module import after, question


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


row = functools.partial(question, "construction", "construction")

FAULTS = table(
    row("a bias in float32", "float64-Linear", "Linear.__init__", after(single_bias),
        "tensors of another dtype or device than asked: bias is torch.float32 on cpu"),
    row("another sign by default", "float32-Linear", "Linear.__init__",
        calling(negated_by_default), "what the default device and dtype change: weight"),
    row("a frozen bias", "float32-Conv2d", "Conv2d.__init__", after(frozen_bias),
        "parameters that cannot be trained, buffers that can: bias"),
    row("a weight as a buffer", "float32-RMSNorm", "RMSNorm.__init__",
        after(weight_as_buffer),
        "parameters that are buffers, buffers that are parameters: weight"),
    row("an unsaved variance", "float32-BatchNorm1d", "BatchNorm1d.__init__",
        after(unsaved_variance), "tensors that the state dict leaves out: running_var"),
    row("biases of one memory", "float32-GRUCell", "GRUCell.__init__", after(tied_biases),
        "tensors that share memory: bias_"),
    row("a draw for nothing", "float32-GroupNorm", "GroupNorm.__init__",
        after(lambda _: torch.rand(1)),
        "what the global stream shows: a construction without randomness draws"),
    row("a bias of its own stream", "float32-Linear", "uniform_", calling(of_own_stream),
        "tensors that the seed does not reach: bias"),
    row("a weight of its own stream", "float32-RNN", "uniform_", calling(of_own_stream),
        "what the global stream shows: nothing is drawn"),
    row("a skip that draws", "float32-Linear", "utils.skip_init",
        calling(lambda _original, cls, **keywords: cls(**keywords)),
        "what skip_init does otherwise: the global stream"),
    row("a skip without dtype", "float64-Linear", "utils.skip_init",
        calling(lambda original, cls, dtype, **keywords: original(cls, **keywords)),
        "what skip_init does otherwise: bias, weight"),
    row("a copy of the same memory", "float32-Embedding", "Parameter.__deepcopy__",
        calling(lambda _original, self, _memo: copy.copy(self)),
        "what deepcopy changes or shares: weight and weight"),
    row("a slope on the host", "float32-PReLU", "PReLU.__init__", after(real_slope),
        "what is real on the meta device: weight"),
    row("a draw on the meta device", "float32-Linear", "Linear.__init__",
        calling(drawing_on_meta), "what is real on the meta device: the global stream"),
    row("a reset that makes a new slope", "float32-PReLU", "PReLU.reset_parameters",
        after(real_slope), "parameters that a reset replaces: weight"),
)  # fmt: skip
