"""The conversions of cuRAND, PyTorch's generator on a GPU: from words of 32 bits to (0, 1].

Adding half a step to a word's fraction excludes 0 and includes 1, so that a logarithm of it is
finite; where a range must exclude its upper end, the lower one takes its place.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import torch
from torch import Tensor

from selftest.lawful.alternative import (
    Control,
    Stream,
    method,
    normally,
    swap,
    uniformly,
)
from selftest.lawful.discrete import operation, rewritten
from selftest.lawful.normals import NORMAL
from selftest.lawful.uniforms import UNIFORM
from selftest.planted.fault import law, table
from selftest.planted.module import behaviour, default
from selftest.planted.streams import streams


def _half_a_step_up(n: int, stream: Stream) -> Tensor:
    """Draw from (0, 1]: a word of 32 bits that is converted to float32."""
    return stream.integers(n, 32).float() * 2.0**-32 + 2.0**-33


def _uniform(
    tensor: Tensor, low: float, high: float, stream: Stream, exchanged: bool = True
) -> None:
    """Scale (0, 1] in single or double precision, and exchange its upper end for the lower."""
    if tensor.dtype == torch.float64:
        unit = stream.doubles(tensor.numel()) + 2.0**-54
    else:
        unit = _half_a_step_up(tensor.numel(), stream)
    start, end = (torch.tensor(x, dtype=unit.dtype) for x in (low, high))
    values = (unit * (end - start) + start).to(tensor.dtype)
    excluded = (values.double() >= min(high, float(end))) & exchanged
    tensor.copy_(torch.where(excluded, start.to(tensor.dtype), values).view(tensor.shape))


def _normal(n: int, stream: Stream) -> Tensor:
    """Draw pairs in float32 from a radius, −2·log of (0, 1], and an angle: Box & Muller 1958."""
    half = -(-n // 2)
    radius = (-2 * _half_a_step_up(half, stream).log()).sqrt()
    angle = _half_a_step_up(half, stream) * (2 * math.pi)
    return torch.stack([radius * angle.sin(), radius * angle.cos()], 1).flatten()[:n].double()


def _exponential(tensor: Tensor, rate: float, stream: Stream) -> None:
    """Take −log of (0, 1], and half an epsilon where it would be zero."""
    unit, tiny = _half_a_step_up(tensor.numel(), stream), torch.finfo(torch.float32).eps / 2
    logs = torch.where(unit >= 1 - tiny, -tiny, unit.log())
    values = (-1 / rate * logs).to(tensor.dtype)
    tensor.copy_(values.view(tensor.shape))


def _coins(result: Tensor, stream: Stream, chances: Tensor, *_: Any) -> None:
    """Succeed where a draw of (0, 1] is at most the chance."""
    result.copy_(_half_a_step_up(result.numel(), stream).view(result.shape) <= chances.float())


ALTERNATIVES = table(
    swap("uniform_of_curand", "uniforms of (0, 1] whose upper end becomes the lower", UNIFORM,
         uniformly(_uniform), "cuRAND documentation, curand_uniform",
         *(law(f"{dtype}-uniform_") for dtype in ("float32", "float64", "bfloat16", "float16")),
         law("float32-xavier_uniform_"), default("float32-Linear"), streams("float32-uniform_"),
         behaviour("errors", "float32-uniform_")),
    swap("normal_of_curand", "pairs of normals of words of 32 bits, in float32", NORMAL,
         normally(_normal), "cuRAND, curand_normal2; Box & Muller 1958", law("float32-normal_"),
         law("bfloat16-normal_"), law("float16-kaiming_normal_"),
         law("complex64-xavier_normal_"), streams("float32-normal_")),
    swap("exponential_of_curand", "waiting times of (0, 1], kept off zero by half an epsilon",
         "torch.Tensor.exponential_", method(("lambd",), (1.0,), _exponential),
         "cuRAND, curand_uniform; Devroye 1986, sec. II.2", operation("float32-exponential_"),
         operation("bfloat16-exponential_"), streams("float32-exponential_")),
    swap("bernoulli_of_curand", "coins by comparison of (0, 1] in float32", "torch.bernoulli",
         rewritten(_coins), "PyTorch documentation, torch.bernoulli",
         operation("float32-torch.bernoulli"), operation("float64-torch.bernoulli")),
)  # fmt: skip

CONTROLS = table(
    Control("uniform_of_curand_with_its_end", "uniforms of (0, 1] whose upper end stays",
            (UNIFORM,), uniformly(functools.partial(_uniform, exchanged=False)),
            law("bfloat16-uniform_"), frozenset({"support"})),
)  # fmt: skip
