"""Models in which an audit finds nothing wrong, however unusual they are."""

from __future__ import annotations

import random

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize
from torch.nn.utils import weight_norm as old_weight_norm


class Base(nn.Module):
    """A small model; the faults are made of it."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(32, 16, padding_idx=0)
        self.layers = nn.ModuleList(nn.Linear(16, 16) for _ in range(3))
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, 32, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("positions", torch.arange(8.0))
        self.register_buffer("mask", torch.ones(4, 4).tril().bool(), persistent=False)


class Rotary(nn.Module):
    def __init__(self):
        super().__init__()
        inverse = 1.0 / 10_000 ** (torch.arange(0, 64, 2) / 64)
        self.register_buffer("inv_freq", inverse, persistent=False)
        self.project = nn.Linear(64, 64)


class Attention(nn.Module):
    """Attention with a memory of its own."""

    def __init__(self, parameter=None):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(16, 16) if parameter is None else parameter)
        self.bias = nn.Parameter(torch.zeros(16))

    def reset_parameters(self):
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)


class Unusual(nn.Linear):
    """State that is no tensor, sparse and quantised tensors, a reset that asks for an argument."""

    def __init__(self):
        super().__init__(16, 16)
        self.register_buffer("sparse", torch.eye(4).to_sparse())
        self.register_buffer(
            "quantised", torch.quantize_per_tensor(torch.ones(4), 0.5, 0, torch.qint8)
        )

    def reset_parameters(self, std=None):
        super().reset_parameters()

    def _reset_parameters(self, std):
        nn.init.normal_(self.weight, std=std)

    def get_extra_state(self):
        return {"step": 1}

    def set_extra_state(self, state):
        assert state == {"step": 1}


class Odd(nn.Module):
    """Dtypes and shapes that few models have."""

    def __init__(self):
        super().__init__()
        self.complex = nn.Parameter(torch.randn(9, 9, dtype=torch.complex64))
        self.narrow = nn.Parameter(torch.randn(9, 9).bfloat16())
        self.frozen = nn.Parameter(torch.randn(9, 9), requires_grad=False)
        self.empty = nn.Parameter(torch.empty(0, 4))
        self.scalar = nn.Parameter(torch.tensor(1.5))
        self.register_buffer("order", torch.randperm(8))
        self.register_buffer("other_order", torch.randperm(8))
        self.register_buffer("byte", torch.randn(8).to(torch.float8_e4m3fn))
        self.register_buffer("none", None)


def others_generators():
    model = nn.Linear(16, 16)
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(np.random.randn(16, 16)))
        model.bias.copy_(torch.tensor([random.random() for _ in range(16)]))
    return model


def parametrised():
    return nn.Sequential(
        parametrizations.weight_norm(nn.Linear(16, 16)),
        parametrizations.spectral_norm(nn.Linear(16, 16)),
        parametrizations.orthogonal(nn.Linear(16, 16)),
        old_weight_norm(nn.Linear(16, 16)),
    )


def parametrised_and_assigned():
    model = parametrizations.weight_norm(nn.Linear(16, 16))
    with torch.no_grad():
        model.weight = nn.init.orthogonal_(torch.empty(16, 16))
        model.parametrizations.weight.original1.mul_(2)
    return model


def parametrised_before():
    """Initialised once the parametrisation is removed again."""
    model = parametrizations.weight_norm(nn.Linear(16, 16))
    parametrize.remove_parametrizations(model, "weight")
    nn.init.normal_(model.weight, std=0.02)
    return model


def random_numbers_times_vectors():
    """Each tensor is one random number times a vector: all are multiples of each other."""
    return nn.ParameterList(
        nn.Parameter(torch.randn(()) * torch.linspace(1, 2, 128)) for _ in range(3)
    )


def ramps_and_noise():
    """What is random is a small part of it: neighbours are ordered alike nearly everywhere."""
    model = nn.ParameterList()
    for size in (100, 1000, 3000):
        ramp = torch.linspace(1, 8, size)
        model.append(nn.Parameter(ramp + torch.randn(size) * 20 / size))
        model.append(nn.Parameter((torch.rand(size) + 0.1).sort().values))
    return model


def sparse_and_orthogonal():
    model = nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 64), nn.Conv2d(8, 8, 3))
    nn.init.orthogonal_(model[0].weight)
    nn.init.sparse_(model[1].weight, 0.9)
    nn.init.dirac_(model[2].weight)
    return model


class Versioned(nn.Linear):
    """Loads no state of a version that it does not know (as torchvision's MNASNet)."""

    _version = 2

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
        if local_metadata.get("version") not in (1, 2):
            raise ValueError("version should be set to 1 or 2")
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)
