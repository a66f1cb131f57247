"""Modules that are cast or moved wrongly."""

from __future__ import annotations

import copy
import functools

import torch
from torch import nn

from selftest.planted.fault import calling, table
from selftest.planted.module import after, question

HALF, WIDE = torch.float16, torch.float64


def truncated(original, self, *args):
    """Casting cuts off what does not fit."""
    for tensor in [*self.parameters(), *self.buffers()]:
        if tensor.dtype == torch.float32:
            tensor.data = (tensor.data.view(torch.int32) & ~0xFFFF).view(torch.float32)
    return original(self, *args)


def saturating(original, self, *args):
    """What is too large becomes the largest number."""
    for tensor in [*self.parameters(), *self.buffers()]:
        if tensor.is_floating_point():
            tensor.data = tensor.data.clamp(-65504, 65504)
    return original(self, *args)


def flushed(original, self, *args):
    """Subnormal numbers become zero."""
    made = original(self, *args)
    for tensor in [*self.parameters(), *self.buffers()]:
        if tensor.is_floating_point():
            small = tensor.data.abs() < torch.finfo(tensor.dtype).smallest_normal
            tensor.data = tensor.data.masked_fill(small, 0)
    return made


def by_half(original, self):
    """The way to float32 leads by half precision."""
    return original(original(self.half()))


def without_passing(original, self, fn, recurse=True):
    """Buffers that are not saved are left behind."""
    left = {n: self._buffers[n] for n in self._non_persistent_buffers_set if n in self._buffers}
    made = original(self, fn, recurse)
    self._buffers.update(left)
    return made


def shallow(original, self, fn, recurse=True):
    """Modules in modules in modules are not reached."""
    return original(self, fn, recurse and not isinstance(self, nn.ModuleDict))


def widened(module):
    for buffer in module.buffers():
        if buffer.dtype == torch.int64:
            buffer.data = buffer.data.double()


def masks_as_bytes(module):
    for owner in module.modules():
        for name, buffer in owner.named_buffers(recurse=False):
            if buffer.dtype == torch.bool:
                setattr(owner, name, buffer.to(torch.uint8))


def floating_alone(original, self, to):
    """`type` casts what `to` casts."""
    dtype = to if isinstance(to, torch.dtype) else WIDE
    return nn.Module.to(self, dtype)


def without_gradients(module):
    module.zero_grad()


def rescaled_gradients(module):
    for parameter in module.parameters():
        if parameter.grad is not None:
            parameter.grad.mul_(0.5)


def renewed(module):
    for owner in module.modules():
        for name, parameter in list(owner._parameters.items()):
            if parameter is not None:
                owner._parameters[name] = nn.Parameter(parameter.data, parameter.requires_grad)


def untied(module):
    deep = getattr(module, "deep", None)
    if deep is not None:
        tied = deep["block"].tied
        deep["block"].tied = nn.Parameter(tied.detach().clone())


def thawed(module):
    for parameter in module.parameters():
        parameter.requires_grad_(True)


def training(module):
    module.train()


def returning_copy(original, self, *args, **kwargs):
    return copy.deepcopy(original(self, *args, **kwargs))


def whole_taken(original, self, *args, **kwargs):
    """Whole dtypes are taken for no dtype."""
    whole = (torch.int32, torch.bool)
    return original(self, *(each for each in args if each not in whole), **kwargs)


def refused_late(original, self, *args, **kwargs):
    """A dtype is refused once the module is cast."""
    if args and args[0] in (torch.int32, torch.bool):
        self.half()
    return original(self, *args, **kwargs)


def stale(original, self, fn, recurse=True):
    """A recurrent network goes on with the weights that it had."""
    old = [weight.detach().clone() for weight in self._flat_weights]
    made = original(self, fn, recurse)
    self._flat_weights = [weight.to(torch.float64) for weight in old]
    for weight in self._flat_weights:
        weight.mul_(1.001)
    return made


def of_other_eps(module):
    for each in module.modules():
        if isinstance(each, nn.modules.batchnorm._BatchNorm):
            each.eps = 1e-3


def zeroing_minus(module):
    for tensor in [*module.parameters(), *module.buffers()]:
        if tensor.is_floating_point():
            tensor.data = tensor.data + 0.0


def wide_complex(module):
    for owner in module.modules():
        for tensor in [*owner._parameters.values(), *owner._buffers.values()]:
            if tensor is not None and tensor.is_complex():
                tensor.data = tensor.data.to(torch.complex128)


def conjugated(original, self, *args, **kwargs):
    """Complex numbers are conjugated on their way."""
    made = original(self, *args, **kwargs)
    if torch.complex128 in args:
        for tensor in [*self.parameters(), *self.buffers()]:
            tensor.data = tensor.data.conj().resolve_conj()
    return made


