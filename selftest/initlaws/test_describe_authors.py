"""What is described of a model is what its author wrote: the same laws, tensor by tensor."""

from __future__ import annotations

import functools
import math
from collections import Counter
from fnmatch import fnmatchcase

import pytest
from torch import nn

from initlaws.laws import Blocks, Uniform
from selftest.initlaws import authored_models as authored
from selftest.initlaws import models
from selftest.initlaws.faulty_models import changed
from selftest.initlaws.meaning import (
    BEYOND,
    EQUAL,
    NEAR,
    OTHER,
    UNSAID,
    UNTIED,
    WRITTEN,
    compare,
)
from verify.subjects.recipes import RECIPES
from verify.subjects.recipes.known import Exactly, zeros
from verify.subjects.recipes.recipe import HOST

COUNTED = "norm?.num_batches_tracked"
"""Recipes say that these whole numbers are a constant: for `initlaws` they are exact values."""


def published():
    """Every recipe of the suite, in each of its anchors: what builds it, and its laws."""
    for recipe in RECIPES:
        for number, case in enumerate(recipe.anchors):
            make = functools.partial(recipe.make, case, HOST)
            laws = dict(recipe.claims(case))
            if COUNTED in laws:
                laws[COUNTED] = Exactly(zeros)
            yield f"{recipe.name}-{number}", (make, laws, recipe.untested)


PUBLISHED = dict(published())
AUTHORS = PUBLISHED | {name: (*each, "") for name, each in authored.AUTHORED.items()}


@functools.cache
def verdicts(name):
    make, laws, untested = AUTHORS[name]
    if untested:
        pytest.skip(untested)
    return compare(make, laws)


NAMED = "the file says that they are written, not which they are"
FAR = "the cut is more than nine standard deviations out"
REST = {  # Of which model, of which tensors: how the description differs, and why it must.
    ("Bert*", "*_ids"): (WRITTEN, NAMED),
    ("batch norm*", "*_tracked"): (WRITTEN, NAMED),
    ("DistilBert*", "*position_*"): (WRITTEN, NAMED),
    ("Llama*-?", "*inv_freq"): (WRITTEN, NAMED),
    ("Mamba", "*.A_log"): (WRITTEN, NAMED),
    ("structures", "other.weight"): (WRITTEN, NAMED),
    ("tied", "positions"): (WRITTEN, NAMED),
    ("rotary", "inv_freq"): (WRITTEN, NAMED),
    ("Llama of*", "layers.*"): (BEYOND, FAR),
    ("torchvision", "vit.patches.weight"): (BEYOND, FAR),
    ("torchvision", "googlenet.weight"): (BEYOND, FAR),
    ("vision", "[pm]*.weight"): (BEYOND, FAR),
    ("vision", "position"): (BEYOND, FAR),
    ("truncated", "position"): (BEYOND, FAR),
    ("T5*", "*.q.weight"): (NEAR, "the width of a head is no size of the tensor"),
    ("SIREN", "hidden.*.weight"): (NEAR, "30 is a number of that paper alone"),
    ("T5*", "*.relative_attention_bias.weight"): (UNSAID, "no document states its law"),
    ("masked*", "*.weight"): (OTHER, "masked laws are not looked for"),
    ("Mamba", "*.dt_proj.bias"): (OTHER, "functions of lawful values are not looked for"),
    ("weight norms", "*0"): (OTHER, "what other tensors give is not looked for"),
    ("weight norms", "*_g"): (OTHER, "what other tensors give is not looked for"),
    ("cast", "2.*"): (OTHER, "the bound is no number of bfloat16: no value tells a cast"),
}


def expected(model, tensor):
    """The verdict that the table has for a tensor; else that it is equal."""
    return next(
        (
            verdict
            for (of, pattern), (verdict, _) in REST.items()
            if fnmatchcase(model, of) and fnmatchcase(tensor, pattern)
        ),
        EQUAL,
    )


@pytest.mark.parametrize("name", AUTHORS)
def test_the_described_laws_are_those_of_the_author(name):
    found = verdicts(name)
    wrong = {t: v for t, v in found.items() if v not in (EQUAL, expected(name, t))}
    assert found and not wrong


