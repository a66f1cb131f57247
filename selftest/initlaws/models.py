"""Models as people write them, their laws, and what goes wrong in them."""

import math

import torch
from torch import nn

from initlaws.laws import (
    Constant,
    Default,
    Exactly,
    Instead,
    Normal,
    Rows,
    Same,
    TruncatedNormal,
    fan_in_and_fan_out,
)

LAYERS = 3


class Block(nn.Module):
    """A block of a decoder: GPT-2's names and laws."""

    def __init__(self, width):
        super().__init__()
        self.ln = nn.LayerNorm(width)
        self.attn = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)


class Decoder(nn.Module):
    """Radford et al. 2019: N(0, 0.02²), projections scaled by 1/√(2 · layers), tied head."""

    def __init__(self, width=48):
        super().__init__()
        self.embed = nn.Embedding(200, width, padding_idx=0)
        self.blocks = nn.ModuleList(Block(width) for _ in range(LAYERS))
        self.head = nn.Linear(width, 200, bias=False)
        self.register_buffer("scale", torch.tensor(width**-0.5), persistent=False)
        for name, part in self.named_modules():
            self.initialize(name, part)
        self.head.weight = self.embed.weight

    def initialize(self, name, part):
        if isinstance(part, nn.Linear | nn.Embedding):
            std = 0.02 / math.sqrt(2 * LAYERS) if name.endswith("proj") else 0.02
            nn.init.normal_(part.weight, std=std)
        if isinstance(part, nn.Linear) and part.bias is not None:
            nn.init.zeros_(part.bias)
        if isinstance(part, nn.Embedding):
            with torch.no_grad():
                part.weight[part.padding_idx].zero_()


DECODER = {
    "embed.weight": Rows(Normal(0.0, 0.02), 0),
    "head.weight": Same("embed.weight"),
    nn.Linear: {"weight": Normal(0.0, 0.02), "bias": Constant(0.0)},
    "blocks.*.proj.weight": Normal(0.0, 0.02 / math.sqrt(2 * LAYERS)),
    nn.LayerNorm: Default(),
    "scale": Exactly(lambda shape: torch.tensor(48**-0.5)),
}


class Convolutions(nn.Module):
    """He et al. 2016: normal by fan_out, the last norm of a branch starts at zero."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 7, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.conv = nn.ModuleList(nn.Conv2d(16, 16, 3, bias=False) for _ in range(2))
        self.last = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 10)
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.last.weight)


CONVOLUTIONS = {
    nn.Conv2d: lambda shape: Normal(0.0, math.sqrt(2 / fan_in_and_fan_out(shape)[1])),
    nn.BatchNorm2d: Default(),
    nn.Linear: Default(),
    "last.weight": Instead(Constant(0.0)),
}


class Vision(nn.Module):
    """Dosovitskiy et al. 2021 as timm starts it: truncated normals of 0.02."""

    def __init__(self):
        super().__init__()
        self.cls = nn.Parameter(torch.zeros(1, 1, 32))
        self.position = nn.Parameter(torch.empty(1, 65, 32))
        self.patches = nn.Conv2d(3, 32, 4, 4)
        self.mlp = nn.Sequential(nn.Linear(32, 128), nn.GELU(), nn.Linear(128, 32))
        nn.init.trunc_normal_(self.position, std=0.02)
        for part in self.mlp:
            if isinstance(part, nn.Linear):
                nn.init.trunc_normal_(part.weight, std=0.02)
                nn.init.zeros_(part.bias)


VISION = {
    "cls": Constant(0.0),
    "position": TruncatedNormal(0.0, 0.02, -2.0, 2.0),
    "patches.*": Default(),
    "mlp.*.weight": TruncatedNormal(0.0, 0.02, -2.0, 2.0),
    "mlp.*.bias": Constant(0.0),
}


class Recurrent(nn.Module):
    """PyTorch's defaults of recurrent nets and embeddings, in doubles beside singles."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 24)
        self.lstm = nn.LSTM(24, 20, num_layers=2, dtype=torch.float64)
        self.out = nn.Linear(20, 50, dtype=torch.bfloat16)


RECURRENT = {"*": Default()}
