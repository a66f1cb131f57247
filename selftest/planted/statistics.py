"""Faults of running statistics: how they follow the batches, rest, and are converted."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn

from selftest.planted.fault import Function, table
from selftest.planted.module import after, behaviour, fault

NAMED = ("batch_norm",)
FORWARD = "modules.batchnorm._BatchNorm.forward"


def _usual_momentum(original: Function) -> Function:
    @functools.wraps(original)
    def forward(self: Any, batch: Tensor) -> Tensor:
        momentum = self.momentum
        self.momentum = 0.1 if momentum is None else momentum
        try:
            return original(self, batch)
        finally:
            self.momentum = momentum

    return forward


def _biased(original: Function) -> Function:
    """Average the variance of the batch itself, not the unbiased estimate."""

    @functools.wraps(original)
    def forward(self: Any, batch: Tensor) -> Tensor:
        before = None if self.running_var is None else self.running_var.clone()
        result = original(self, batch)
        if self.training and before is not None and self.momentum is not None:
            kept = (1 - self.momentum) * before
            n = batch.numel() // batch.size(1)
            self.running_var.sub_(kept).mul_((n - 1) / n).add_(kept)
        return result

    return forward


def _counted_only_once(original: Function) -> Function:
    @functools.wraps(original)
    def forward(self: Any, batch: Tensor) -> Tensor:
        result = original(self, batch)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.clamp_(max=1)
        return result

    return forward


def _learning_in_evaluation(original: Function) -> Function:
    @functools.wraps(original)
    def forward(self: Any, batch: Tensor) -> Tensor:
        result = original(self, batch)
        if not self.training and self.running_mean is not None:
            self.running_mean.lerp_(batch.transpose(0, 1).flatten(1).mean(1), 0.1)
        return result

    return forward


def _counting(original: Function) -> Function:
    @functools.wraps(original)
    def forward(self: Any, batch: Tensor) -> Tensor:
        result = original(self, batch)
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        return result

    return forward


def _weight_too(norm: Any) -> None:
    if norm.affine:
        norm.weight.fill_(1)


def _converting(edit: Any) -> Any:
    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def convert(module: nn.Module, process_group: Any = None) -> nn.Module:
            converted = original(module, process_group)
            with torch.no_grad():
                for part in converted.modules():
                    if isinstance(part, nn.SyncBatchNorm):
                        edit(part)
            return converted

        return convert

    return plant


def _fresh_variance(norm: Any) -> None:
    if norm.running_var is not None:
        norm.running_var = torch.ones_like(norm.running_var)


FAULTS = table(
    fault(
        "momentum_none_ignored",
        "without momentum batch norm averages with the momentum 0.1",
        FORWARD,
        _usual_momentum,
        behaviour("batch_norm", "float32-BatchNorm2d"),
        *NAMED,
        says="off their average",
    ),
    fault(
        "running_var_biased",
        "the running variance follows the biased variance of the batches",
        FORWARD,
        _biased,
        behaviour("batch_norm", "float32-BatchNorm3d"),
        *NAMED,
        says="off their average",
    ),
    fault(
        "batches_not_counted",
        "num_batches_tracked stays one after the first batch",
        FORWARD,
        _counted_only_once,
        behaviour("batch_norm", "float64-BatchNorm1d"),
        *NAMED,
        says="not counted",
    ),
    fault(
        "evaluation_learns",
        "running_mean follows the batches in eval mode too",
        "modules.instancenorm._InstanceNorm.forward",
        _learning_in_evaluation,
        behaviour("batch_norm", "float32-InstanceNorm2d"),
        *NAMED,
        says="eval mode",
    ),
    fault(
        "statistics_reset_weight",
        "reset_running_stats resets the weight as well",
        "modules.batchnorm._NormBase.reset_running_stats",
        after(_weight_too),
        behaviour("batch_norm", "float32-SyncBatchNorm"),
        *NAMED,
        says="reset_running_stats",
    ),
    fault(
        "conversion_drops_running_var",
        "convert_sync_batchnorm forgets the running variance",
        "SyncBatchNorm.convert_sync_batchnorm",
        _converting(_fresh_variance),
        behaviour("batch_norm", "float32-BatchNorm1d"),
        *NAMED,
        says="convert_sync_batchnorm",
    ),
    fault(
        "conversion_trains",
        "convert_sync_batchnorm turns training mode on",
        "SyncBatchNorm.convert_sync_batchnorm",
        _converting(lambda norm: norm.train()),
        behaviour("batch_norm", "float32-BatchNorm2d"),
        *NAMED,
        says="convert_sync_batchnorm",
    ),
    fault(
        "instance_norm_repaired",
        "instance norm counts its batches: a known defect is there no longer",
        "modules.instancenorm._InstanceNorm.forward",
        _counting,
        behaviour("batch_norm", "float32-InstanceNorm1d"),
        *NAMED,
        says="instance-norm-counts-no-batches",
    ),
)
