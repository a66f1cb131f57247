"""Architectures of diffusers, made small by their arguments."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from torch import nn

from zoo.architecture import Sizes, rows


def _built(name: str, sizes: Sizes) -> nn.Module:
    model: nn.Module = getattr(importlib.import_module("diffusers"), name)(**sizes)
    return model


_BLOCKS = {"block_out_channels": (16, 32), "norm_num_groups": 8}
_CROSSED = {
    **_BLOCKS,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "cross_attention_dim": 32,
    "attention_head_dim": 8,
}
_PATCHES = {
    "num_attention_heads": 2, "attention_head_dim": 16, "num_layers": 2, "sample_size": 16,
    "in_channels": 4, "out_channels": 4, "patch_size": 2,
}  # fmt: skip

_SIZED: Mapping[str, Sizes] = {
    "AutoencoderKL": {**_BLOCKS, "down_block_types": ("DownEncoderBlock2D",) * 2,
                      "up_block_types": ("UpDecoderBlock2D",) * 2},
    "AutoencoderTiny": {"encoder_block_out_channels": (16, 16), "num_encoder_blocks": (1, 1),
                        "decoder_block_out_channels": (16, 16), "num_decoder_blocks": (1, 1)},
    "ControlNetModel": {**_CROSSED, "conditioning_embedding_out_channels": (8, 16)},
    "DiTTransformer2DModel": {**_PATCHES, "norm_num_groups": 8},
    "FluxTransformer2DModel": {"in_channels": 8, "num_layers": 1, "num_single_layers": 1,
                               "attention_head_dim": 16, "num_attention_heads": 2,
                               "joint_attention_dim": 32, "pooled_projection_dim": 32,
                               "axes_dims_rope": (4, 4, 8)},
    "PixArtTransformer2DModel": {**_PATCHES, "cross_attention_dim": 32, "caption_channels": 32,
                                 "norm_num_groups": 8},
    "PriorTransformer": {"num_attention_heads": 2, "attention_head_dim": 16, "num_layers": 2,
                         "embedding_dim": 32, "num_embeddings": 7},
    "SD3Transformer2DModel": {"sample_size": 16, "num_layers": 2, "attention_head_dim": 16,
                              "num_attention_heads": 2, "joint_attention_dim": 32,
                              "caption_projection_dim": 32, "pooled_projection_dim": 32,
                              "in_channels": 4, "out_channels": 4, "pos_embed_max_size": 16},
    "UNet2DConditionModel": {**_CROSSED, "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D")},
    "UNet2DModel": {**_BLOCKS, "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
                    "up_block_types": ("AttnUpBlock2D", "UpBlock2D")},
    "VQModel": {"block_out_channels": (16,), "norm_num_groups": 8},
}  # fmt: skip
"""Arguments of each class."""

ARCHITECTURES = rows("diffusers", _built, (), _SIZED)
