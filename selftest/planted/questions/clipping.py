"""Gradients that are clipped wrongly where they are halves, mixed, views, or none at all."""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

from selftest.planted.fault import always, arguments, calling, table
from selftest.planted.module import question

HALVES = (torch.float16, torch.bfloat16)


def listed(tensors):
    """Several tensors, a single one among them."""
    return [tensors] if isinstance(tensors, Tensor) else [*tensors]


def stagnating(original, tensors, order, *args, **kwargs):
    """Halves of which no more than the first 256 are added."""
    cut = [t.flatten()[:256] if t.dtype in HALVES else t for t in tensors]
    return original(cut, order, *args, **kwargs)


def first_dtype_alone(original, tensors, *args, **kwargs):
    tensors = listed(tensors)
    return original([t for t in tensors if t.dtype is tensors[0].dtype], *args, **kwargs)


def rough_power(original, tensors, order=2.0, *args, **kwargs):
    return original(tensors, 1.0 if order == 0.5 else order, *args, **kwargs)


def sum_by_name(original, tensors, order=2.0, *args, **kwargs):
    return original(tensors, 1.0 if order == "inf" else order, *args, **kwargs)


def twice(original, tensors, *args, **kwargs):
    tensors = listed(tensors)
    return original(tensors + tensors[-1:], *args, **kwargs)


def last_left_out(original, gradients, factor):
    if len(gradients) > 1:
        original(gradients[:-1], factor)


def after_clipping(original, parameters, limit, *args, **kwargs):
    parameters = listed(parameters)
    total = original(parameters, limit, *args, **kwargs)
    return total.clamp(max=limit) if any(p.dtype in HALVES for p in parameters) else total


def recorded(original, *args, **kwargs):
    return original(*args, **kwargs).clone().requires_grad_()


def amplified(_original, parameters, limit, total, foreach=None):
    for parameter in listed(parameters):
        if parameter.grad is not None:
            parameter.grad.mul_(limit / (total + 1e-6))


def own_norm(original, parameters, limit, total, foreach=None):
    parameters = listed(parameters)
    own = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    return original(parameters, limit, own, foreach)


def exhausted(original, parameters, *args, **kwargs):
    """Go through the parameters once more than an iterator can be."""
    for _ in parameters:
        pass
    return original(parameters, *args, **kwargs)


def single_alone(original, parameters, *args, **kwargs):
    if isinstance(parameters, Tensor):
        parameters = [*parameters]
    return original(parameters, *args, **kwargs)


def replaced(original, parameters, *args, **kwargs):
    parameters = listed(parameters)
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad = parameter.grad.clone()
    return original(parameters, *args, **kwargs)


def whole_memory(original, parameters, *args, **kwargs):
    """Scale what lies between the gradients, too."""
    parameters = listed(parameters)
    told = original(parameters, *args, **kwargs)
    for parameter in parameters:
        if parameter.grad is not None and parameter.grad._base is not None:
            parameter.grad._base.view(-1)[1] *= 0.5
    return told


def one_sided(_original, parameters, limit, foreach=None):
    for parameter in listed(parameters):
        gradient = parameter.grad
        if gradient is not None:
            low = None if gradient.dtype is torch.bfloat16 else -limit
            gradient.clamp_(min=low, max=limit)


def finite_alone(original, parameters, limit, foreach=None):
    parameters = listed(parameters)
    wild = [p.grad.isinf() & p.grad.gt(0) for p in parameters if p.grad is not None]
    original(parameters, limit, foreach)
    gradients = [p.grad for p in parameters if p.grad is not None]
    for gradient, where in zip(gradients, wild, strict=True):
        gradient[where] = math.inf


def nothing_refused(original, tensors, *args, **kwargs):
    tensors = listed(tensors)
    if not tensors:
        raise RuntimeError("planted")
    return original(tensors, *args, **kwargs)


def empty_as_one(original, tensors, *args, **kwargs):
    full = [t if t.numel() else t.new_ones(1) for t in tensors]
    return original(full, *args, **kwargs)


