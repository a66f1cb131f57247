"""What `torch.func` makes of tied networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.func import functional_call, grad

from verify.behaviour.parameters.access import refuses
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import copied, differing
from verify.behaviour.tied.reference import (
    cotangent,
    groups,
    has_shared_modules,
    inputs,
    sums,
    terms,
    tied,
    total,
    values_of,
)
from verify.subjects.networks.parts import Parts
from verify.subjects.refusals.refusal import REFUSED
from verify.torch_api import state


def leaves_of(network: Parts) -> dict[str, Tensor]:
    """The same, to be differentiated."""
    return {name: value.requires_grad_() for name, value in values_of(network).items()}


def off_by_functional_call(trial: Trial) -> list[str]:
    """Values given under one name stand in all places, and all of the gradient is theirs."""
    values, network, expected = leaves_of(tied(trial)), tied(trial, "other values"), sums(trial)
    torch.autograd.backward(_loss(trial, network)(values))
    return [p for name in values for p in expected[name].wrong(name, values[name].grad)]


def off_by_transform(trial: Trial) -> list[str]:
    """The same under `torch.func.grad`, whose kernels may be others."""
    expected, network = sums(trial), tied(trial, "other values")
    found = grad(_loss(trial, network))(values_of(tied(trial)))
    return [p for name in found for p in expected[name].wrong(name, found[name])]


def _loss(trial: Trial, network: Parts) -> Callable[[dict[str, Tensor]], Tensor]:
    """What `backward` differentiates, as a function of parameters."""
    given = inputs(trial).detach()

    def loss(values: dict[str, Tensor]) -> Tensor:
        output: Tensor = functional_call(network, values, (given,))
        return (output * cotangent(trial, output)).sum()

    return loss


def left_behind(trial: Trial) -> list[str]:
    """The network has its own values again, and no gradient."""
    network, values = tied(trial, "other values"), leaves_of(tied(trial))
    own, before = dict(network.named_parameters()), copied(state(network))
    functional_call(network, values, (inputs(trial),)).sum().backward()
    left = differing(before, state(network))
    return left + [f"{name}.grad" for name, p in own.items() if p.grad is not None]


def off_without_tie(trial: Trial) -> list[str]:
    """With ``tie_weights=False`` a value given under one name stands in one place."""
    network, untied = tied(trial), terms(trial)
    first, *others = groups(trial)[0]
    value = network.get_parameter(first).detach().clone().requires_grad_()
    output = functional_call(network, {first: value}, (inputs(trial),), tie_weights=False)
    output.backward(cotangent(trial, output))
    rest = network.get_parameter(first).grad
    return [
        *total(trial, untied, [first]).wrong(first, value.grad),
        *total(trial, untied, others).wrong(f"all but {first}", rest),
    ]


def holds_each_place_apart(trial: Trial) -> bool:
    """Whether each name stands for a place of its own: not so where a module is shared."""
    return not has_shared_modules(trial)


def different_values_taken(trial: Trial) -> list[str]:
    """Different values for one tensor are refused: "it will error", no class is named."""
    network, found = tied(trial), list[str]()
    for first, *others in groups(trial):
        value = network.get_parameter(first).detach()
        values = {first: value + 1} | dict.fromkeys(others, value)
        try:
            functional_call(network, values, (inputs(trial),))
        except REFUSED:
            continue
        found.append(first)
    return found


def strictly_taken(trial: Trial) -> list[str]:
    """With ``strict=True`` a name that is missing or unknown "will result in an error"."""
    network, given = tied(trial), inputs(trial)
    whole = dict(network.named_parameters()) | dict(network.named_buffers())
    first = next(iter(whole))
    wrong = {
        "one missing": {name: value for name, value in whole.items() if name != first},
        "one unknown": whole | {"unknown": whole[first]},
    }
    return [
        said
        for said, values in wrong.items()
        if not refuses(partial(functional_call, network, values, (given,), strict=True), REFUSED)
    ]


def some_names_refused(trial: Trial) -> list[str]:
    """One value for one tensor is taken, however many of its names are given."""
    network, (first, second, *_) = tied(trial), max(groups(trial), key=len)
    value = network.get_parameter(first).detach()
    functional_call(network, {first: value, second: value}, (inputs(trial),))
    return []


def has_many_names(trial: Trial) -> bool:
    """Whether some tensor has three names or more."""
    return max(map(len, groups(trial))) > 2
