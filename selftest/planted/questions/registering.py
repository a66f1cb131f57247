"""Parametrizations that are chained, checked, told of or transferred otherwise."""

from __future__ import annotations

import contextlib
import functools

import torch
from torch import nn

from selftest.planted.fault import calling, instead, table
from selftest.planted.module import question
from selftest.planted.questions.parametrized_nets import never_discarding
from selftest.planted.questions.parametrized_states import REGISTER, REMOVE

LIST = "utils.parametrize.ParametrizationList"
TOLD = "utils.parametrize.is_parametrized"
TRANSFER = "utils.parametrize.transfer_parametrizations_and_params"


def last_first(original, self):
    if len(self) < 2 or not hasattr(self, "original"):
        return original(self)
    value = self.original
    for part in reversed(list(self)):
        value = part(value)
    return value


def undone_in_order(original, self, value):
    if len(self) < 2:
        return original(self, value)
    with torch.no_grad():
        for part in self:
            value = part.right_inverse(value)
        return self.original.copy_(value)


def another_parameter(original, module, name, part, **options):
    made = original(module, name, part, **options)
    listed = made.parametrizations[name]
    if isinstance(getattr(listed, "original", None), nn.Parameter):
        listed.original = nn.Parameter(listed.original.detach().clone())
    return made


def all_is_learned(original, module, name, part, **options):
    made = original(module, name, part, **options)
    listed = made.parametrizations[name]
    if "original" in listed._buffers:
        value = listed._buffers.pop("original")
        listed.original = nn.Parameter(value)
    return made


def swapped_pair(original, module, name, part, **options):
    made = original(module, name, part, **options)
    listed = made.parametrizations[name]
    if type(part).__name__ == "_Sum":
        listed.original0, listed.original1 = listed.original1, listed.original0
    return made


def never_safe(original, module, name, part, *, unsafe=False):
    return original(module, name, part, unsafe=True)


def never_unsafe(original, module, name, part, *, unsafe=False):
    made = original(module, name, part, unsafe=unsafe)
    if unsafe:
        getattr(module, name)
    return made


def always_training(original, module, name, part, **options):
    made = original(module, name, part, **options)
    part.train()
    return made


def any_name(original, module, name=None):
    unknown = name is not None and not hasattr(module, name)
    return original(module) if unknown else original(module, name)


def whole_module(original, giver, taker, name=None):
    return original(giver, taker)


def without_values(original, giver, taker, name=None):
    weight = taker.weight.detach().clone()
    made = original(giver, taker, name)
    if hasattr(made, "parametrizations") and "weight" in made.parametrizations:
        with torch.no_grad():
            made.parametrizations.weight.original.copy_(weight)
    return made


def taking_away(original, giver, taker, name=None):
    made = original(giver, taker, name)
    if hasattr(giver, "parametrizations"):
        for each in [*giver.parametrizations]:
            nn.utils.parametrize.remove_parametrizations(giver, each)
    return made


def original_alone(original, module, name, leave_parametrized=True):
    return original(module, name, False if len(module.parametrizations[name]) > 1
                    else leave_parametrized)  # fmt: skip


def everything(original, module, name, leave_parametrized=True):
    others = [each for each in module.parametrizations if each != name]
    made = original(module, name, leave_parametrized)
    for each in others:
        original(made, each)
    return made


row = functools.partial(question, "parametrizations", "parametrization")
CHAINED, ORIGINALS = "chains of parametrizations: ", "what weights are computed from: "
CALLED, SAY = "what registrations call or take: ", "what parametrised modules say: "
TAKEN, CACHED = "what a transfer takes along: ", "what is computed in a cache: "
LEFT = "what a removal from a chain leaves: "

FAULTS = table(
    row("the last parametrization first", "float32-Linear", f"{LIST}.forward", calling(last_first),
        f"{CHAINED}the start"),
    row("the first parametrization undone first", "float64-Linear", f"{LIST}.right_inverse",
        calling(undone_in_order), f"{CHAINED}an assignment"),
    row("another parameter than before", "float32-Linear", REGISTER, calling(another_parameter),
        f"{CHAINED}the original as another parameter"),
    row("buffers that learn", "float32-Linear", REGISTER, calling(all_is_learned),
        f"{ORIGINALS}a buffer"),
    row("two tensors the other way round", "float64-Linear", REGISTER, calling(swapped_pair),
        f"{ORIGINALS}the first of two"),
    row("registrations without checks", "float32-Linear", REGISTER, calling(never_safe), CALLED),
    row("registrations that always look", "float64-Linear", REGISTER, calling(never_unsafe),
        CALLED),
    row("parametrizations in training mode", "float32-Linear", REGISTER, calling(always_training),
        f"{SAY}eval mode"),
    row("parametrized by any name", "float32-Linear", TOLD, calling(any_name),
        f"{SAY}another tensor"),
    row("types after parametrizations", "float64-Linear",
        "utils.parametrize.type_before_parametrizations",
        calling(lambda _original, module: type(module)), SAY),
    row("all is transferred", "float32-Linear", TRANSFER, calling(whole_module),
        f"{TAKEN}the other tensor"),
    row("values stay behind", "float64-Linear", TRANSFER, calling(without_values),
        f"{TAKEN}a whole module"),
    row("the giver is left plain", "float32-Linear", TRANSFER, calling(taking_away),
        TAKEN),
    row("no cache at all", "float32-Linear", "utils.parametrize.cached",
        calling(lambda _original: contextlib.nullcontext()), f"{CACHED}the same weight"),
    row("a cache of what was before", "float64-Linear", "utils.parametrize.cached",
        instead(never_discarding()), f"{CACHED}another cache"),
    row("a chain that leaves its original", "float32-Linear", REMOVE, calling(original_alone),
        f"{LEFT}the output"),
    row("a removal of every tensor", "float64-Linear", REMOVE, calling(everything),
        LEFT),
)  # fmt: skip