def empty_refused(original, tensors, *args, **kwargs):
    if not all(t.numel() for t in tensors):
        raise RuntimeError("planted")
    return original(tensors, *args, **kwargs)


row = functools.partial(question, "parameters", "parameters")
TOTAL, CLIP, BY_NORM, BY_VALUE = (
    f"utils.{name}"
    for name in ("get_total_norm", "clip_grad_norm_", "clip_grads_with_norm_", "clip_grad_value_")
)
INNER = "utils.clip_grad._get_total_norm"

FAULTS = table(
    row("a sum of halves stands still", "float64-Linear", "torch._foreach_norm",
        calling(stagnating), "gradients of other dtypes off the limit: the norm of float16, "),
    row("the first dtype alone", "float32-Linear", TOTAL, calling(first_dtype_alone),
        "total norms off the whole: of mixed dtypes, "),
    row("a root as a sum", "float32-Linear", TOTAL, calling(rough_power),
        "total norms off the whole: of float16, p = 0.5, "),
    row("a name of infinity as a sum", "float32-Linear", INNER, calling(sum_by_name),
        "gradients of other dtypes off the limit: the norm of float16, p = inf, "),
    row("the last tensor counts twice", "float64-Linear", TOTAL, calling(twice),
        "total norms off the whole: of float16, "),
    row("the last gradient is left out", "float32-Linear", "torch._foreach_mul_",
        calling(last_left_out), "gradients off the limit: "),
    row("the norm after clipping is told", "float32-Linear", CLIP, calling(after_clipping),
        "gradients of other dtypes off the limit: the norm of float16, "),
    row("the norm is recorded", "float32-Linear", TOTAL, calling(recorded),
        "total norms off the whole: of float16, p = 0.5, foreach=None is no tensor of one number"),
    row("a factor beyond one", "float32-Linear", BY_NORM, calling(amplified),
        "gradients off the norm given: float16, limit 4, norm 1, "),
    row("the norm given is ignored", "float32-Linear", BY_NORM, calling(own_norm),
        "gradients off the norm given: float16, limit 1, norm 4, "),
    row("infinite norms are taken", "float32-Linear", TOTAL,
        arguments(always("error_if_nonfinite", False)),
        "total norms that are not finite and taken: nan in float16 with foreach=None is taken"),
    *(
        row(f"an iterator is gone through twice, {target}", "float32-Linear", target,
            calling(exhausted), "parameters that clipping takes otherwise: ")
        for target in (CLIP, BY_NORM, BY_VALUE, TOTAL)
    ),
    row("rows of a single tensor", "float32-Linear", BY_NORM, calling(single_alone),
        "parameters that clipping takes otherwise: clip_grads_with_norm_ of a single tensor"),
    row("new gradients in place of the old", "float32-Linear", CLIP, calling(replaced),
        "what clipping writes elsewhere: the memory, clip_grad_norm_, foreach=None by "),
    row("memory beside a gradient", "float64-Linear", BY_VALUE, calling(whole_memory),
        "what clipping writes elsewhere: the memory, clip_grad_value_, foreach=None by "),
    row("bfloat16 is clipped from above alone", "float32-Linear", BY_VALUE, calling(one_sided),
        "gradients of other dtypes off the largest value: bfloat16 to "),
    row("infinity passes the largest value", "float64-Linear", BY_VALUE, calling(finite_alone),
        "gradients of other dtypes off the largest value: float16 to "),
    row("nothing to clip is an error", "float32-Linear", INNER, calling(nothing_refused),
        "nothing to clip by norm: clip_grad_norm_ without parameters, "),
    row("no entries count as one", "float32-Linear", INNER, calling(empty_as_one),
        "gradients without entries: the norm, p = 1, "),
    row("no entries are an error", "float64-Linear", INNER, calling(empty_refused),
        "gradients without entries: p = 1, foreach=None raises an error"),
)  # fmt: skip
