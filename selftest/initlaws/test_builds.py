"""Code of others that builds a model: whatever it does ends as one sentence."""

import os
import random
import sys
import time

import numpy as np
import pytest
import torch
from torch import nn

from initlaws.auditing import audit
from initlaws.builds import Builds, Unusable, places
from initlaws.comparisons.sketches import sketch
from initlaws.describing import describe
from initlaws.following import budget, follow
from initlaws.laws import Default


def raising(error):
    def build():
        raise error

    return build


class Silent(Exception):
    def __str__(self):
        raise RuntimeError("not even that")


def sleeps():
    time.sleep(100)


def spins():
    while True:
        pass


def forks():
    if not os.fork():
        sys.exit(3)
    return nn.Linear(2, 2)


def wants_too_much():
    return nn.Linear(1 << 24, 1 << 24)


def prints_much():
    print("x" * (1 << 20))
    os.write(1, b"past Python")
    return nn.Linear(2, 2)


BROKEN = {
    "raises": (raising(ValueError("no weights")), "raises ValueError: no weights"),
    "exits": (raising(SystemExit(3)), "raises SystemExit: 3"),
    "exits at once": (lambda: os._exit(0), "would end the process"),
    "says nothing": (raising(Silent()), "raises Silent"),
    "sleeps": (sleeps, "timed out"),
    "spins": (spins, "timed out"),
    "wants too much": (wants_too_much, "raises"),
    "is no module": (lambda: torch.ones(3), "gives Tensor, no torch.nn.Module"),
    "is empty": (nn.Identity, "without parameters and buffers"),
    "is lazy": (lambda: nn.LazyLinear(3), "has no shape before the first input"),
    "is on meta": (lambda: nn.Linear(2, 2, device="meta"), "leaves weight on the meta device"),
    "needs a network": (raising(ConnectionError("no route")), "raises ConnectionError: no route"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_built_is_one_sentence(name):
    build, said = BROKEN[name]
    with pytest.raises(Unusable, match=said) as refused:
        Builds(build, time_limit=0.5).places  # noqa: B018
    sentence = str(refused.value)
    assert "\n" not in sentence and sentence.endswith(".") and len(sentence) < 300


def test_an_interrupt_is_the_users():
    with pytest.raises(KeyboardInterrupt):
        Builds(raising(KeyboardInterrupt())).first  # noqa: B018


@pytest.mark.parametrize("build", [forks, prints_much])
def test_what_a_build_does_besides_is_contained(build, capfd):
    assert [each.name for each in Builds(build).places] == ["weight", "bias"]
    assert capfd.readouterr() == ("", "")


def test_defaults_and_modes_stay_as_they_were():
    def build():
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        random.seed(0)
        return nn.Linear(2, 2)

    state = random.getstate()
    assert Builds(build).places[0].dtype == "float64"
    assert torch.get_default_dtype() is torch.float32 and torch.is_grad_enabled()
    assert random.getstate() == state


def test_a_model_is_built_with_the_users_threads_and_looked_at_with_one():
    built, looking, before = [], [], torch.get_num_threads()

    def build():
        built.append(torch.get_num_threads())
        torch.set_num_threads(5)
        return nn.Linear(2, 2)

    def progress(*_):
        looking.append(torch.get_num_threads())

    torch.set_num_threads(3)
    try:
        for work in (describe, audit, sketch):
            work(Builds(build), 2, progress)
        follow(Builds(build), {nn.Linear: Default()}, budget(builds=2), progress)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert {*built} == {3} and {*looking} == {1}


def test_every_stream_follows_the_seed_and_the_number():
    def build():
        drawn = [torch.rand(()).item(), np.random.rand(), random.random()]
        return nn.ParameterList([nn.Parameter(torch.tensor(each)) for each in drawn])

    def drawn(seed, number):
        return [float(values) for values in Builds(build, seed).values(number).values()]

    assert drawn(1, 2) == drawn(1, 2)
    for other in (drawn(1, 3), drawn(2, 2)):
        assert all(a != b for a, b in zip(drawn(1, 2), other, strict=True))
    assert len({*drawn(1, 2)}) == 3


def test_a_model_that_changes_is_told():
    def build():
        return nn.Linear(random.randint(1, 1 << 20), 1)

    with pytest.raises(Unusable, match="gives another model each time: weight is of shape"):
        Builds(build).values(1)


def test_every_tensor_once_under_all_its_names():
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False), nn.Module())
    model[1].weight = model[0].weight
    model[2].register_buffer("steps", torch.zeros((), dtype=torch.int64), persistent=False)
    weight, steps = places(model)
    assert weight.names == ("0.weight", "1.weight") and not weight.is_buffer
    assert (steps.name, steps.attribute, steps.is_buffer) == ("2.steps", "steps", True)
