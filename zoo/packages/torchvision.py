"""Architectures of torchvision, small ones or made so."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping

from torch import nn

from zoo.architecture import Sizes, rows


def _built(name: str, sizes: Sizes) -> nn.Module:
    models = importlib.import_module("torchvision.models")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of old defaults.
        model: nn.Module = getattr(models, name)(num_classes=10, **sizes)
    return model


_PLAIN = (
    "densenet121", "efficientnet_b0", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small",
    "regnet_x_400mf", "regnet_y_400mf", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_0",
)  # fmt: skip
"""Those that are small as they are."""

_SIZED: Mapping[str, Sizes] = {
    "SwinTransformer": {
        "patch_size": [4, 4], "embed_dim": 16, "depths": [1, 1], "num_heads": [2, 4],
        "window_size": [7, 7],
    },
    "VisionTransformer": {
        "image_size": 32, "patch_size": 8, "num_layers": 2, "num_heads": 4, "hidden_dim": 32,
        "mlp_dim": 64,
    },
    "googlenet": {"init_weights": True},
}  # fmt: skip
"""Those that need arguments; of a class too."""

ARCHITECTURES = rows("torchvision", _built, _PLAIN, _SIZED)
