"""What laws say of a model, and what they cannot say."""

import math

import pytest
import torch
from torch import nn

from initlaws.builds import places
from initlaws.laws import (
    Blocks,
    Constant,
    Default,
    Exactly,
    Haar,
    Instead,
    Normal,
    Parts,
    Rows,
    Same,
    Uniform,
    depth,
)
from initlaws.resolving import resolve
from verify.subjects.recipes.known import Written


def model():
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 2))


def said(laws, of=None):
    claims = resolve(places(of or model()), laws)
    assert not claims.problems
    return {each.place.name: each.claim for each in claims.claimed}


def problems(laws, of=None):
    return [*resolve(places(of or model()), laws).problems.values()]


def test_names_speak_before_types_and_types_before_nothing():
    claims = said({nn.Linear: Default(), nn.BatchNorm1d: Default(), "2.bias": Constant(0.0)})
    assert claims["0.weight"] == bounded(0.5) == claims["0.bias"]
    assert claims["2.bias"] == claims["1.bias"] == Constant(0.0)
    assert claims["1.num_batches_tracked"] == Written()


def test_a_later_pattern_may_speak_instead():
    laws = [("*", Default()), ("*.bias", Instead(Constant(0.0))), ("2.*", Instead(Constant(1.0)))]
    claims = said(laws)
    assert claims["0.bias"] == Constant(0.0)
    assert claims["2.bias"] == claims["2.weight"] == Constant(1.0)


def test_functions_of_the_shape_or_of_more():
    claims = said(
        {
            "?.weight": lambda shape: Constant(float(len(shape))),
            "?.bias": lambda shape, module, name: Constant(float(depth(name))),
            "1.running*": Default(),
        }
    )
    assert claims["0.weight"] == Constant(2.0) and claims["1.weight"] == Constant(1.0)
    assert claims["2.bias"] == Constant(2.0)


def bounded(bound):
    return Uniform.for_variance(bound=bound)


DEFAULTS = {
    "Conv2d": (
        nn.Conv2d(4, 6, 3, groups=2),
        "weight",
        bounded(1 / math.sqrt(18)),
    ),
    "ConvTranspose1d": (
        nn.ConvTranspose1d(4, 6, 5),
        "bias",
        bounded(1 / math.sqrt(30)),
    ),
    "Embedding": (nn.Embedding(5, 3, padding_idx=1), "weight", Rows(Normal(0.0, 1.0), 1)),
    "LSTM": (nn.LSTM(3, 16), "weight_ih_l0", bounded(0.25)),
    "PReLU": (nn.PReLU(), "weight", Constant(0.25)),
    "RMSNorm": (nn.RMSNorm(3), "weight", Constant(1.0)),
    "GroupNorm": (nn.GroupNorm(1, 3), "bias", Constant(0.0)),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_by_the_documentation(name):
    module, tensor, law = DEFAULTS[name]
    assert said({"*": Default()}, module)[tensor] == law


def with_a_parameter():
    found = model()
    found.own = nn.Parameter(torch.zeros(3))
    return found


REFUSED = {
    "forgotten": ({"0.*": Default()}, "no law claims 1.weight of shape (6,)"),
    "idle": ({"*": Default(), "decoder.*": Default()}, "'decoder.*' claims nothing"),
    "idle type": ({"*": Default(), nn.Conv2d: Default()}, "no module of the type Conv2d"),
    "overlap": ({"*": Default(), "0.*": Default()}, "is claimed by '*' and by '0.*'"),
    "no tie": ({"*": Default(), "2.weight": Same("0.weight")}, "2.weight is not the tensor"),
    "no key": ({3: Default()}, "neither a pattern of names nor a type"),
    "no law": ({"*": 0.02}, "'*' says 0.02, which is no law"),
    "a class": ({"*": Constant}, "which is no law"),
    "raises": ({"*": lambda shape: 1 / 0}, "cannot be computed, ZeroDivisionError"),
    "gives none": ({"*": lambda shape: 3}, "3, which is said of 0.weight, is no law"),
    "two arguments": ({"*": lambda shape, name: 3}, "takes 2 arguments: it is called with"),
    "not square": ({"*": Haar(1.0)}, "cannot hold for 0.bias of shape (6,)"),
    "no row": ({"*": Rows(Normal(0.0, 1.0), 9)}, "cannot hold for 0.weight"),
    "no parts": ({"*": Parts((Constant(0.0),) * 4)}, "it has no 4 equal parts along axis 0"),
    "no blocks": ({"*": Blocks(Normal(0.0, 1.0), 5)}, "cannot hold for"),
    "no width": ({"*": Normal(0.0, 0.0)}, "of shape (6, 4): std > 0"),
    "too large": ({"*": Constant(1e300)}, "values too large for"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_laws_cannot_say_is_a_sentence(name):
    laws, sentence = REFUSED[name]
    found = problems(laws)
    assert any(sentence in each for each in found), found
    assert all("\n" not in each for each in found)


def test_a_default_that_no_documentation_gives():
    assert "no default is documented for own" in problems({"*": Default()}, with_a_parameter())[0]


def test_integers_have_exact_values_alone():
    counts = nn.Module()
    counts.register_buffer("steps", torch.arange(3))
    assert "of which no law is known" in problems({"steps": Normal(0.0, 1.0)}, counts)[0]
    claim = Exactly(lambda shape: torch.arange(*shape))
    assert said({"steps": claim}, counts) == {"steps": claim}


def test_a_name_without_a_layer():
    with pytest.raises(ValueError, match="no number of a layer"):
        depth("head.weight")
