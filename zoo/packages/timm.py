"""Architectures of timm, small ones or made so."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from torch import nn

from zoo.architecture import Sizes, rows

_TRANSFORMER = {"embed_dim": 32, "depth": 2, "num_heads": 4}
_STAGES = {"depths": (1, 1, 1, 1), "dims": (8, 16, 16, 32)}


def _built(name: str, sizes: Sizes) -> nn.Module:
    timm = importlib.import_module("timm")
    model: nn.Module = timm.create_model(name, pretrained=False, num_classes=10, **sizes)
    return model


_PLAIN = (
    "convit_tiny", "dla46_c", "edgenext_xx_small", "efficientvit_b0", "fastvit_t8", "ghostnet_050",
    "gmlp_ti16_224",
    "lcnet_035", "mnasnet_small", "mobilenetv3_small_050", "mobilevit_xxs", "mobilevitv2_050",
    "pit_ti_224", "pvt_v2_b0", "regnetx_002", "regnety_002", "repghostnet_050", "starnet_s1",
    "test_byobnet", "test_coatnet", "test_convnext", "test_convnext2", "test_convnext3",
    "test_efficientnet", "test_efficientnet_evos", "test_efficientnet_gn", "test_mambaout",
    "test_maxvit", "test_nfnet", "test_resnet", "test_vit", "test_vit2", "test_vit3", "test_vit4",
    "test_vit_relpos", "tinynet_e", "xcit_nano_12_p16_224",
)  # fmt: skip
"""Those that are small as they are."""

_SIZED: Mapping[str, Sizes] = {
    "beit_base_patch16_224": _TRANSFORMER,
    "beitv2_base_patch16_224": _TRANSFORMER,
    "cait_xxs24_224": {**_TRANSFORMER, "depth_token_only": 1},
    "convnextv2_atto": _STAGES,
    "deit3_small_patch16_224": _TRANSFORMER,
    "deit_tiny_distilled_patch16_224": _TRANSFORMER,
    "eva02_tiny_patch14_224": _TRANSFORMER,
    "swin_tiny_patch4_window7_224": {
        "embed_dim": 16, "depths": (1, 1, 1, 1), "num_heads": (1, 2, 2, 4),
    },
    "swinv2_tiny_window8_256": {
        "embed_dim": 16, "depths": (1, 1, 1, 1), "num_heads": (1, 2, 2, 4),
    },
    "vit_tiny_patch16_224": _TRANSFORMER,
    "vit_tiny_r_s16_p8_224": _TRANSFORMER,
}  # fmt: skip
"""Those that its arguments make small."""

ARCHITECTURES = rows("timm", _built, _PLAIN, _SIZED)
