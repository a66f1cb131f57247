"""Faults of normalisation layers: parameters and running statistics."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from selftest.planted.fault import table
from selftest.planted.module import after, default, each, fault, filled


def _uniform(tensor: Tensor, _: Any) -> None:
    tensor.uniform_()


def _sum_kept(norm: nn.Module) -> None:
    norm.register_buffer("running_sum", torch.zeros(()))


def _negative_zero(tensor: Tensor, _: Any) -> None:
    tensor.fill_(-0.0)


def _last_one_off(tensor: Tensor, _: Any) -> None:
    tensor[-1:] = 0.99


FAULTS = table(
    fault(
        "batch_norm_weight_uniform",
        "the weight of a batch norm is uniform on [0, 1), as before version 1.2",
        "modules.batchnorm._BatchNorm.reset_parameters",
        each("weight", _uniform),
        default("float32-BatchNorm2d"),
        "exact",
        says="weight:",
    ),
    fault(
        "batch_norm_running_var_zero",
        "the running variance starts at zero",
        "modules.batchnorm._NormBase.reset_running_stats",
        filled("running_var", 0),
        default("float32-BatchNorm1d"),
        "exact",
        says="running_var:",
    ),
    fault(
        "batch_norm_counter_one",
        "the number of batches starts at one",
        "modules.batchnorm._NormBase.reset_running_stats",
        filled("num_batches_tracked", 1),
        default("float64-BatchNorm3d"),
        "exact",
        says="num_batches_tracked:",
    ),
    fault(
        "batch_norm_last_channel",
        "the last channel's weight is 0.99",
        "BatchNorm3d.reset_parameters",
        each("weight", _last_one_off),
        default("float32-BatchNorm3d"),
        "exact",
        says="weight:",
    ),
    fault(
        "sync_batch_norm_weight_zero",
        "the weight is zero, as a residual branch's may be, in SyncBatchNorm only",
        "SyncBatchNorm.reset_parameters",
        filled("weight", 0),
        default("float32-SyncBatchNorm"),
        "exact",
        says="weight:",
    ),
    fault(
        "instance_norm_weight_uniform",
        "the weight of an affine instance norm is uniform on [0, 1)",
        "modules.instancenorm._InstanceNorm.reset_parameters",
        each("weight", _uniform),
        default("float32-InstanceNorm2d"),
        "exact",
        says="weight:",
    ),
    fault(
        "group_norm_weight",
        "the weight of a group norm is 0.99",
        "GroupNorm.reset_parameters",
        filled("weight", 0.99),
        default("float32-GroupNorm"),
        "exact",
        says="weight:",
    ),
    fault(
        "layer_norm_bias",
        "the bias of a layer norm is 0.01",
        "LayerNorm.reset_parameters",
        filled("bias", 0.01),
        default("float32-LayerNorm"),
        "exact",
        says="bias:",
    ),
    fault(
        "layer_norm_negative_zero",
        "the bias of a layer norm is the negative zero",
        "LayerNorm.reset_parameters",
        each("bias", _negative_zero),
        default("float64-LayerNorm"),
        "exact",
        says="bias:",
    ),
    fault(
        "layer_norm_weight_zero",
        "the weight of a layer norm is zero",
        "LayerNorm.reset_parameters",
        filled("weight", 0),
        default("float64-LayerNorm"),
        "exact",
        says="weight:",
    ),
    fault(
        "layer_norm_unknown_buffer",
        "a layer norm keeps a buffer that nothing documents",
        "LayerNorm.__init__",
        after(_sum_kept),
        default("float32-LayerNorm"),
        "state",
        says="running_sum",
    ),
    fault(
        "rms_norm_weight",
        "the weight of an RMS norm is two",
        "RMSNorm.reset_parameters",
        filled("weight", 2),
        default("float32-RMSNorm"),
        "exact",
    ),
    fault(
        "lazy_batch_norm_running_var",
        "the running variance of a lazy batch norm starts at zero",
        "modules.batchnorm._LazyNormBase.initialize_parameters",
        filled("running_var", 0),
        default("float32-LazyBatchNorm2d"),
        "exact",
        says="running_var:",
    ),
)
