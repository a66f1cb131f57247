"""Lazy modules that know too early, too late, or something else."""

from __future__ import annotations

import functools

import torch
from torch import nn

from selftest.planted.fault import calling, table
from selftest.planted.module import after, question


def early_bias(lazy):
    if lazy.bias is not None:
        lazy.bias = nn.Parameter(torch.zeros(lazy.out_features))


def materialising(lazy):
    if lazy.has_uninitialized_params():
        lazy.weight.materialize((1, 1))


def counting(original, self, *args):
    original(self, *args)
    if self.num_batches_tracked is not None:
        self.num_batches_tracked += 1


def staying_lazy(original, self, *args):
    kept, self.cls_to_become = self.cls_to_become, None
    original(self, *args)
    self.cls_to_become = kept


def forgetting(lazy):
    lazy.in_channels += 1


def knowing(lazy, batch):
    lazy.in_channels = batch.shape[1]


def resetting(original, self, batch):
    """Draws anew what was loaded; of the size that was loaded."""
    loaded = not self.has_uninitialized_params()
    original(self, batch)
    if loaded:
        self.in_channels = batch.shape[1]
        self.reset_parameters()


def doubling(original, self, state, **kwargs):
    return original(self, {k: _doubled(tensor) for k, tensor in state.items()}, **kwargs)


def _doubled(tensor):
    return tensor if nn.parameter.is_lazy(tensor) else 2 * tensor


def loading_sizes(original, self, state, **kwargs):
    if nn.parameter.is_lazy(state["weight"]):
        self.weight.materialize((1, 1))
        return None
    return original(self, state, **kwargs)


def sizing(affine):
    def initialize(original, self, batch):
        original(self, batch)
        if self.affine == affine:
            self.num_features = batch.shape[1]

    return calling(initialize)


row = functools.partial(question, "lazy", "lazy")

FAULTS = table(
    row("a bias from the start", "float32-LazyLinear", "LazyLinear.__init__", after(early_bias),
        "tensors that are initialised before the first input: bias"),
    row("a draw from the start", "float32-LazyConv2d", "LazyConv2d.__init__",
        after(lambda _: torch.rand(1)), "what draws before the first input: the global stream"),
    row("a reset that materialises", "float32-LazyLinear", "LazyLinear.reset_parameters",
        after(materialising), "what reset_parameters does before the first input: weight"),
    row("lazy for ever", "float32-LazyConvTranspose1d", "LazyConvTranspose1d._infer_parameters",
        calling(staying_lazy),
        "what the first input leaves unfinished: the class is LazyConvTranspose1d"),
    row("a channel too many", "float32-LazyConv1d", "LazyConv1d.initialize_parameters",
        calling(lambda original, self, batch: (original(self, batch), forgetting(self))),
        "sizes not inferred: in_channels is 2, not 1"),
    row("a batch is counted too early", "float32-LazyBatchNorm2d",
        "modules.batchnorm._LazyNormBase.initialize_parameters", calling(counting),
        "tensors other than the eager module's: num_batches_tracked"),
    row("every use moves the weight", "float32-LazyLinear", "Linear.forward",
        calling(lambda original, self, batch: (original(self, batch), self.weight.data.add_(1))),
        "tensors that a second input touches: weight"),
    row("loading doubles", "float32-LazyLinear", "LazyLinear.load_state_dict", calling(doubling),
        "tensors that load_state_dict does not keep: bias, weight"),
    row("the first input resets what was loaded", "float32-LazyConv3d",
        "LazyConv3d.initialize_parameters", calling(resetting),
        "what the first input changes after load_state_dict: bias, weight"),
    row("sizes from nowhere", "float32-LazyLinear", "LazyLinear.load_state_dict",
        calling(loading_sizes), "what load_state_dict makes of a state without sizes: weight"),
    row("channels after loading", "float32-LazyConv1d", "LazyConv1d.initialize_parameters",
        calling(lambda original, self, batch: (original(self, batch), knowing(self, batch))),
        "fixed upstream: sizes not inferred after load_state_dict: nothing is wrong; "
        "end the entry 'lazy-size-lost-in-loading' with `until`, or remove it"),
    row("sizes without tensors", "float32-LazyInstanceNorm1d",
        "LazyInstanceNorm1d.initialize_parameters", sizing(affine=False),
        "fixed upstream: sizes not inferred without tensors: nothing is wrong; "
        "end the entry 'lazy-norm-without-tensors-infers-nothing' with `until`, or remove it"),
    row("sizes after loading", "float32-LazyInstanceNorm2d",
        "LazyInstanceNorm2d.initialize_parameters", sizing(affine=True),
        "fixed upstream: what the first input changes after load_state_dict, if affine: "
        "nothing is wrong; "
        "end the entry 'lazy-instance-norm-unusable-after-loading' with `until`, "),
)  # fmt: skip
