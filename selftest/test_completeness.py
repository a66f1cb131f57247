"""What a new PyTorch could bring: each is found by its name."""

from types import ModuleType

import pytest
import torch
from torch import nn

from verify import torch_api
from verify.audit import completeness
from verify.audit.completeness import classes, forgotten_classes, forgotten_functions
from verify.subjects import INITIALIZERS, MODULES


class Stateful(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))


class Buffered(nn.Module):
    def __init__(self, size, pair):
        super().__init__()
        self.register_buffer("seen", torch.zeros(size, *pair))


class Optional(nn.Module):
    """Its weight is None by default, as a weighted loss's."""

    def __init__(self):
        super().__init__()
        self.register_buffer("weight", None)


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 3)


class Stateless(nn.Module):
    def __init__(self, pair, inner, size=None):
        super().__init__()
        if len(pair) != 2 or not isinstance(inner, nn.Module) or size is not None:
            raise TypeError("a pair, a module and nothing else")


class Demanding(nn.Module):
    """Asks for one of two optional arguments, as fractional pooling does."""

    def __init__(self, size, width=None, ratio=None):
        super().__init__()
        if width is None and ratio is None:
            raise ValueError("either a width or a ratio")


class Refusing(nn.Module):
    def __init__(self, colour):
        super().__init__()
        raise ValueError(f"no such colour: {colour}\nand more")


def namespace(**members):
    made = ModuleType("torch.fake")
    vars(made).update(members)
    return made


CONTAINERS = {"TransformerEncoder", "TransformerDecoder"}
"""They own nothing but the layers that they are given; a guess gives them stateless ones."""

ADVICE = "and no row: add one to verify/subjects/modules/, or its reason to UNVERIFIED in"


class TestClasses:
    def test_public_module_classes_of_every_namespace(self):
        one = namespace(Linear=nn.Linear, _Hidden=nn.ReLU, number=7, Tensor=torch.Tensor)
        other = namespace(Planted=Stateful, instance=nn.ReLU(), Linear=nn.Linear)
        assert classes([one, other]) == {"Linear": nn.Linear, "Planted": Stateful}

    @pytest.mark.parametrize(
        ("cls", "state"),
        [(Stateful, "weight"), (Buffered, "seen"), (Optional, "weight"), (Nested, "inner.weight")],
    )
    def test_state_without_a_row_is_named(self, cls, state):
        (problem,) = forgotten_classes({"Foo": cls}, rows=(), reasons={}).items()
        assert problem[0] == "Foo"
        assert problem[1].startswith(f"torch.nn.Foo has state ({state}")
        assert ADVICE in problem[1]

    @pytest.mark.parametrize("cls", [Stateless, Demanding, nn.ReLU, nn.Unflatten, nn.DataParallel])
    def test_without_state_nothing_is_needed(self, cls):
        assert forgotten_classes({"Foo": cls}, rows=(), reasons={}) == {}

    def test_what_cannot_be_constructed_is_named(self):
        (sentence,) = forgotten_classes({"Foo": Refusing}, rows=(), reasons={}).values()
        refusal = "ValueError: no such colour: 2"
        assert f"torch.nn.Foo cannot be constructed from guesses ({refusal}) {ADVICE}" in sentence

    def test_a_row_or_a_reason_will_do(self):
        assert forgotten_classes({"Foo": Refusing}, rows={"Foo"}, reasons={}) == {}
        assert forgotten_classes({"Foo": Stateful}, rows=(), reasons={"Foo": "a base"}) == {}

    def test_stale_reasons_are_named(self):
        found = {"Foo": Stateful}
        reasons = {"Foo": "forgotten", "Gone": "a base"}
        problems = forgotten_classes(found, {"Foo"}, reasons)
        assert list(problems) == ["Foo", "Gone"]
        assert problems["Foo"].startswith("torch.nn.Foo has a row: remove its reason from")
        assert problems["Gone"].startswith("torch.nn.Gone does not exist: remove its reason from")

    def test_every_one_is_named(self):
        found = {"B": Stateful, "A": Stateful, "C": nn.ReLU}
        assert list(forgotten_classes(found, (), {})) == ["A", "B"]


class TestFunctions:
    def test_a_new_initializer_is_named(self):
        def planted_(tensor):
            return tensor

        planted_.__module__ = "torch.fake"
        inits = namespace(
            planted_=planted_, ones_=planted_, _hidden_=planted_, calculate_gain=planted_,
            borrowed=torch.ones, math=ModuleType("math"), Tensor=torch.Tensor,
        )  # fmt: skip
        problems = forgotten_functions(inits, rows={"ones_"})
        assert list(problems) == ["planted_"]
        assert problems["planted_"].startswith("torch.fake.planted_ has no row: add one to")


class TestThisVersion:
    def test_a_row_that_is_taken_away_is_missed(self):
        found = classes(torch_api.namespaces())
        for row in MODULES:
            rows = {other.name for other in MODULES if other is not row}
            assert row.name in found
            missed = [] if row.name in CONTAINERS else [row.name]
            assert list(forgotten_classes(found, rows)) == missed

    def test_an_initializer_that_is_taken_away_is_missed(self):
        for row in INITIALIZERS:
            rows = {other.name for other in INITIALIZERS if other is not row}
            assert list(forgotten_functions(torch_api.initializers(), rows)) == [row.name]

    def test_a_planted_class_is_found(self, monkeypatch):
        monkeypatch.setattr(nn, "Planted", Stateful, raising=False)
        found = classes(torch_api.namespaces())
        assert list(forgotten_classes(found, {row.name for row in MODULES})) == ["Planted"]

    def test_reasons_are_clauses(self):
        for reason in completeness.UNVERIFIED.values():
            assert reason[0].islower() and not reason.endswith(".")
