"""Perceptrons whose recipe comes to every layer by ``apply`` or in a loop over ``modules()``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import torch
from hypothesis.strategies import SearchStrategy
from torch import Tensor, nn

import strategies
from strategies import PerceptronArguments
from verify.laws import Constant, Law, Masked, Normal, Uniform, fan_in_and_fan_out
from verify.subjects.case import ModuleCase
from verify.subjects.fills import Target
from verify.subjects.recipes.claims import Claims, Lawful
from verify.subjects.recipes.parts import VISITORS, arguments_of, fill
from verify.subjects.recipes.recipe import Recipe
from verify.subjects.recipes.ways import Way, from_meta

_DOCUMENTED = "PyTorch documentation, torch.nn.Module.apply, torch.nn.init"
_ANSWER = 42.0
_BOUND, _THRESHOLD = 10.0, 5.0

_Rule = Callable[[nn.Linear, PerceptronArguments], None]


def _perceptron(case: ModuleCase) -> PerceptronArguments:
    return arguments_of(case, PerceptronArguments)


def _build(a: PerceptronArguments, target: Target, *, bias: bool = True) -> nn.Sequential:
    """Linear layers and rectifiers, in one sequence or each around those that follow."""
    layers = [nn.Linear(*pair, bias=bias, **target.factory) for pair in pairwise(a.sizes)]
    model = nn.Sequential(layers[-1])
    for layer in reversed(layers[:-1]):
        rest = (model,) if a.nested else tuple(model)
        model = nn.Sequential(layer, nn.ReLU(), *rest)
    return model


def _weight(a: PerceptronArguments, index: int) -> str:
    """The name of a layer's weight; negative numbers count from the end."""
    place = index % (len(a.sizes) - 1)
    return f"{'2.' * place}0.weight" if a.nested else f"{2 * place}.weight"


def _uniform(layer: nn.Linear, a: PerceptronArguments) -> None:
    bound = 1 / math.sqrt(layer.in_features)
    fill("uniform_", layer.weight, -bound, bound)
    fill("constant_", layer.bias, a.bias)


def _normal(layer: nn.Linear, a: PerceptronArguments) -> None:
    fill("normal_", layer.weight, 0.0, 1 / math.sqrt(layer.in_features))
    fill("constant_", layer.bias, a.bias)


def _narrow(layer: nn.Linear, _: PerceptronArguments) -> None:
    fill("normal_", layer.weight, 0.0, 0.01)
    fill("zeros_", layer.bias)


def _masked(layer: nn.Linear, _: PerceptronArguments) -> None:
    fill("uniform_", layer.weight, -_BOUND, _BOUND)
    with torch.no_grad():
        layer.weight.mul_(_kept(layer.weight))
    fill("zeros_", layer.bias)


def _kept(weight: Tensor) -> Tensor:
    """Which entries are large enough to stay."""
    return weight.abs() >= _THRESHOLD


def _visiting(rule: _Rule) -> Callable[[ModuleCase, Target], nn.Module]:
    """Builds a perceptron, and comes to each of its linear layers."""

    def make(case: ModuleCase, target: Target) -> nn.Module:
        model = _build(_perceptron(case), target)
        _visited(model, case, rule)
        return model

    return make


