"""Strategies for the constructor arguments of modules.

Each draws a frozen dataclass whose fields carry the documented names and defaults; its
``keywords()`` are handed to the constructor. Nothing here imports PyTorch.

Sizes are those at which a wrong fan shows: inputs and outputs differ, kernels are asymmetric,
groups divide channels, and every size is 1 now and then. `max_numel` bounds the total number of
entries of all parameters and buffers of the module, so that a case is as large as a sample may be.
"""

from strategies.modules.adaptive_softmax import AdaptiveSoftmaxArguments, adaptive_softmaxes
from strategies.modules.arguments import Arguments
from strategies.modules.attention import AttentionArguments, attentions
from strategies.modules.batch_norm import (
    BatchNormArguments,
    InstanceNormArguments,
    batch_norms,
    instance_norms,
)
from strategies.modules.class_weight import ClassWeightArguments, class_weights
from strategies.modules.convolution import ConvolutionArguments, convolutions
from strategies.modules.embedding import (
    EmbeddingArguments,
    EmbeddingBagArguments,
    embedding_bags,
    embeddings,
)
from strategies.modules.layer_norm import (
    GroupNormArguments,
    LayerNormArguments,
    RMSNormArguments,
    group_norms,
    layer_norms,
    rms_norms,
)
from strategies.modules.linear import BilinearArguments, LinearArguments, bilinears, linears
from strategies.modules.prelu import PReLUArguments, prelus
from strategies.modules.recurrent import (
    RecurrentArguments,
    RecurrentCellArguments,
    recurrent_cells,
    recurrents,
)
from strategies.modules.transformer import (
    TransformerArguments,
    TransformerLayerArguments,
    TransformerStackArguments,
    transformer_layers,
    transformer_stacks,
    transformers,
)
from strategies.modules.transposed_convolution import (
    TransposedConvolutionArguments,
    transposed_convolutions,
)

__all__ = [
    "AdaptiveSoftmaxArguments",
    "Arguments",
    "AttentionArguments",
    "BatchNormArguments",
    "BilinearArguments",
    "ClassWeightArguments",
    "ConvolutionArguments",
    "EmbeddingArguments",
    "EmbeddingBagArguments",
    "GroupNormArguments",
    "InstanceNormArguments",
    "LayerNormArguments",
    "LinearArguments",
    "PReLUArguments",
    "RMSNormArguments",
    "RecurrentArguments",
    "RecurrentCellArguments",
    "TransformerArguments",
    "TransformerLayerArguments",
    "TransformerStackArguments",
    "TransposedConvolutionArguments",
    "adaptive_softmaxes",
    "attentions",
    "batch_norms",
    "bilinears",
    "class_weights",
    "convolutions",
    "embedding_bags",
    "embeddings",
    "group_norms",
    "instance_norms",
    "layer_norms",
    "linears",
    "prelus",
    "recurrent_cells",
    "recurrents",
    "rms_norms",
    "transformer_layers",
    "transformer_stacks",
    "transformers",
    "transposed_convolutions",
]