def real_part(original, self):
    """What is complex loses its imaginary part."""
    for tensor in [*self.parameters(), *self.buffers()]:
        if tensor.is_complex():
            tensor.data.imag.zero_()
    return original(self)


def complex_buffers_stay(original, self, *args, **kwargs):
    """Complex buffers are left as they are."""
    left = {n: b for n, b in self._buffers.items() if b is not None and b.is_complex()}
    made = original(self, *args, **kwargs)
    self._buffers.update(left)
    return made


row = functools.partial(question, "conversions", "conversions")

NEAREST, GRADIENTS = "numbers that are not the nearest", "gradients that are not the nearest"
WHOLE, BESIDES = "whole numbers that are otherwise", "what a cast replaces or changes besides"
BITS, COMPUTES = "bits lost in float64 and back", "what a module that is cast computes otherwise"
COMPLEX = "complex numbers that are cast as real ones"
TO_COMPLEX = "what a cast to complex numbers makes otherwise"
REFUSED = "dtypes that are not refused"

FAULTS = table(
    row("bfloat16 truncates", "float32-Linear", "Module.bfloat16", calling(truncated),
        f"{NEAREST}: weight by bfloat16()"),
    row("half saturates", "float32-Linear", "Module.half", calling(saturating),
        f"{NEAREST}: weight by half()"),
    row("half flushes", "float32-LSTM", "Module.half", calling(flushed),
        f"{NEAREST}: weight by half()"),
    row("float by half", "float32-Linear", "Module.float", calling(by_half),
        f"{NEAREST}: weight by float()"),
    row("passing buffers stay", "float32-Linear", "Module._apply", calling(without_passing),
        f"{NEAREST}: passing by half()"),
    row("what is deep stays", "float32-LSTM", "Module._apply", calling(shallow),
        f"{NEAREST}: deep.block.mean by half()"),
    row("a sign of zero is lost", "float32-Linear", "Module.double", after(zeroing_minus),
        f"{NEAREST}: weight by double()"),
    row("counters are cast", "float32-Linear", "Module.double", after(widened),
        f"{WHOLE}: count by double()"),
    row("masks become bytes", "float32-Linear", "Module.half", after(masks_as_bytes),
        f"{WHOLE}: mask by half()"),
    row("type spares counters", "float32-LSTM", "Module.type", calling(floating_alone),
        f"{WHOLE}: count by type(float16)"),
    row("gradients are dropped", "float32-Linear", "Module.half", after(without_gradients),
        f"{GRADIENTS}: weight by half()"),
    row("gradients are halved", "float32-Linear", "Module.bfloat16", after(rescaled_gradients),
        f"{GRADIENTS}: weight by bfloat16()"),
    row("a cast renews", "float32-Linear", "Module.double", after(renewed),
        f"{BESIDES}: weight by double()"),
    row("a cast unties", "float32-LSTM", "Module.half", after(untied),
        f"{BESIDES}: deep.block.tied by half()"),
    row("a cast thaws", "float32-Linear", "Module.to", after(thawed),
        f"{BESIDES}: what frozen requires by to(dtype)"),
    row("a cast trains", "float32-Linear", "Module.float", after(training),
        f"{BESIDES}: the mode of the module by float()"),
    row("a cast returns a copy", "float32-LSTM", "Module.bfloat16", calling(returning_copy),
        f"{BESIDES}: what is returned by bfloat16()"),
    row("the way back by half", "float32-Linear", "Module.float", calling(by_half),
        f"{BITS}: weight"),
    row("the way back flushes", "float32-LSTM", "Module.float", calling(flushed),
        f"{BITS}: weight"),
    row("whole dtypes are taken", "float32-Linear", "Module.to", calling(whole_taken),
        f"{REFUSED}: torch.int32 is taken"),
    row("whole dtypes are refused late", "float32-Linear", "Module.to", calling(refused_late),
        f"{REFUSED}: weight once torch.int32 is refused"),
    row("double widens complex numbers", "float32-Linear", "Module.double", after(wide_complex),
        f"{COMPLEX}: phase by double(), "),
    row("half loses imaginary parts", "float32-Linear", "Module.half", calling(real_part),
        f"{COMPLEX}: phase by half(), "),
    row("complex numbers are conjugated", "float32-Linear", "Module.to", calling(conjugated),
        f"{TO_COMPLEX}: phase, "),
    row("complex buffers stay", "float32-LSTM", "Module.to", calling(complex_buffers_stay),
        f"{TO_COMPLEX}: turn"),
    row("a cast leaves flat weights", "float32-LSTM", "RNNBase._apply", calling(stale),
        f"{COMPUTES}: the output"),
    row("a cast changes epsilon", "float32-BatchNorm1d", "Module.double", after(of_other_eps),
        f"{COMPUTES}: the output"),
)  # fmt: skip
