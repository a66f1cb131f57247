"""Builds of the model that go wrong, each in one way."""

import copy

import torch
from torch import nn

from selftest.recipes.model import Model


@torch.no_grad()
def scaled() -> Model:
    model = Model.build()
    for layer in model.layers:
        layer.weight.mul_(1.02)
    return model


def forgotten() -> Model:
    model = Model.build()
    model.layers[1].reset_parameters()
    return model


def untied() -> Model:
    model = Model.build()
    model.head.weight = nn.Parameter(model.head.weight.detach().clone())
    return model


def redrawn() -> Model:
    """The head is drawn once more, and with it the padding row."""
    model = Model.build()
    nn.init.normal_(model.head.weight, std=0.02)
    return model


def padded() -> Model:
    """The padding row is the last one."""
    model = Model()
    with torch.no_grad():
        model.embed.weight[-1].zero_()
    return model


def seeded() -> Model:
    torch.manual_seed(0)
    return Model.build()


def seeded_late() -> Model:
    """All but the embedding is drawn from one seed."""
    model = Model.build()
    torch.manual_seed(0)
    model.layers.apply(Model.initialize)
    return model


_KEPT = Model.build()


def kept() -> Model:
    """The values of one model, again and again."""
    return copy.deepcopy(_KEPT)
