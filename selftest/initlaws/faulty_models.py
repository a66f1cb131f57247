"""Models with a fault that needs no law to be seen."""

from __future__ import annotations

import copy
import os

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrizations
from torch.nn.utils import weight_norm as old_weight_norm

from selftest.initlaws.lawful_models import Attention, Base, others_generators


def changed(make, change):
    """A model that is built, and then changed."""

    def build():
        model = make()
        with torch.no_grad():
            change(model)
        return model

    return build


def with_parameter(tensor):
    def make():
        model = Base()
        model.extra = nn.Parameter(tensor())
        return model

    return make


def with_buffer(tensor, persistent):
    def make():
        model = Base()
        model.register_buffer("extra", tensor(), persistent=persistent)
        return model

    return make


def sets_the_seed():
    torch.manual_seed(0)
    return Base()


def sets_the_seed_of_numpy():
    np.random.seed(0)
    return others_generators()


def sets_the_seed_and_restores_it():
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        values = torch.randn(16, 16)
    model = Base()
    with torch.no_grad():
        model.layers[1].weight.copy_(values * 0.02)
    return model


def draws_and_overwrites():
    """What was drawn is gone: a table of sines stays the same, and so it should."""
    model = Base()
    with torch.no_grad():
        model.layers[1].weight.copy_(torch.linspace(0, 9, 256).sin().reshape(16, 16))
        nn.init.uniform_(model.norm.weight).fill_(1)
    model.register_buffer("projection", torch.randn(16, 16, generator=generator()))
    return model


def generator():
    return torch.Generator().manual_seed(3)


def from_the_system():
    model = Base()
    noise = torch.frombuffer(bytearray(os.urandom(256)), dtype=torch.uint8)
    model.layers[1].weight.data.copy_(noise.float().reshape(16, 16))
    return model


_KEPT = torch.Generator().manual_seed(1)


def from_a_private_generator():
    model = Base()
    nn.init.normal_(model.layers[2].weight, generator=_KEPT)
    return model


def repeats_a_layer():
    model, layer = Base(), nn.Linear(16, 16)
    model.layers = nn.ModuleList(copy.deepcopy(layer) for _ in range(3))
    return model


def repeats_and_scales():
    model = repeats_a_layer()
    with torch.no_grad():
        for depth, layer in enumerate(model.layers, start=1):
            layer.weight.div_(depth**0.5)
    return model


def begins_alike():
    """Both begin with the same draws, the second is longer."""
    model = nn.ModuleList([nn.Linear(16, 16, bias=False), nn.Linear(16, 32, bias=False)])
    values = torch.randn(32, 16)
    model[0].weight.data.copy_(values[:16])
    model[1].weight.data.copy_(values)
    return model


def overlapping(second=torch.Tensor.uniform_, offset=1000):
    """Two layers of one stream, of which the second begins within the first."""

    def make():
        model = nn.ModuleList([nn.Linear(64, 64), nn.Linear(64, 48)])
        numbers = torch.rand(64 * 64 + offset, dtype=torch.float64) * 2 - 1
        with torch.no_grad():
            model[0].weight.copy_(numbers[: 64 * 64].view(64, 64))
            model[1].weight.copy_(second(numbers[offset:][: 64 * 48]).view(48, 64))
        return model

    return make


def rows_again(sign):
    def make():
        model = nn.Linear(32, 64)
        with torch.no_grad():
            model.weight[32:] = sign * model.weight[:32]
        return model

    return make


def the_later_part_alike():
    model = nn.ModuleList([nn.Linear(32, 64), nn.Linear(32, 64)])
    with torch.no_grad():
        model[1].weight[16:] = 0.1 * model[0].weight[16:]
    return model


def two_tables():
    model = nn.Linear(4, 64, bias=False)
    model.weight.data.copy_(torch.linspace(0, 1, 256).reshape(64, 4) + torch.randint(2, ()))
    return model


class Unties(Base):
    def __deepcopy__(self, memo):
        twin = type(self)()
        twin.load_state_dict(self.state_dict())
        twin.head.weight = nn.Parameter(self.head.weight.detach().clone())
        return twin


class Copies(Base):
    """Starts anew when it is copied."""

    def __deepcopy__(self, memo):
        return type(self)()


class UntiesLoading(Base):
    def _load_from_state_dict(self, state_dict, prefix, *arguments):
        self.head.weight = nn.Parameter(self.embed.weight.detach().clone())
        super()._load_from_state_dict(state_dict, prefix, *arguments)


class UntiesMoving(Base):
    def _apply(self, function, recurse=True):
        super()._apply(function, recurse)
        self.head.weight = nn.Parameter(self.head.weight.detach().clone())
        return self


class StartsAnewFromPickle(Base):
    def __setstate__(self, state):
        super().__setstate__(state)
        self.layers[2].reset_parameters()


class Overwrites(Base):
    def __init__(self):
        super().__init__()
        self.register_load_state_dict_post_hook(self._forget)

    @staticmethod
    def _forget(module, _incompatible):
        nn.init.zeros_(module.layers[1].weight)


class DrawsPresent(Base):
    """Draws all linear layers anew where one key is missing."""

    def load_state_dict(self, state_dict, strict=True, assign=False):
        found = super().load_state_dict(state_dict, strict=strict, assign=assign)
        if found.missing_keys:
            for layer in self.layers:
                layer.reset_parameters()
        return found


class NotInState(Base):
    """Has a key that its own state lacks."""

    def state_dict(self, *arguments, **options):
        state = super().state_dict(*arguments, **options)
        state.pop("positions", None)
        return state


class LeavesBias(Attention):
    def reset_parameters(self):
        nn.init.normal_(self.weight)


class OtherOnMeta(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(8, 8)
        if self.one.weight.is_meta:
            self.two = nn.Linear(8, 8)


def lost_write():
    model = parametrizations.weight_norm(nn.Linear(16, 16))
    nn.init.normal_(model.weight, std=0.02)
    return model


def lost_write_of_data():
    model = nn.Sequential(parametrizations.orthogonal(nn.Linear(16, 16)))
    model[0].weight.data.mul_(0.5)
    return model


def lost_old_write():
    model = nn.Sequential(old_weight_norm(nn.Linear(16, 16)))
    with torch.no_grad():
        nn.init.normal_(model[0].weight, std=0.02)
    return model


def zero_variance():
    norm = nn.BatchNorm2d(4)
    norm.running_var.zero_()
    return norm


def scaled_norm(weight):
    norm = nn.LayerNorm(4)
    nn.init.constant_(norm.weight, weight)
    return norm
