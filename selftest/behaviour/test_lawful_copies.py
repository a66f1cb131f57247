"""Copies that are made in another way, and are as good."""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch
from torch import nn

from selftest.behaviour.support import ask
from selftest.planted.fault import calling
from selftest.planted.questions.generators import generator
from verify.behaviour.copies import PROMISE
from verify.behaviour.copies.ways import same_bits, strides


def entry_by_entry(_original, self, memo):
    """Into memory that is filled afterwards."""
    twin = torch.empty_like(self.detach()).copy_(self.detach())
    return memo.setdefault(id(self), nn.Parameter(twin, self.requires_grad))


def roomy(_original, self, memo):
    """In the middle of a larger memory."""
    data = self.detach()
    dense = data.is_contiguous()
    memory = data.new_empty(data.numel() + 8)
    twin = memory[8:].view(data.shape).copy_(data) if dense else data.clone()
    return memo.setdefault(id(self), nn.Parameter(twin, self.requires_grad))


def in_one_memory(original, self, state):
    """Weights side by side, as kernels of some devices want them."""
    original(self, state)
    weights = [parameter for name, parameter in self.named_parameters() if "_l0" in name]
    flat = torch.cat([weight.detach().reshape(-1) for weight in weights])
    parts = flat.split([weight.numel() for weight in weights])
    for weight, part in zip(weights, parts, strict=True):
        weight.data = part.view(weight.shape)


def by_pickle(_original, module, n):
    return nn.ModuleList([pickle.loads(pickle.dumps(module)) for _ in range(n)])


def one_by_one(_original, module, n):
    return nn.ModuleList([copy.deepcopy(module) for _ in range(n)][::-1])


class Filled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, tensor, memory_format):
        return torch.empty_like(tensor, memory_format=memory_format).copy_(tensor)

    @staticmethod
    def backward(ctx, slopes):
        return slopes, None


def filled(_original, self, *, memory_format=torch.preserve_format):
    """A clone that is allocated, then filled."""
    return Filled.apply(self, memory_format)


def through_bytes(original, of, file, *args, **kwargs):
    """Saved elsewhere first, by the older format."""
    between = io.BytesIO()
    original(of, between, *args, **{**kwargs, "_use_new_zipfile_serialization": False})
    file.write(between.getvalue())


def restored(seed, state):
    made = torch.Generator().manual_seed(seed)
    made.set_state(state)
    return made


def set_without_return(self, state):
    type(self).__base__.set_state(self, state)


def by_its_state(self):
    return restored(self.initial_seed(), self.get_state())


def in_two_parts(self):
    return restored, (self.initial_seed(), self.get_state())


OTHER_GENERATOR = generator(
    clone_state=by_its_state, __reduce__=in_two_parts, set_state=set_without_return
)

ALTERNATIVES = [
    ("Linear", nn.Parameter, "__deepcopy__", calling(entry_by_entry)),
    ("BatchNorm1d", nn.Parameter, "__deepcopy__", calling(roomy)),
    ("Embedding", nn.Parameter, "__deepcopy__", calling(roomy)),
    ("LSTM", nn.LSTM, "__setstate__", calling(in_one_memory)),
    ("TransformerEncoder", nn.modules.transformer, "_get_clones", calling(by_pickle)),
    ("TransformerEncoder", nn.modules.transformer, "_get_clones", calling(one_by_one)),
    ("torch.rand", torch.Tensor, "clone", calling(filled)),
    ("Linear", torch.Tensor, "clone", calling(filled)),
    ("LSTM", torch, "save", calling(through_bytes)),
    (
        "torch.rand",
        torch,
        "Generator",
        generator(clone_state=by_its_state, __reduce__=in_two_parts),
    ),
]


@pytest.mark.parametrize(("name", "owner", "target", "plant"), ALTERNATIVES)
def test_copies_may_be_made_in_another_way(name, owner, target, plant, monkeypatch):
    monkeypatch.setattr(owner, target, plant(getattr(owner, target)))
    outcome = ask(PROMISE, name)
    assert outcome.final_verdict == "pass", outcome.diagnosis


def test_strides_of_axes_without_a_step_say_nothing():
    tensor = torch.zeros(4, 1)
    assert strides(tensor) == strides(tensor.as_strided((4, 1), (1, 7))) == (1,)
    assert strides(torch.zeros(0, 3)) == strides(torch.zeros(3, 0).t()) == ()
    assert strides(torch.zeros(2, 3).t()) == (1, 3) != strides(torch.zeros(3, 2))


def test_bits_tell_zeros_apart_and_take_nan_for_itself():
    zero, nan = torch.zeros(2), torch.full((), torch.nan)
    assert same_bits(nan, nan.clone()) and not same_bits(zero, -zero)