def test_what_differs_is_little():
    """Nine tensors of ten are equal; of those that have another law there are few."""
    every = {name: verdicts(name) for name, (*_, untested) in AUTHORS.items() if not untested}
    counted = Counter(verdict for found in every.values() for verdict in found.values())
    print(f"\n{len(every)} models, {counted.total()} tensors")  # Shown by -s.
    for verdict, count in counted.most_common():
        print(f"{count:6} {verdict}")
    assert counted[EQUAL] >= 0.9 * counted.total()
    assert counted[OTHER] <= 0.02 * counted.total() and not counted[UNTIED]
    stale = [
        (of, pattern)
        for (of, pattern), (verdict, _) in REST.items()
        if any(fnmatchcase(name, of) for name in every)
        and not any(
            verdict == there and fnmatchcase(name, of) and fnmatchcase(tensor, pattern)
            for name, found in every.items()
            for tensor, there in found.items()
        )
    ]
    assert not stale, "no tensor differs so any more"


def scaled(name, factor):
    return lambda model: model.get_parameter(name).mul_(factor)


def uniform(name, std):
    """Another family of the same standard deviation."""
    return lambda model: model.get_parameter(name).uniform_(-std * math.sqrt(3), std * math.sqrt(3))


def filled(name, value):
    return lambda model: (model.get_buffer if "running" in name else model.get_parameter)(
        name
    ).fill_(value)


def untied(model):
    model.head.weight = nn.Parameter(model.head.weight.clone().normal_(std=0.02))


def padded(model):
    model.embed.weight[0].normal_(std=0.02)


def as_a_whole(model):
    nn.init.orthogonal_(model.lstm.weight_hh_l0)


def closed(model):
    model.lstm.bias_ih_l0.zero_()


def one_expert(model):
    model.up[2].mul_(1.05)


def recut(model):
    nn.init.trunc_normal_(model.up.weight, std=0.02, a=-0.05, b=0.05)


DECODER = (models.Decoder, models.DECODER)
RESNET = (authored.ResNet, authored.RESNET)
GATES = (authored.Gates, authored.GATES)
CONVNEXT = (authored.ConvNeXt, authored.CONVNEXT)
PLANTED = {
    "a wide layer": (DECODER, scaled("blocks.1.attn.weight", 1.05), "blocks.1.attn.weight"),
    "a narrow projection": (DECODER, scaled("blocks.2.proj.weight", 0.95), "blocks.2.proj.weight"),
    "a wide convolution": (RESNET, scaled("layer1.0.conv2.weight", 1.05), "layer1.0.conv2.weight"),
    "a wide cut": (CONVNEXT, scaled("up.weight", 1.05), "up.weight"),
    "a later cut": (CONVNEXT, recut, "up.weight"),
    "another family": (DECODER, uniform("blocks.0.attn.weight", 0.02), "blocks.0.attn.weight"),
    "a wide default": (RESNET, scaled("fc.weight", 1.05), "fc.weight"),
    "a constant": (CONVNEXT, filled("layer_scale", 1.05e-6), "layer_scale"),
    "a buffer": (RESNET, filled("layer2.1.bn2.running_var", 1.05), "layer2.1.bn2.running_var"),
    "gates as a whole": (GATES, as_a_whole, "lstm.weight_hh_l0"),
    "a gain": (GATES, scaled("gru.weight_hh_l0", 1.05), "gru.weight_hh_l0"),
    "a closed gate": (GATES, closed, "lstm.bias_ih_l0"),
    "no padding": (DECODER, padded, "embed.weight"),
    "an untied head": (DECODER, untied, "head.weight"),
    "one wide expert": ((authored.Experts, authored.EXPERTS), one_expert, "up"),
}
"""What is changed in a model, and the one tensor that is no more what its author says."""


@pytest.mark.parametrize("name", PLANTED)
def test_another_law_than_the_authors_is_seen(name):
    (make, laws), change, tensor = PLANTED[name]
    found = compare(changed(make, change), laws)
    assert {name for name, verdict in found.items() if verdict != EQUAL} == {tensor}


def test_a_law_is_the_same_however_it_is_said():
    """He's uniform with a gain of √5 is the default; gates of one law are one tensor of it."""
    other = {
        "[01].weight": lambda shape: Uniform.for_variance(bound=math.sqrt(6 / (6 * shape[1]))),
        "[01].bias": lambda shape, module, _: Uniform(
            -(module.in_features**-0.5), module.in_features**-0.5
        ),
        "2.*_l0": Blocks(Uniform(-(24**-0.5), 24**-0.5), 4),
    }
    made = compare(lambda: nn.Sequential(nn.Linear(40, 60), nn.Linear(60, 30), cell()), other)
    assert set(made.values()) == {EQUAL} and len(made) == 8


def cell():
    return nn.LSTM(20, 24)
