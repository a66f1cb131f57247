"""Convolutions with batch norms, as generators and discriminators are initialized."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise

from torch import nn

import strategies
from strategies import ConvolutionalArguments
from verify import torch_api
from verify.laws import Constant, Normal
from verify.subjects.case import ModuleCase
from verify.subjects.fills import Target
from verify.subjects.recipes.claims import Claims
from verify.subjects.recipes.parts import VISITORS, arguments_of, fill
from verify.subjects.recipes.recipe import Recipe
from verify.subjects.recipes.ways import from_meta

_STD = 0.02


def _build(a: ConvolutionalArguments, target: Target) -> nn.Module:
    convolution = nn.ConvTranspose2d if a.transposed else nn.Conv2d
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for index, (inputs, outputs) in enumerate(pairwise(a.channels)):
        made = convolution(inputs, outputs, a.kernel, bias=False, **target.factory)
        layers[f"convolution{index}"] = made
        layers[f"norm{index}"] = nn.BatchNorm2d(outputs, **target.factory)
        layers[f"rectifier{index}"] = nn.ReLU()
    return nn.Sequential(layers)


def _initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        fill("normal_", module.weight, 0.0, _STD)
    elif isinstance(module, nn.BatchNorm2d):
        fill("normal_", module.weight, 1.0, _STD)
        fill("zeros_", module.bias)


def _make(case: ModuleCase, target: Target) -> nn.Module:
    a = arguments_of(case, ConvolutionalArguments)
    model = _build(a, target)
    VISITORS[a.visit](model, _initialize)
    return model


def _restored(model: nn.Module, case: ModuleCase) -> None:
    """Every layer as by default, its statistics too, and then by the rule."""
    torch_api.reset(model)
    VISITORS[arguments_of(case, ConvolutionalArguments).visit](model, _initialize)


def _claims(_: ModuleCase) -> Claims:
    return {
        "convolution?.weight": Normal(0.0, _STD),
        "norm?.weight": Normal(1.0, _STD),
        "norm?.bias": Constant(0.0),
        "norm?.running_mean": Constant(0.0),
        "norm?.running_var": Constant(1.0),
        "norm?.num_batches_tracked": Constant(0.0),
    }


# At this width the weight of a batch norm costs least to draw.
_WIDE = ConvolutionalArguments((1, 2048), 1)
_GENERATOR = ConvolutionalArguments((24, 16, 3), 3, transposed=True, visit="modules")

CONVOLUTIONAL = Recipe(
    name="batch norm near one",
    cases=lambda size: strategies.convolutional_networks(max_numel=size).map(ModuleCase),
    make=_make,
    claims=_claims,
    dtypes=("float32", "bfloat16"),
    ways=(from_meta(_make, _restored),),
    anchors=tuple(map(ModuleCase, (_WIDE, _GENERATOR))),
    words="convolutions normal with standard deviation 0.02, the weights of batch norms so around "
    "1, their biases 0, their statistics as new",
    formula="w ~ N(0, 0.02²); γ ~ N(1, 0.02²), β = 0",
    source="Radford et al. 2015, sec. 4; the batch norms as in PyTorch's DCGAN tutorial",
)
"""A generator or a discriminator: convolutions and their batch norms."""