def _visited(model: nn.Module, case: ModuleCase, rule: _Rule) -> None:
    a = _perceptron(case)

    def initialize(module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            rule(module, a)

    VISITORS[a.visit](model, initialize)


def _from_meta(rule: _Rule) -> Way[ModuleCase]:
    """The same rule, which writes every tensor, on empty memory."""
    return from_meta(_visiting(rule), lambda model, case: _visited(model, case, rule))


def _first_and_last(case: ModuleCase, target: Target) -> nn.Module:
    """Two layers by their names; whatever lies between keeps its default."""
    a = _perceptron(case)
    model = _build(a, target, bias=False)
    weights = dict(model.named_parameters())
    fill("xavier_uniform_", weights[_weight(a, 0)])
    fill("constant_", weights[_weight(a, -1)], _ANSWER)
    return model


def _first_and_last_claims(case: ModuleCase) -> Claims:
    a = _perceptron(case)
    between = {_weight(a, index): _by_inputs for index in range(1, len(a.sizes) - 2)}
    return {_weight(a, 0): _xavier, **between, _weight(a, -1): Constant(_ANSWER)}


def _xavier(shape: tuple[int, ...]) -> Law:
    return Uniform.for_variance(bound=math.sqrt(6 / sum(fan_in_and_fan_out(shape))))


def _by_inputs(shape: tuple[int, ...]) -> Law:
    return Uniform.for_variance(bound=1 / math.sqrt(shape[1]))


def _normal_by_inputs(shape: tuple[int, ...]) -> Law:
    return Normal(0.0, 1 / math.sqrt(shape[1]))


def _everywhere(weight: Lawful, *, chosen: bool = False) -> Callable[[ModuleCase], Claims]:
    """The same claims for every layer; biases are zero, or what the case chooses."""

    def claims(case: ModuleCase) -> Claims:
        bias = _perceptron(case).bias if chosen else 0.0
        return {"*.weight": weight, "*.bias": Constant(bias)}

    return claims


_FLAT = PerceptronArguments((64, 128, 32))
_NESTED = PerceptronArguments((20, 48, 24, 10), nested=True, bias=0.01)
_EVEN = PerceptronArguments((96,) * 5)  # As many values of each layer.
_LOOPED = replace(_NESTED, visit="modules")


def _cases(size: int) -> SearchStrategy[ModuleCase]:
    return strategies.perceptrons(max_numel=size).map(ModuleCase)


def _anchors(*anchors: PerceptronArguments) -> tuple[ModuleCase, ...]:
    return tuple(map(ModuleCase, anchors))


_USUAL = _anchors(_FLAT, _NESTED, _LOOPED)

CONSTANT = "Xavier and a constant"
"""The recipe with a layer of one constant."""

DENSE: tuple[Recipe, ...] = (
    Recipe(
        name="uniform by inputs",
        cases=_cases,
        anchors=_USUAL,
        make=_visiting(_uniform),
        claims=_everywhere(_by_inputs, chosen=True),
        words="weights uniform within ± 1/√n for n inputs, biases the constant that is chosen",
        formula="w ~ U(−1/√n, 1/√n), n inputs; b = 0 or 0.01",
        source=f"LeCun et al. 1998, sec. 4.6; {_DOCUMENTED}",
    ),
    Recipe(
        name="normal by inputs",
        cases=_cases,
        anchors=_USUAL,
        make=_visiting(_normal),
        ways=(_from_meta(_normal),),
        claims=_everywhere(_normal_by_inputs, chosen=True),
        words="weights normal with variance 1/n for n inputs, biases the constant that is chosen",
        formula="w ~ N(0, 1/n), n inputs; b = 0 or 0.01",
        source=f"LeCun et al. 1998, eq. 16; {_DOCUMENTED}",
    ),
    Recipe(
        name="narrow normal",
        cases=_cases,
        anchors=_USUAL,
        make=_visiting(_narrow),
        claims=_everywhere(Normal(0.0, 0.01)),
        words="weights normal with standard deviation 0.01, biases 0",
        formula="w ~ N(0, 0.01²); b = 0",
        source=f"Krizhevsky et al. 2012, sec. 5; {_DOCUMENTED}",
    ),
    Recipe(
        name=CONSTANT,
        cases=_cases,
        make=_first_and_last,
        claims=_first_and_last_claims,
        words="the first layer's weights uniform within Glorot's bound, the last layer's all 42, "
        "those between as by default",
        formula="first: U(±√(6 / (in + out))); last: 42; between: U(±1/√in)",
        source=f"Glorot & Bengio 2010, eq. 16; {_DOCUMENTED}, torch.nn.Linear",
        anchors=_anchors(_EVEN, replace(_EVEN, nested=True)),
        dtypes=("float32", "float64"),
    ),
    Recipe(
        name="masked uniform",
        cases=_cases,
        anchors=_USUAL,
        make=_visiting(_masked),
        claims=_everywhere(Masked(Uniform(-_BOUND, _BOUND), _THRESHOLD)),
        words="weights uniform between −10 and 10, those smaller than 5 set to 0: half the mass at "
        "0, the rest uniform on what is left; biases 0",
        formula="w = x·1(|x| ≥ 5), x ~ U(−10, 10); b = 0",
        source="The law follows from that of torch.nn.init.uniform_",
    ),
)
"""Recipes for linear layers: by their inputs, one constant for all, by place, and by size."""
