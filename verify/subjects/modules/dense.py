"""Linear and bilinear maps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Unpack

from torch import nn

from strategies.modules.adaptive_softmax import AdaptiveSoftmaxArguments, adaptive_softmaxes
from strategies.modules.linear import BilinearArguments, LinearArguments, bilinears, linears
from verify import torch_api
from verify.laws import Uniform
from verify.subjects.fills import Factory
from verify.subjects.modules._row import affine, documentation, row, within
from verify.subjects.tensor_law import TensorLaw

_WORDS = "weight and bias uniform within ± 1/√fan_in"
_FORMULA = "weight, bias ~ U(−√k, √k), k = 1 / in_features"
_ANCHORS = (LinearArguments(784, 10), LinearArguments(3, 8192))
_STRATA = {
    "fewer than 4 inputs": tuple(LinearArguments(n, 300) for n in (1, 2, 3)),
    "fewer than 4 outputs": tuple(LinearArguments(300, n) for n in (1, 2, 3)),
    "few inputs and outputs": tuple(LinearArguments(n, 17) for n in (5, 8, 15, 16, 33)),
    "without bias": (LinearArguments(61, 40, bias=False),),
    "more than 2^21 entries": (LinearArguments(1025, 2050),),
}


def linear(a: LinearArguments) -> Iterator[TensorLaw]:
    """The state of a linear map."""
    return affine(a.in_features, a.out_features, a.bias)


def _bilinear(a: BilinearArguments) -> Iterator[TensorLaw]:
    law = Uniform.for_variance(bound=1 / math.sqrt(a.in1_features))
    yield TensorLaw("weight", (a.out_features, a.in1_features, a.in2_features), law)
    if a.bias:
        yield TensorLaw("bias", (a.out_features,), law)


def _cross_entropy(a: LinearArguments, **factory: Unpack[Factory]) -> nn.Module:
    loss = torch_api.module("LinearCrossEntropyLoss")
    bias = {"bias": True} if a.bias else {}  # Without is this module's default.
    return loss(a.in_features, a.out_features, **bias, **factory)


def _adaptive_softmax(a: AdaptiveSoftmaxArguments) -> Iterator[TensorLaw]:
    """A head over the shortlist and the clusters, and a bottleneck for each cluster."""
    yield from within("head.", affine(a.in_features, a.cutoffs[0] + len(a.cutoffs), a.head_bias))
    ends = (*a.cutoffs[1:], a.n_classes)
    for i, (start, end) in enumerate(zip(a.cutoffs, ends, strict=True)):
        hidden = int(a.in_features // a.div_value ** (i + 1))
        yield from within(f"tail.{i}.0.", affine(a.in_features, hidden, False))
        yield from within(f"tail.{i}.1.", affine(hidden, end - start, False))


DENSE = (
    row(
        "Linear",
        lambda size: linears(max_numel=size),
        linear,
        _ANCHORS,
        strata=_STRATA,
        words=_WORDS,
        formula=_FORMULA,
    ),
    row(
        "NonDynamicallyQuantizableLinear",
        lambda size: linears(max_numel=size),
        linear,
        _ANCHORS,
        words=_WORDS,
        formula=_FORMULA,
        source=documentation("Linear"),
    ),
    row(
        "Bilinear",
        lambda size: bilinears(max_numel=size),
        _bilinear,
        (BilinearArguments(20, 30, 40), BilinearArguments(2, 3, 4096)),
        words="weight and bias uniform within ± 1/√in1_features",
        formula="weight, bias ~ U(−√k, √k), k = 1 / in1_features",
    ),
    row(
        "AdaptiveLogSoftmaxWithLoss",
        lambda size: adaptive_softmaxes(max_numel=size),
        _adaptive_softmax,
        (
            AdaptiveSoftmaxArguments(64, 1000, (20, 200)),
            AdaptiveSoftmaxArguments(4, 4200, (4096,), head_bias=True),
        ),
        words="head and tails as linear maps, each by its own number of inputs",
        formula="every weight and the head's bias ~ U(−√k, √k), k = 1 / inputs",
        source=f"{documentation('Linear')}; Grave et al. 2017 for the sizes",
    ),
    row(
        "LinearCrossEntropyLoss",
        lambda size: linears(max_numel=size),
        lambda a: within("linear.", linear(a)),
        _ANCHORS,
        words="the weight and bias of its linear map uniform within ± 1/√fan_in",
        formula=_FORMULA,
        source=documentation("Linear"),
        make=_cross_entropy,
    ),
)
"""Modules whose weights are matrices from inputs to outputs."""
