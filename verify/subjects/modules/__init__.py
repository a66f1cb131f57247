"""The modules of `torch.nn` that own parameters or buffers, one row each."""

from torch import nn

from verify.subjects.modules.attention import ATTENTION
from verify.subjects.modules.convolution import CONVOLUTIONS
from verify.subjects.modules.dense import DENSE
from verify.subjects.modules.embedding import EMBEDDINGS
from verify.subjects.modules.lazy import LAZY
from verify.subjects.modules.normalization import NORMALIZATIONS
from verify.subjects.modules.other import OTHER
from verify.subjects.modules.recurrent import RECURRENT
from verify.subjects.subject import Module

_SINCE = {"LinearCrossEntropyLoss"}  # Newer than the oldest supported version.

_EVERY: tuple[Module, ...] = (
    *DENSE, *CONVOLUTIONS, *NORMALIZATIONS, *RECURRENT, *EMBEDDINGS, *ATTENTION, *OTHER, *LAZY,
)  # fmt: skip

MODULES: tuple[Module, ...] = tuple(
    module for module in _EVERY if module.name not in _SINCE or hasattr(nn, module.name)
)
"""Every module of the version under test."""

__all__ = ["MODULES"]
