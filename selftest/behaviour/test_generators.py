"""Generators that forget, remap or choose seeds wrongly."""

import pytest
import torch

from selftest.behaviour.support import Fault, ask, unasked
from verify.behaviour.generators import PROMISE
from verify.behaviour.promise import Trial
from verify.defects import known_defects


def generator(**methods):
    """In place of every generator, one of which some methods are replaced."""
    faulty = type("Faulty", (torch.Generator,), methods)
    return lambda _original, *args, **kwargs: faulty(*args, **kwargs)


def taking_all(self, seed):
    return type(self).__base__.manual_seed(self, seed % 2**64)


FAULTS = (
    Fault(
        "the seed is cut", "torch.rand", torch, "initial_seed",
        lambda original: original() % 2**32,
        "seeds that are forgotten: 4294967296 globally, ",
    ),
    Fault(
        "seeds out of range are taken", "torch.rand", torch, "Generator",
        generator(manual_seed=taking_all),
        "seeds out of range that are taken: -9223372036854775809, 18446744073709551616",
    ),
    Fault(
        "a chosen seed is always the same", "torch.rand", torch, "seed",
        lambda _original: torch.default_generator.manual_seed(1 << 40).initial_seed(),
        "what is wrong with a chosen seed: torch.seed repeats",
    ),
    Fault(
        "a chosen seed is small", "torch.rand", torch, "seed",
        lambda original: torch.default_generator.manual_seed(original() % 2**32).initial_seed(),
        "what is wrong with a chosen seed: torch.seed has few bits",
    ),
    Fault(
        "another seed is returned", "torch.rand", torch, "Generator",
        generator(seed=lambda self: type(self).__base__.seed(self) ^ 1),
        "what a chosen seed does not start: seed",
    ),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_is_found(fault, monkeypatch):
    fault.check(PROMISE, monkeypatch)


def test_every_question_finds_something():
    """But for what is known to be wrong, and for what needs a second device."""
    known = {call for d in known_defects.load() if "generators" in d.promises for call in d.calls}
    alone = {"foreign-generators-taken"}
    assert set(unasked(PROMISE, FAULTS)) == known | alone


def test_a_defect_that_is_gone_is_told(monkeypatch):
    """Were negative seeds remapped as documented, the entry would have to go."""
    monkeypatch.setattr("verify.behaviour.generators._MOST", 1 << 64)
    outcome = ask(PROMISE, "torch.rand")
    assert "fixed upstream: negative seeds that are remapped otherwise" in outcome.diagnosis


def test_without_faults_nothing_is_found():
    outcome = ask(PROMISE, "torch.rand")
    assert outcome.final_verdict == "pass"
    assert outcome.excluded == ("negative-seeds-are-remapped-otherwise",)


class TestForeignGenerators:
    """Where there is one device only, `meta` stands for the other."""

    @pytest.fixture
    def answer(self):
        question = PROMISE.questions["foreign-generators-taken"]
        return lambda: question.wrong(Trial(None, None, torch.device("meta"), 1))

    def test_what_refuses_is_right(self, answer, monkeypatch):
        def rand(*_, **__):
            raise RuntimeError("Expected another device type for generator")

        monkeypatch.setattr(torch, "rand", rand)
        monkeypatch.setattr(torch, "Generator", lambda device: device)
        assert answer() == []

    def test_what_takes_it_is_wrong(self, answer, monkeypatch):
        monkeypatch.setattr(torch, "rand", lambda *_, **__: None)
        monkeypatch.setattr(torch, "Generator", lambda device: device)
        assert answer() == ["a generator of cpu on meta", "a generator of meta on cpu"]
