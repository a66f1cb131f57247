"""Architectures of transformers, from small configurations."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType

from torch import nn

from zoo.architecture import Sizes, rows
from zoo.documented import documented

SMALL: Mapping[str, object] = {
    "bos_token_id": 1,
    "d_ff": 64,
    "d_kv": 8,
    "d_model": 32,
    "decoder_attention_heads": 4,
    "decoder_ffn_dim": 64,
    "decoder_layers": 2,
    "dim": 32,
    "embedding_size": 32,
    "encoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "encoder_layers": 2,
    "eos_token_id": 2,
    "ffn_dim": 64,
    "head_dim": 8,
    "hidden_dim": 64,
    "hidden_size": 32,
    "image_size": 32,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "moe_intermediate_size": 32,
    "n_embd": 32,
    "n_head": 4,
    "n_heads": 4,
    "n_inner": 64,
    "n_layer": 2,
    "n_layers": 2,
    "n_positions": 64,
    "num_attention_heads": 4,
    "num_channels": 3,
    "num_decoder_layers": 2,
    "num_experts": 4,
    "num_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "num_layers": 2,
    "num_local_experts": 4,
    "pad_token_id": 0,
    "patch_size": 8,
    "relative_attention_num_buckets": 8,
    "rotary_dim": 4,
    "state_size": 8,
    "vocab_size": 99,
    "word_embed_proj_dim": 32,
}
"""Sizes of a small model, under the names that configurations give them."""

_CONVOLUTIONS = {"hidden_sizes": [8, 16], "depths": [1, 1], "embedding_size": 8}
_SPEECH = {
    "conv_dim": (16,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}


def small(name: str, sizes: Sizes = MappingProxyType({})) -> nn.Module:
    """Build a model type small.

    Parameters
    ----------
    name : str
        The model type.
    sizes : mapping
        What its configuration is given besides `SMALL`, or in its place.
    """
    transformers = importlib.import_module("transformers")
    default = transformers.AutoConfig.for_model(name)
    fitting = {key: value for key, value in SMALL.items() if hasattr(default, key)}
    config = transformers.AutoConfig.for_model(name, **{**fitting, **sizes})
    model: nn.Module = transformers.AutoModel.from_config(config)
    return model


_PLAIN = (
    "albert", "audio-spectrogram-transformer", "bart", "beit", "bert", "bigbird_pegasus",
    "blenderbot", "bloom", "camembert", "clip_text_model", "clip_vision_model", "cohere",
    "convbert", "data2vec-text", "deberta", "deberta-v2", "deit", "dinov2", "distilbert", "dpt",
    "electra", "ernie", "esm", "fnet", "gemma", "gemma2", "gemma3_text", "glm", "gpt2", "gpt_neox",
    "gptj", "granite", "helium", "ibert", "ijepa", "jamba", "lilt", "llama", "longformer",
    "m2m_100", "mamba", "marian", "mbart", "megatron-bert", "mistral", "mixtral", "modernbert",
    "mpnet", "mpt", "mt5", "nystromformer", "olmo", "olmo2", "opt", "pegasus", "persimmon", "phi",
    "phi3", "plbart", "qwen2", "qwen2_moe", "qwen3", "rembert", "roberta", "roformer", "rwkv",
    "siglip_vision_model", "smollm3", "squeezebert", "stablelm", "starcoder2", "t5", "umt5", "vit",
    "vit_mae", "whisper", "xlm-roberta", "xmod",
)  # fmt: skip
"""Those that `SMALL` alone makes small."""

_SIZED: Mapping[str, Sizes] = {
    "convnext": {"hidden_sizes": [8, 16, 16, 16], "depths": [1, 1, 1, 1]},
    "convnextv2": {"hidden_sizes": [8, 16, 16, 16], "depths": [1, 1, 1, 1]},
    "hubert": _SPEECH,
    "regnet": {**_CONVOLUTIONS, "groups_width": 8},
    "resnet": _CONVOLUTIONS,
    "wav2vec2": _SPEECH,
    "wavlm": _SPEECH,
}
"""Those that need other sizes: what a configuration is given besides `SMALL`, or in its place."""

ARCHITECTURES = rows("transformers", small, _PLAIN, _SIZED, checkpoints=True, documented=documented)
