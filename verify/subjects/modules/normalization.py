"""Normalisation layers: parameters, running statistics and counters."""

from __future__ import annotations

from collections.abc import Iterator

from strategies.modules.batch_norm import (
    BatchNormArguments,
    InstanceNormArguments,
    batch_norms,
    instance_norms,
)
from strategies.modules.layer_norm import (
    GroupNormArguments,
    LayerNormArguments,
    RMSNormArguments,
    group_norms,
    layer_norms,
    rms_norms,
)
from verify import torch_api
from verify.laws import Constant
from verify.subjects.modules._row import norm, row
from verify.subjects.subject import Module
from verify.subjects.tensor_law import TensorLaw

_HISTORY = "weight 1 since 1.2; U(0, 1) before"
_RUNNING = "running_mean 0, running_var 1, num_batches_tracked 0"
_FORMULA = f"weight = 1, bias = 0, {_RUNNING}"


def running(a: BatchNormArguments | InstanceNormArguments) -> Iterator[TensorLaw]:
    """Parameters if affine, statistics if tracked."""
    shape = (a.num_features,)
    yield from norm(shape, a.affine, a.bias)
    if a.track_running_stats:
        yield TensorLaw("running_mean", shape, Constant(0.0))
        yield TensorLaw("running_var", shape, Constant(1.0))
        yield TensorLaw("num_batches_tracked", (), Constant(0.0))


def bias_argument(name: str) -> bool:
    """Whether the norm can be affine without a bias in the version under test."""
    return torch_api.accepts(name, "bias")


def _batch_norm(name: str) -> Module[BatchNormArguments]:
    return row(
        name,
        lambda size: batch_norms(bias_argument=bias_argument(name), max_numel=size),
        running,
        (BatchNormArguments(64), BatchNormArguments(7, momentum=None)),
        words="weight one, bias zero; running statistics of a standard input, counter zero",
        formula=_FORMULA,
        history=_HISTORY,
    )


def _instance_norm(name: str) -> Module[InstanceNormArguments]:
    return row(
        name,
        lambda size: instance_norms(bias_argument=bias_argument(name), max_numel=size),
        running,
        (
            InstanceNormArguments(64),
            InstanceNormArguments(64, affine=True, track_running_stats=True),
        ),
        words="nothing by default; affine: weight one, bias zero; tracking: as batch norm",
        formula=_FORMULA,
        history=_HISTORY,
    )


NORMALIZATIONS: tuple[Module, ...] = (
    *map(_batch_norm, ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm")),
    *map(_instance_norm, ("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d")),
    row(
        "GroupNorm",
        lambda size: group_norms(bias_argument=bias_argument("GroupNorm"), max_numel=size),
        lambda a: norm((a.num_channels,), a.affine, a.bias),
        (GroupNormArguments(8, 64),),
        words="weight one, bias zero, for each channel",
        formula="weight = 1, bias = 0",
    ),
    row(
        "LayerNorm",
        lambda size: layer_norms(max_numel=size),
        lambda a: norm(a.normalized_shape, a.elementwise_affine, a.bias),
        (LayerNormArguments((768,)), LayerNormArguments((3, 4, 5))),
        words="weight one, bias zero, over the normalised shape",
        formula="weight = 1, bias = 0",
    ),
    row(
        "RMSNorm",
        lambda size: rms_norms(max_numel=size),
        lambda a: norm(a.normalized_shape, a.elementwise_affine, False),
        (RMSNormArguments((768,)), RMSNormArguments((3, 4, 5))),
        words="weight one, no bias",
        formula="weight = 1",
    ),
)
"""Everything here is constant, and compared exactly."""
