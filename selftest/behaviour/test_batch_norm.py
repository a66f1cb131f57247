"""Batch norms that start, learn, are reset or converted wrongly."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from selftest.behaviour.support import Fault, ask, then, unasked
from verify.behaviour.batch_norm import PROMISE


def in_place(name, method, *values, when=lambda self: True):
    """Change a tensor of the module, where it has it."""

    def change(self):
        if getattr(self, name, None) is not None and when(self):
            getattr(getattr(self, name), method)(*values)

    return then(change)


def empty_counter(original, self, *args, **kwargs):
    original(self, *args, **kwargs)
    if not self.track_running_stats:
        self.num_batches_tracked = torch.tensor(0)


def by_arithmetic(_original, self):
    """Gives one and zero, unless it starts from NaN."""
    self.reset_running_stats()
    with torch.no_grad():
        if self.affine:
            self.weight.mul_(0).add_(1)
            self.bias.mul_(0)


def momentum_off_by_a_thousandth(original, *args, **kwargs):
    *first, momentum, eps, cudnn = args
    return original(*first, 1.001 * momentum, eps, cudnn, **kwargs)


def biased(original, x, mean, variance, *args):
    before = None if variance is None else variance.clone()
    result = original(x, mean, variance, *args)
    if variance is not None:
        n = x.numel() / x.shape[1]
        variance.copy_(before + (variance - before) * (n - 1) / n)
    return result


def usual_momentum(original, self, batch):
    kept, self.momentum = self.momentum, 0.1 if self.momentum is None else self.momentum
    result = original(self, batch)
    self.momentum = kept
    return result


def forgetful(original, module, process_group=None):
    converted = original(module, process_group)
    for part in converted.modules():
        if getattr(part, "running_var", None) is not None:
            part.running_var = torch.ones_like(part.running_var)
    return converted


CONVERSION = (nn.SyncBatchNorm, "convert_sync_batchnorm")
COUNTER = "num_batches_tracked"

FAULTS = (
    Fault(
        "variance 0 at the start", "BatchNorm2d", nn.BatchNorm2d, "__init__",
        in_place("running_var", "zero_"),
        "tensors that start otherwise than documented: running_var",
    ),
    Fault(
        "a counter of nothing", "InstanceNorm1d", nn.InstanceNorm1d, "__init__", empty_counter,
        "what should be None: num_batches_tracked",
    ),
    Fault(
        "training moves the weight", "InstanceNorm2d", nn.InstanceNorm2d, "forward",
        in_place("weight", "add_", 1), "tensors that training should not touch: weight",
    ),
    Fault(
        "training tracks nothing", "BatchNorm3d", functional, "batch_norm",
        lambda _original, x, *_args, **_kwargs: x,
        "statistics that training does not touch: running_mean, running_var",
    ),
    Fault(
        "two for each batch", "BatchNorm2d", nn.BatchNorm2d, "forward",
        in_place(COUNTER, "add_", 1, when=lambda self: self.training),
        "batches that are not counted: 6 after 3 batches",
    ),
    Fault(
        "momentum off by a thousandth", "BatchNorm2d", torch, "batch_norm",
        lambda original, *args: momentum_off_by_a_thousandth(original, *args),
        "running statistics off their average: running_mean by ",
    ),
    Fault(
        "the biased variance", "BatchNorm2d", torch, "batch_norm",
        lambda original, x, weight, bias, mean, variance, *args: biased(
            lambda x, mean, variance, *args: original(x, weight, bias, mean, variance, *args),
            x, mean, variance, *args,
        ),
        "running statistics off their average: running_var by ",
    ),
    Fault(
        "no cumulative average", "BatchNorm1d", nn.BatchNorm1d, "forward", usual_momentum,
        "running statistics off their average: running_mean by ",
    ),
    Fault(
        "evaluation counts", "BatchNorm2d", nn.BatchNorm2d, "forward",
        in_place(COUNTER, "add_", 1, when=lambda self: not self.training),
        "tensors that eval mode touches: num_batches_tracked",
    ),
    Fault(
        "the counter is not reset", "SyncBatchNorm", nn.SyncBatchNorm, "reset_running_stats",
        in_place(COUNTER, "fill_", 7),
        "tensors wrong after reset_running_stats: num_batches_tracked",
    ),
    Fault(
        "the weight is reset along", "BatchNorm2d", nn.BatchNorm2d, "reset_running_stats",
        in_place("weight", "fill_", 1),
        "tensors wrong after reset_running_stats: weight",
    ),
    Fault(
        "the bias is not reset", "InstanceNorm3d", nn.InstanceNorm3d, "reset_parameters",
        in_place("bias", "add_", 1), "tensors wrong after reset_parameters: bias",
    ),
    Fault(
        "a reset by arithmetic", "BatchNorm2d", nn.BatchNorm2d, "reset_parameters", by_arithmetic,
        "tensors wrong after NaN and reset_parameters: bias, weight",
    ),
    Fault(
        "conversion forgets a variance", "BatchNorm2d", *CONVERSION, forgetful,
        "what convert_sync_batchnorm does not keep: "
        "0.running_var, 1.in.0.0.running_var",
    ),
    Fault(
        "conversion ends evaluation", "BatchNorm3d", *CONVERSION,
        lambda original, module, *group: original(module, *group).train(),
        "what convert_sync_batchnorm does not keep: 1.in.0.0.training",
    ),
    Fault(
        "nothing is converted", "BatchNorm1d", *CONVERSION,
        lambda _original, module: module,
        "what convert_sync_batchnorm does not keep: 0 is a BatchNorm1d",
    ),
    Fault(
        "everything is converted", "InstanceNorm1d", *CONVERSION,
        lambda _original, module: nn.Sequential(nn.SyncBatchNorm(module[0].num_features)),
        "what convert_sync_batchnorm does not keep: 0.bias, ",
    ),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_is_found(fault, monkeypatch):
    fault.check(PROMISE, monkeypatch)


def test_every_question_finds_something():
    assert unasked(PROMISE, FAULTS) == []


@pytest.mark.parametrize("name", ["BatchNorm2d", "SyncBatchNorm", "InstanceNorm1d"])
def test_without_faults_nothing_is_found(name):
    assert ask(PROMISE, name).final_verdict == "pass"
