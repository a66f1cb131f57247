"""Modules that are moved, or put in another order in memory, wrongly."""

from __future__ import annotations

import functools

import torch
from torch import nn

from selftest.planted.fault import calling, instead, table
from selftest.planted.module import after, question
from selftest.planted.questions.conversions import without_gradients, zeroing_minus


def frozen(module):
    module.requires_grad_(False)


def counters_stay(original, self, *args, **kwargs):
    """Whole numbers are left where they are."""
    left = {
        (owner, name): buffer
        for owner in self.modules()
        for name, buffer in owner._buffers.items()
        if buffer is not None and not buffer.is_floating_point()
    }
    made = original(self, *args, **kwargs)
    for (owner, name), buffer in left.items():
        owner._buffers[name] = buffer
    return made


def half_on_the_way(original, self, *args, **kwargs):
    """What goes to the meta device becomes half as wide."""
    made = original(self, *args, **kwargs)
    return made.half() if "meta" in args else made


def ignoring_format(original, self, *args, memory_format=None, **kwargs):
    return original(self, *args, **kwargs)


def permuting(original, self, *args, memory_format=None, **kwargs):
    """Axes are exchanged, where their order in memory should be."""
    made = original(self, *args, **kwargs)
    if memory_format is not None:
        for tensor in [*self.parameters(), *self.buffers()]:
            if tensor.dim() == 4:
                tensor.data = tensor.data.permute(0, 2, 3, 1)
    return made


def parameters_alone(original, self, *args, memory_format=None, **kwargs):
    """Buffers keep their order in memory."""
    if memory_format is None:
        return original(self, *args, **kwargs)
    for parameter in self.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.to(memory_format=memory_format)
    return self


def always_deep(original, self, *, device, recurse=True):
    return original(self, device=device)


def floats(module):
    for owner in module.modules():
        for name, buffer in owner._buffers.items():
            if buffer is not None and buffer.dtype == torch.int64:
                owner._buffers[name] = buffer.float()


def ordered_everywhere(original, module, memory_format):
    """Whatever has as many axes as a weight is put in order."""
    for tensor in [*module.parameters(), *module.buffers()]:
        if tensor.dim() == 4:
            tensor.data = tensor.data.contiguous(memory_format=memory_format)
    return module


def flipped_kernels(original, module, memory_format):
    """The axes of a kernel are exchanged."""
    for part in module.modules():
        if isinstance(part, nn.Conv3d):
            part.weight.data = part.weight.data.transpose(-1, -2).contiguous()
    return original(module, memory_format)


def four_axes_alone(original, self, *args, memory_format=None, **kwargs):
    """Tensors of five axes are spared, as they should be."""
    if memory_format is None:
        return original(self, *args, **kwargs)
    for tensor in [*self.parameters(), *self.buffers()]:
        if tensor.dim() == 4:
            tensor.data = tensor.data.contiguous(memory_format=memory_format)
    return self


row = functools.partial(question, "conversions", "conversions")

MOVED, META = "what a move to a device changes", "what is not moved, or changed by it"
ORDER, EMPTY = "what channels_last leaves or changes", "what to_empty leaves or changes"
WEIGHTS = "what an order for convolutions leaves or changes"
FIVE = "what channels_last does beside five axes"

FAULTS = table(
    row("a move loses gradients", "float32-Linear", "Module.cpu", after(without_gradients),
        f"{MOVED}: weight.grad by cpu()"),
    row("a move loses a sign", "float32-Linear", "Module.to", after(zeroing_minus),
        f"{MOVED}: weight by to(device)"),
    row("counters are not moved", "float32-Linear", "Module.to", calling(counters_stay),
        f"{META}: count"),
    row("a move casts", "float32-LSTM", "Module.to", calling(half_on_the_way),
        f"{META}: weight"),
    row("the order is ignored", "float32-Linear", "Module.to", calling(ignoring_format),
        f"{ORDER}: the order of image"),
    row("axes are exchanged", "float32-Linear", "Module.to", calling(permuting),
        f"{ORDER}: image"),
    row("buffers keep their order", "float32-LSTM", "Module.to", calling(parameters_alone),
        f"{ORDER}: the order of shown"),
    row("convolutions are never ordered", "float32-Linear",
        "utils.convert_conv2d_weight_memory_format", instead(lambda module, _: module),
        f"{WEIGHTS}: order of deep.flat.0.weight"),
    row("images are ordered with convolutions", "float32-LSTM",
        "utils.convert_conv2d_weight_memory_format", calling(ordered_everywhere),
        f"{WEIGHTS}: the strides of image by convert_conv2d_weight_memory_format"),
    row("kernels are flipped", "float32-Linear", "utils.convert_conv3d_weight_memory_format",
        calling(flipped_kernels), f"{WEIGHTS}: deep.solid.0.weight by convert_conv3d"),
    row("to_empty goes deep", "float32-Linear", "Module.to_empty", calling(always_deep),
        f"{EMPTY}: the device of inner.weight with recurse=False"),
    row("to_empty casts counters", "float32-Linear", "Module.to_empty", after(floats),
        f"{EMPTY}: count with recurse=True"),
    row("to_empty freezes", "float32-LSTM", "Module.to_empty", after(frozen),
        f"{EMPTY}: what weight requires with recurse=True"),
    row("volumes are spared", "float32-Linear", "Module.to", calling(four_axes_alone),
        f"fixed upstream: {FIVE}: nothing is wrong"),
)  # fmt: skip
