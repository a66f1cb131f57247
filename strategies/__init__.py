"""Hypothesis strategies for the parameters of initializers and the arguments of modules.

A strategy draws valid values only and by default every kind of them. Each favours what finds
faults: boundary sizes, lopsided shapes, windows in the tail. Arguments are keyword-only (but
``min_value`` and ``max_value``), carry the same names everywhere, and are checked by the call,
which raises ``hypothesis.errors.InvalidArgument``. The repr of a strategy is the call that built
it. Values shrink towards what is small and simple.

Draws are independent of each other and of what else was imported: one seed stands for the same
cases in every process. Draw the values of a case together with `composite`, so that it stays so.

Examples
--------
>>> from hypothesis import given, settings
>>> from strategies import gains, shapes
>>> @settings(max_examples=10, database=None)
... @given(shapes(min_dims=2, max_numel=4096), gains())
... def check(shape, gain):
...     assert len(shape) >= 2 and gain > 0
>>> check()
"""

from strategies._define import composite
from strategies.configurations import (
    ArchitectureArguments,
    DecoderArguments,
    EncoderArguments,
    architectures,
    decoders,
    encoders,
)
from strategies.constant import constants
from strategies.device import devices
from strategies.dirac_shape import DiracShape, dirac_shapes
from strategies.dtype import DTYPE_KINDS, DtypeKind, dtypes
from strategies.fan_mode import fan_modes
from strategies.fan_shape import fan_shapes
from strategies.gain import gains
from strategies.interval import INTERVAL_KINDS, Interval, IntervalKind, intervals
from strategies.matrix import matrices
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
from strategies.networks import TIES, Tie, TiedArguments, tied_networks
from strategies.nonlinearity import (
    NONLINEARITIES,
    Nonlinearity,
    NonlinearityName,
    nonlinearities,
)
from strategies.normal import NormalParameters, normals
from strategies.orthogonal_shape import orthogonal_shapes
from strategies.propagation import Stack, stacks
from strategies.recipes import (
    VISITS,
    ConvolutionalArguments,
    Network,
    PerceptronArguments,
    RecurrentNetwork,
    Visit,
    convolutional_networks,
    perceptrons,
    recurrent_networks,
)
from strategies.shape import shapes
from strategies.sparsity import sparsities
from strategies.truncation import TRUNCATION_KINDS, Truncation, TruncationKind, truncations

__all__ = [
    "DTYPE_KINDS",
    "INTERVAL_KINDS",
    "NONLINEARITIES",
    "TIES",
    "TRUNCATION_KINDS",
    "VISITS",
    "AdaptiveSoftmaxArguments",
    "ArchitectureArguments",
    "Arguments",
    "AttentionArguments",
    "BatchNormArguments",
    "BilinearArguments",
    "ClassWeightArguments",
    "ConvolutionArguments",
    "ConvolutionalArguments",
    "DecoderArguments",
    "DiracShape",
    "DtypeKind",
    "EmbeddingArguments",
    "EmbeddingBagArguments",
    "EncoderArguments",
    "GroupNormArguments",
    "InstanceNormArguments",
    "Interval",
    "IntervalKind",
    "LayerNormArguments",
    "LinearArguments",
    "Network",
    "Nonlinearity",
    "NonlinearityName",
    "NormalParameters",
    "PReLUArguments",
    "PerceptronArguments",
    "RMSNormArguments",
    "RecurrentArguments",
    "RecurrentCellArguments",
    "RecurrentNetwork",
    "Stack",
    "Tie",
    "TiedArguments",
    "TransformerArguments",
    "TransformerLayerArguments",
    "TransformerStackArguments",
    "TransposedConvolutionArguments",
    "Truncation",
    "TruncationKind",
    "Visit",
    "adaptive_softmaxes",
    "architectures",
    "attentions",
    "batch_norms",
    "bilinears",
    "class_weights",
    "composite",
    "constants",
    "convolutional_networks",
    "convolutions",
    "decoders",
    "devices",
    "dirac_shapes",
    "dtypes",
    "embedding_bags",
    "embeddings",
    "encoders",
    "fan_modes",
    "fan_shapes",
    "gains",
    "group_norms",
    "instance_norms",
    "intervals",
    "layer_norms",
    "linears",
    "matrices",
    "nonlinearities",
    "normals",
    "orthogonal_shapes",
    "perceptrons",
    "prelus",
    "recurrent_cells",
    "recurrent_networks",
    "recurrents",
    "rms_norms",
    "shapes",
    "sparsities",
    "stacks",
    "tied_networks",
    "transformer_layers",
    "transformer_stacks",
    "transformers",
    "transposed_convolutions",
    "truncations",
]
