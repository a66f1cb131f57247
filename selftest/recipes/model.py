"""A small language model with an initialization of its own."""

import torch
from torch import nn


class Model(nn.Module):
    """An embedding with a padding row, two layers, and a head tied to the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(512, 64, padding_idx=0)
        self.layers = nn.ModuleList(nn.Linear(64, 64) for _ in range(2))
        self.norm = nn.LayerNorm(64)
        self.head = nn.Linear(64, 512)
        self.head.weight = self.embed.weight
        self.apply(self.initialize)

    @staticmethod
    def initialize(part: nn.Module) -> None:
        if isinstance(part, nn.Linear | nn.Embedding):
            nn.init.normal_(part.weight, std=0.02)
        if isinstance(part, nn.Linear):
            nn.init.zeros_(part.bias)

    @classmethod
    def build(cls) -> "Model":
        """A new model, whose padding row is zero."""
        model = cls()
        with torch.no_grad():
            model.embed.weight[0].zero_()
        return model
