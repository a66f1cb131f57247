"""Batch norms that start, learn, are reset or converted wrongly."""

from __future__ import annotations

import functools

import torch
from torch import nn

from selftest.planted.fault import calling, table
from selftest.planted.module import after, question


def in_place(name, method, *values, when=lambda self: True):
    """Change a tensor of the module, where it has it."""

    def change(self):
        if getattr(self, name, None) is not None and when(self):
            getattr(getattr(self, name), method)(*values)

    return after(change)


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


CONVERSION = "SyncBatchNorm.convert_sync_batchnorm"
COUNTER = "num_batches_tracked"


row = functools.partial(question, "batch_norm", "batch_norm")

FAULTS = table(
    row("variance 0 at the start", "float32-BatchNorm2d", "BatchNorm2d.__init__",
        in_place("running_var", "zero_"),
        "tensors that start otherwise than documented: running_var"),
    row("a counter of nothing", "float32-InstanceNorm1d", "InstanceNorm1d.__init__",
        calling(empty_counter), "what should be None: num_batches_tracked"),
    row("training moves the weight", "float32-InstanceNorm2d", "InstanceNorm2d.forward",
        in_place("weight", "add_", 1), "tensors that training should not touch: weight"),
    row("training tracks nothing", "float32-BatchNorm3d", "functional.batch_norm",
        calling(lambda _original, x, *_args, **_kwargs: x),
        "statistics that training does not touch: running_mean, running_var"),
    row("two for each batch", "float32-BatchNorm2d", "BatchNorm2d.forward",
        in_place(COUNTER, "add_", 1, when=lambda self: self.training),
        "batches that are not counted: 6 after 3 batches"),
    row("momentum off by a thousandth", "float32-BatchNorm2d", "torch.batch_norm",
        calling(lambda original, *args: momentum_off_by_a_thousandth(original, *args)),
        "running statistics off their average: running_mean by "),
    row("the biased variance", "float32-BatchNorm2d", "torch.batch_norm",
        calling(lambda original, x, weight, bias, mean, variance, *args: biased(
            lambda x, mean, variance, *args: original(x, weight, bias, mean, variance, *args),
            x, mean, variance, *args,
        )),
        "running statistics off their average: running_var by "),
    row("no cumulative average", "float32-BatchNorm1d", "BatchNorm1d.forward",
        calling(usual_momentum), "running statistics off their average: running_mean by "),
    row("evaluation counts", "float32-BatchNorm2d", "BatchNorm2d.forward",
        in_place(COUNTER, "add_", 1, when=lambda self: not self.training),
        "tensors that eval mode touches: num_batches_tracked"),
    row("the counter is not reset", "float32-SyncBatchNorm",
        "SyncBatchNorm.reset_running_stats", in_place(COUNTER, "fill_", 7),
        "tensors wrong after reset_running_stats: num_batches_tracked"),
    row("the weight is reset along", "float32-BatchNorm2d",
        "BatchNorm2d.reset_running_stats", in_place("weight", "fill_", 1),
        "tensors wrong after reset_running_stats: weight"),
    row("the bias is not reset", "float32-InstanceNorm3d",
        "InstanceNorm3d.reset_parameters", in_place("bias", "add_", 1),
        "tensors wrong after reset_parameters: bias"),
    row("a reset by arithmetic", "float32-BatchNorm2d", "BatchNorm2d.reset_parameters",
        calling(by_arithmetic), "tensors wrong after NaN and reset_parameters: bias, weight"),
    row("conversion forgets a variance", "float32-BatchNorm2d", CONVERSION,
        calling(forgetful),
        "what convert_sync_batchnorm does not keep: 0.running_var, 1.in.0.0.running_var"),
    row("conversion ends evaluation", "float32-BatchNorm3d", CONVERSION,
        calling(lambda original, module, *group: original(module, *group).train()),
        "what convert_sync_batchnorm does not keep: 1.in.0.0.training"),
    row("nothing is converted", "float32-BatchNorm1d", CONVERSION,
        calling(lambda _original, module: module),
        "what convert_sync_batchnorm does not keep: 0 is a BatchNorm1d"),
    row("everything is converted", "float32-InstanceNorm1d", CONVERSION,
        calling(lambda _original, module: nn.Sequential(nn.SyncBatchNorm(module[0].num_features))),
        "what convert_sync_batchnorm does not keep: 0.bias, "),
)  # fmt: skip
