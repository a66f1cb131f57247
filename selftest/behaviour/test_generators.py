"""Generators: a defect that is gone, and a second device."""

import pytest
import torch

from selftest.behaviour.support import ask
from verify.behaviour.generators import PROMISE
from verify.behaviour.promise import Trial


def test_a_defect_that_is_gone_is_told(monkeypatch):
    """Were negative seeds remapped as documented, the entry would have to go."""
    monkeypatch.setattr("verify.behaviour.generators._MOST", 1 << 64)
    outcome = ask(PROMISE, "torch.rand")
    assert "fixed upstream: negative seeds that are remapped otherwise" in outcome.diagnosis


class TestOutThatIsAnArgument:
    """Lawful ways besides those that overwrite what they have not read."""

    def test_a_normal_that_reads_first_is_told(self, monkeypatch):
        original = torch.normal
        monkeypatch.setattr(torch, "normal", lambda *args, out, **_: out.copy_(original(*args)))
        outcome = ask(PROMISE, "torch.rand")
        assert "fixed upstream: arguments of torch.normal" in outcome.diagnosis

    @pytest.mark.parametrize("name", ["normal", "bernoulli"])
    def test_what_refuses_is_right(self, name, monkeypatch):
        original = getattr(torch, name)

        def refused(*args, out=None, **kwargs):
            if out is not None:
                raise RuntimeError("unsupported operation: out is an argument")
            return original(*args, **kwargs)

        monkeypatch.setattr(torch, name, refused)
        ids = {"normal": "normal-arguments-overwritten", "bernoulli": "coin-arguments-overwritten"}
        question = PROMISE.questions[ids[name]]
        assert question.wrong(Trial(None, None, torch.device("cpu"), 1)) == []


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
