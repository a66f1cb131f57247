"""Faults of resets: what a second initialisation forgets, repeats or reaches no longer."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import nn

from selftest.planted.fault import Function, table
from selftest.planted.module import (
    UNFILLED,
    after,
    behaviour,
    fault,
    forgetting,
    matching,
    materialisation,
    reset,
)


def _remembering(original: Function) -> Function:
    """Make a reset restore what the first one drew."""

    @functools.wraps(original)
    def faulty(self: nn.Module) -> None:
        original(self)
        drawn = {name: tensor.detach().clone() for name, tensor in matching(self, "*")}
        first = self.__dict__.setdefault("_planted_first", drawn)
        with torch.no_grad():
            for name, tensor in matching(self, "*"):
                tensor.copy_(first[name])

    return faulty


def _reaching(name: str) -> Any:
    """Make a reset fill the tensor that the module was built with, whatever it holds now."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(self: nn.Module) -> None:
            tensor = getattr(self, name)
            built_with = self.__dict__.setdefault("_planted_tensor", tensor)
            before = None if tensor is None else tensor.detach().clone()
            original(self)
            if tensor is not built_with:
                with torch.no_grad():
                    tensor.copy_(before)

        return faulty

    return plant


def _replaced(linear: Any) -> None:
    if linear.bias is not None:
        linear.bias = nn.Parameter(linear.bias.detach().clone())


FAULTS = table(
    fault(
        "reset_skips_bias",
        "a reset forgets the bias",
        "Linear.reset_parameters",
        forgetting("bias"),
        reset("float32-Linear"),
        *UNFILLED,
        says="bias:",
    ),
    fault(
        "reset_does_nothing",
        "a reset of an RMS norm does nothing at all",
        "RMSNorm.reset_parameters",
        forgetting("*"),
        reset("float32-RMSNorm"),
        *UNFILLED,
    ),
    fault(
        "reset_works_once",
        "only the first reset of a cell has an effect",
        "modules.rnn.RNNCellBase.reset_parameters",
        forgetting("*", since=3),
        reset("float32-LSTMCell"),
        *UNFILLED,
    ),
    fault(
        "reset_forgets_counter",
        "a reset leaves num_batches_tracked as it is",
        "modules.batchnorm._NormBase.reset_running_stats",
        forgetting("num_batches_tracked"),
        reset("float32-BatchNorm2d"),
        "exact",
        says="num_batches_tracked:",
    ),
    fault(
        "reset_forgets_running_mean",
        "running_mean survives a reset",
        "modules.batchnorm._NormBase.reset_running_stats",
        forgetting("running_mean"),
        reset("float64-InstanceNorm1d"),
        "exact",
        says="running_mean:",
    ),
    fault(
        "reset_forgets_bias_v",
        "a reset of an attention forgets bias_v",
        "MultiheadAttention._reset_parameters",
        forgetting("bias_v"),
        reset("float32-MultiheadAttention"),
        *UNFILLED,
        says="bias_v:",
    ),
    fault(
        "reset_forgets_attention_bias",
        "a reset of an attention forgets in_proj_bias",
        "MultiheadAttention._reset_parameters",
        forgetting("in_proj_bias"),
        reset("float32-TransformerDecoder"),
        "exact",
        says="in_proj_bias:",
    ),
    fault(
        "reset_forgets_reverse",
        "a reset forgets the reverse direction",
        "modules.rnn.RNNBase.reset_parameters",
        forgetting("*_reverse"),
        reset("float32-GRU"),
        *UNFILLED,
        says="_reverse:",
    ),
    fault(
        "reset_forgets_second_tail",
        "a reset of the adaptive softmax forgets all clusters but the first",
        "AdaptiveLogSoftmaxWithLoss.reset_parameters",
        forgetting("tail.[1-9].*", since=1),
        reset("float32-AdaptiveLogSoftmaxWithLoss"),
        *UNFILLED,
        blind="submodules are reset by themselves, before what owns them",
    ),
    fault(
        "reset_forgets_padding",
        "a reset leaves the padding row as it is",
        "Embedding._fill_padding_idx_with_zero",
        forgetting("weight"),
        reset("float32-Embedding"),
        "exact",
        says="weight[",
    ),
    fault(
        "reset_restores_first_draw",
        "every reset of a convolution restores what its constructor drew",
        "modules.conv._ConvNd.reset_parameters",
        _remembering,
        reset("float32-Conv2d"),
        "repeats",
        "duplicates",
        "correlation",
        says="weight:",
    ),
    fault(
        "reset_reaches_old_bias",
        "a reset fills the bias that the module was built with, not the one moved in its place",
        "Bilinear.reset_parameters",
        _reaching("bias"),
        materialisation("float32-Bilinear"),
        *UNFILLED,
        says="bias:",
    ),
    fault(
        "reset_reaches_old_buffer",
        "a reset fills the running_var that the module was built with",
        "modules.batchnorm._NormBase.reset_running_stats",
        _reaching("running_var"),
        materialisation("float32-SyncBatchNorm"),
        "exact",
        says="running_var:",
    ),
    fault(
        "reset_replaces_parameter",
        "a reset makes the bias a new parameter, of which no optimizer knows",
        "Linear.reset_parameters",
        after(_replaced),
        behaviour("construction", "float32-Linear"),
        "construction",
        says="parameters that a reset replaces",
    ),
)
