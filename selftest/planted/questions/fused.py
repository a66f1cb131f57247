"""Norms that are synchronised or folded into a layer wrongly."""

from __future__ import annotations

import copy
import functools

import torch
from torch import nn

from selftest.planted.fault import always, arguments, calling, instead, table
from selftest.planted.module import question

CONVERSION = "SyncBatchNorm.convert_sync_batchnorm"
NORM = nn.modules.batchnorm._BatchNorm


def ignoring_group(original, module, process_group=None):
    return original(module)


def group_at_the_top(original, module, process_group=None):
    """Below a container every process takes part."""
    made = original(module, process_group)
    for path, part in made.named_modules():
        if "." in path and isinstance(part, nn.SyncBatchNorm):
            part.process_group = None
    return made


def of_copies(original, module, process_group=None):
    """Parameters of norms are copied."""
    made = original(module, process_group)
    if isinstance(made, nn.SyncBatchNorm):
        for name, parameter in made.named_parameters():
            clone = nn.Parameter(parameter.detach().clone(), parameter.requires_grad)
            setattr(made, name, clone)
    return made


def rebuilt(original, module, process_group=None):
    """Containers are copied, and so is all that is in them."""
    return original(module if isinstance(module, NORM) else copy.copy(module), process_group)


def thawing(original, module, process_group=None):
    made = original(module, process_group)
    return made.requires_grad_() if isinstance(made, nn.SyncBatchNorm) else made


def training(original, module, process_group=None):
    made = original(module, process_group)
    return made.train() if isinstance(made, nn.SyncBatchNorm) else made


def renamed_class(original, module, process_group=None):
    """A norm by itself is converted in place."""
    if isinstance(module, NORM):
        module.__class__, module.process_group = nn.SyncBatchNorm, process_group
        return module
    return original(module, process_group)


def of_usual_epsilon(original, module, process_group=None):
    made = original(module, process_group)
    if isinstance(made, nn.SyncBatchNorm):
        made.eps, made.momentum = 1e-5, 0.05
    return made


def emptied(original, module, process_group=None):
    """What was converted is left without values."""
    made = original(module, process_group)
    if isinstance(module, NORM) and module.weight is not None:
        made.weight = nn.Parameter(module.weight.detach().clone(), module.weight.requires_grad)
        with torch.no_grad():
            module.weight.zero_()
    return made


def everywhere(original, module, process_group=None):
    """Every place of a norm is converted, as it should be."""
    made = original(module, process_group)
    for part in made.modules():
        for name, child in part._modules.items():
            if isinstance(child, NORM) and not isinstance(child, nn.SyncBatchNorm):
                part._modules[name] = original(child, process_group)
    return made


def usual_bias(bias, mean, scale):
    return (bias - mean) * scale


def otherwise(inverse=torch.rsqrt, of_eps=1, folded=usual_bias):
    """Fold a norm into a layer by another formula."""

    def fuse(weight, bias, mean, variance, eps, gain, shift, transpose=False):
        scale = inverse(variance + of_eps * eps)
        scale = scale if gain is None else scale * gain
        shape = [1] * weight.dim()
        shape[1 if transpose else 0] = -1
        new = folded(torch.zeros_like(mean) if bias is None else bias, mean, scale)
        new = new if shift is None else new + shift
        return tuple(nn.Parameter(each.detach()) for each in (weight * scale.reshape(shape), new))

    return instead(fuse)


def gain_of_two(original, weight, bias, mean, variance, eps, gain, shift, *args, **kwargs):
    """A norm without a gain has one of 2."""
    twice = torch.full_like(mean, 2.0) if gain is None else gain
    return original(weight, bias, mean, variance, eps, twice, shift, *args, **kwargs)


def mean_forgotten(original, weight, bias, mean, variance, eps, gain, *args, **kwargs):
    """Of a norm without a gain the mean is forgotten."""
    of_gain = mean if gain is not None else torch.zeros_like(mean)
    return original(weight, bias, of_gain, variance, eps, gain, *args, **kwargs)


def by_group(original, weight, bias, mean, *args, **kwargs):
    """Transposed convolutions are fused group by group, as they should be."""
    groups = len(mean) // weight.shape[1] if kwargs.get("transpose") or args[-1] is True else 1
    tensors = [args[0], args[2], args[3]]
    parts = [torch.tensor_split(each, groups) if each is not None else [None] * groups
             for each in (weight, bias, mean, *tensors)]  # fmt: skip
    made = [
        original(w, b, m, v, args[1], g, s, True) if groups > 1 else None
        for w, b, m, v, g, s in zip(*parts, strict=True)
    ]
    if groups == 1:
        return original(weight, bias, mean, *args, **kwargs)
    return tuple(nn.Parameter(torch.cat(each).detach()) for each in zip(*made, strict=True))


def in_place(original, layer, norm, *args, **kwargs):
    """The layer itself takes what is fused."""
    made = original(layer, norm, *args, **kwargs)
    layer.weight, layer.bias = made.weight, made.bias
    return layer


def of_one_memory(original, layer, norm, *args, **kwargs):
    """The bias of the norm is taken for the layer's."""
    made = original(layer, norm, *args, **kwargs)
    if norm.bias is not None:
        values = made.bias.detach().clone()
        made.bias = norm.bias
        with torch.no_grad():
            made.bias.copy_(values)
    return made


