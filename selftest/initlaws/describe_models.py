"""Small models whose laws are known, and one with a layer that is wrong."""

import copy
import math

import torch
from torch import nn


def dense():
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.Linear(128, 10))


def convolutional():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.Conv2d(16, 32, 3, groups=4), nn.Linear(64, 10)
    )


class Language(nn.Module):
    """An embedding with padding, a cell, and a head that is tied to the embedding."""

    def __init__(self, std=None):
        super().__init__()
        self.embed = nn.Embedding(200, 32, padding_idx=0)
        self.cell = nn.LSTM(32, 32)
        self.head = nn.Linear(32, 200)
        self.head.weight = self.embed.weight
        if std is not None:
            nn.init.normal_(self.embed.weight[1:], std=std)


def padded():
    return Language(0.02)


class Block(nn.Module):
    def __init__(self, width, layers):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        for part, std in ((self.up, 0.02), (self.down, 0.02 / math.sqrt(2 * layers))):
            nn.init.normal_(part.weight, std=std)
            nn.init.zeros_(part.bias)


class Decoder(nn.Module):
    """Residual projections are narrower by √(2·layers) (Radford et al. 2019, sec. 2.3)."""

    def __init__(self, layers=3):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(100, 48), nn.Embedding(32, 48)
        self.h = nn.ModuleList(Block(48, layers) for _ in range(layers))
        nn.init.normal_(self.wte.weight, std=0.02)
        nn.init.normal_(self.wpe.weight, std=0.01)
        self.register_buffer("mask", torch.ones(32, 32).tril().bool())


def wrong_layer():
    model = Decoder()
    model.h[1].up.reset_parameters()
    return model


def orthogonal():
    model = nn.ModuleDict({"whole": nn.RNN(16, 16), "gates": nn.LSTM(16, 16)})
    nn.init.orthogonal_(model["whole"].weight_hh_l0, math.sqrt(2))
    for part in model["gates"].weight_hh_l0.detach().chunk(4):
        nn.init.orthogonal_(part)
    return model


class Vision(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 48))
        self.position = nn.Parameter(torch.empty(1, 17, 48))
        nn.init.trunc_normal_(self.position, std=0.02)
        self.blocks = nn.Sequential(*(nn.Linear(48, 48) for _ in range(3)))
        for block in self.blocks:
            nn.init.trunc_normal_(block.weight, std=0.02, a=-0.04, b=0.04)


def lecun_(weight):
    std = math.sqrt(1 / weight.shape[1]) / 0.87962566103423978
    nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)


FILLS = {
    "glorot_normal": nn.init.xavier_normal_,
    "glorot_uniform": nn.init.xavier_uniform_,
    "he_normal": nn.init.kaiming_normal_,
    "he_uniform": nn.init.kaiming_uniform_,
    "he_out": lambda w: nn.init.kaiming_normal_(w, mode="fan_out"),
    "lecun_uniform": lambda w: nn.init.kaiming_uniform_(w, nonlinearity="linear"),
    "lecun_cut": lecun_,
    "sparse": lambda w: nn.init.sparse_(w, 0.1),
    "unit": lambda w: nn.init.uniform_(w, 0, 1),
    "shifted": lambda w: nn.init.normal_(w, 1, 0.02),
}


def filled():
    """Two shapes of each fill: they decide between formulas."""
    model = nn.ModuleDict()
    for name, fill in FILLS.items():
        model[name] = nn.ModuleList(nn.Linear(i, o, bias=False) for o, i in ((40, 60), (80, 30)))
        for layer in model[name]:
            fill(layer.weight)
    return model


def structured():
    model = nn.ModuleDict(
        {
            "plain": nn.Conv2d(8, 8, 3),
            "grouped": nn.Conv1d(8, 16, 3, groups=2),
            "eye": nn.Linear(8, 8),
            "other": nn.Linear(8, 40),
        }
    )
    nn.init.dirac_(model["plain"].weight)
    nn.init.dirac_(model["grouped"].weight, 2)
    nn.init.eye_(model["eye"].weight)
    nn.init.uniform_(model["other"].bias, 0.0, 0.1)
    model["other"].weight.data = torch.arange(320.0).view(40, 8)
    return model


def narrow():
    return nn.Sequential(nn.Linear(64, 128), nn.LayerNorm(128), nn.Linear(128, 64)).bfloat16()


def drawn_narrow():
    return nn.Sequential(
        nn.Linear(64, 128, dtype=torch.bfloat16), nn.Embedding(50, 32, dtype=torch.bfloat16)
    )


def copied():
    layer = nn.Linear(32, 32)
    return nn.Sequential(layer, copy.deepcopy(layer))


def apart():
    return nn.Sequential(nn.Linear(32, 32), nn.Linear(32, 32))


def deep():
    model = nn.ModuleDict({"layers": nn.ModuleList(nn.Linear(32, 32) for _ in range(4))})
    for i, layer in enumerate(model["layers"]):
        nn.init.normal_(layer.weight, std=0.02 / math.sqrt(2 * (i + 1)))
    return model


class Odd(nn.Module):
    """What no law here describes, and values of dtypes without laws."""

    def __init__(self):
        super().__init__()
        self.rate = nn.Parameter(torch.empty(40, 50).exponential_())
        self.whole = nn.Parameter(torch.randint(0, 100, (40,)), requires_grad=False)
        self.fixed = nn.Parameter(torch.arange(6), requires_grad=False)
        self.left = nn.Parameter(torch.empty(7))
        self.direction = nn.Parameter(nn.functional.normalize(torch.randn(64), dim=0))
        self.none = nn.Parameter(torch.empty(0))
        self.scalar = nn.Parameter(torch.tensor(0.1))
        self.register_buffer("noise", torch.randn(300))
        self.register_buffer("far", torch.full((3,), -math.inf))


def complex_valued():
    model = nn.Sequential(*(nn.Linear(30, 40, dtype=torch.complex64) for _ in range(2)))
    nn.init.normal_(model[1].weight, std=0.02)
    nn.init.zeros_(model[1].bias)
    return model