def thawed(original, layer, *args, **kwargs):
    return original(layer, *args, **kwargs).requires_grad_()


def of_other_padding(original, layer, *args, **kwargs):
    made = original(layer, *args, **kwargs)
    made.padding_mode = "replicate"
    return made


def switching(original, layer, norm, *args, **kwargs):
    """Evaluation mode is turned on, where it should be demanded."""
    return original(layer.eval(), norm.eval(), *args, **kwargs)


def by_the_batch(original, layer, norm, *args, **kwargs):
    """Without statistics those of a standard input are taken."""
    if norm.running_mean is None:
        norm.running_mean = torch.zeros(norm.num_features)
        norm.running_var = torch.ones(norm.num_features)
    return original(layer, norm, *args, **kwargs)


row = functools.partial(question, "conversions", "conversions")

CHANGED = "what convert_sync_batchnorm leaves or changes"
ALONE = "what convert_sync_batchnorm makes of a norm by itself"
FORMULA, FUSING = "fused layers off the formula", "what fusing changes"
CONV, LINEAR = "utils.fusion.fuse_conv_bn_weights", "utils.fusion.fuse_linear_bn_weights"
CONVS, LINEARS = "utils.fusion.fuse_conv_bn_eval", "utils.fusion.fuse_linear_bn_eval"

FAULTS = table(
    row("a process group is ignored", "float32-BatchNorm1d", CONVERSION, calling(ignoring_group),
        f"{CHANGED}: the process group of 0"),
    row("a process group at the top", "float32-BatchNorm1d", CONVERSION,
        calling(group_at_the_top), f"{CHANGED}: the process group of 1.again"),
    row("synchronising copies", "float32-BatchNorm1d", CONVERSION, calling(of_copies),
        f"{CHANGED}: weight is untied"),
    row("synchronising rebuilds", "float32-BatchNorm1d", CONVERSION, calling(rebuilt),
        f"{CHANGED}: the root is another"),
    row("synchronising thaws", "float32-BatchNorm1d", CONVERSION, calling(thawing),
        f"{CHANGED}: what 1.list.0.weight requires"),
    row("synchronising trains", "float32-BatchNorm1d", CONVERSION, calling(training),
        f"{CHANGED}: the mode of 1.list.0"),
    row("synchronised in place", "float32-BatchNorm1d", CONVERSION, calling(renamed_class),
        f"{ALONE}: the norm itself is returned"),
    row("synchronised with usual settings", "float32-BatchNorm1d", CONVERSION,
        calling(of_usual_epsilon), f"{ALONE}: eps with affine=True"),
    row("synchronising empties", "float32-BatchNorm1d", CONVERSION, calling(emptied),
        f"{ALONE}: weight of the norm"),
    row("repeated norms mended", "float32-BatchNorm1d", CONVERSION, calling(everywhere),
        "fixed upstream: norms that convert_sync_batchnorm leaves where they are repeated: "),
    row("fused without a root", "float32-Conv2d", CONV, otherwise(inverse=torch.reciprocal),
        f"{FORMULA}: weight of modules by "),
    row("fused without epsilon", "float32-Linear", LINEAR, otherwise(of_eps=0),
        f"{FORMULA}: weight of modules by "),
    row("fused with the mean added", "float32-Conv2d", CONV,
        otherwise(folded=lambda b, m, s: (b + m) * s), f"{FORMULA}: bias of modules by "),
    row("fused with the mean unscaled", "float32-Linear", LINEAR,
        otherwise(folded=lambda b, m, s: b * s - m), f"{FORMULA}: bias of modules by "),
    row("fused without a bias", "float32-ConvTranspose2d", CONV,
        otherwise(folded=lambda b, m, s: -m * s), f"{FORMULA}: bias of modules by "),
    row("never transposed", "float32-ConvTranspose2d", CONV,
        arguments(always("transpose", False)), FORMULA),
    row("fused with a gain of two", "float32-Conv2d", CONV, calling(gain_of_two),
        f"{FORMULA} without a gain: weight of modules by "),
    row("fused without a mean", "float32-ConvTranspose2d", CONV, calling(mean_forgotten),
        f"{FORMULA} without a gain: bias of modules by "),
    row("groups fused", "float32-ConvTranspose2d", CONV, calling(by_group),
        f"fixed upstream: {FORMULA} with groups: "),
    row("fused in place", "float32-Conv2d", CONVS, calling(in_place), f"{FUSING}: it is not new"),
    row("fused with the norm's bias", "float32-Linear", LINEARS, calling(of_one_memory),
        f"{FUSING}: bias of the norm"),
    row("fusing thaws", "float32-Linear", LINEARS, calling(thawed), f"{FUSING}: weight thaws"),
    row("fused with another padding", "float32-Conv2d", CONVS, calling(of_other_padding),
        f"{FUSING}: padding_mode"),
    row("fused while it trains", "float32-Linear", LINEARS, calling(switching),
        "what fusing does not refuse: a layer that trains"),
    row("fused without statistics", "float32-ConvTranspose2d", CONVS, calling(by_the_batch),
        "what fusing does not refuse: a norm without statistics"),
)  # fmt: skip
