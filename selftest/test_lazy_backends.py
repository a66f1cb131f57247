"""A backend that compiles each shape anew is asked small cases: every subject must have some."""

from __future__ import annotations

import gc
import os
import sys
import types
import weakref
from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, Phase, find, settings

from selftest.behaviour.support import RUN, cell
from verify.backends import Backend, xla
from verify.behaviour import errors
from verify.behaviour.parameters import networks
from verify.behaviour.parametrizations import ways
from verify.behaviour.promise import Trial
from verify.behaviour.tied import reference
from verify.plan.profiles import PROFILES
from verify.subjects import SUBJECTS

LAZY = Backend("xla", lambda: 1, dict, lacks=("cheap shapes",))
ONE = settings(
    max_examples=1, phases=[Phase.generate], suppress_health_check=[*HealthCheck], database=None
)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", SUBJECTS)
def test_a_case_can_be_drawn_of_as_few_entries_as_it_bears(name, profile):
    extent = PROFILES[profile].of(SUBJECTS[name].family)
    for each in (extent, extent.lean()):
        cases = SUBJECTS[name].cases(each.within(LAZY.bearable).max_numel)
        find(cases, lambda _: True, settings=ONE)


class Recorded(torch.Tensor):
    """What a call made that is refused once it is read."""

    def cpu(self) -> torch.Tensor:
        raise RuntimeError("probabilities of less than nothing")


@pytest.mark.parametrize(("made", "passes"), [(Recorded(), True), (torch.ones(1), False)])
def test_what_is_refused_once_it_is_read_is_refused(monkeypatch, made, passes):
    monkeypatch.setattr(errors, "call", lambda *_: lambda: made)
    outcome = errors.verify_errors(cell("torch.normal"), RUN)
    assert (not outcome.failures) == passes, outcome.failures


class Recording(Backend):
    """A lazy device that counts how often it has to run what it recorded."""

    runs = 0

    def synchronize(self, device):
        Recording.runs += 1


RECORDING = Recording("cpu", lambda: 1, dict, lacks=("cheap shapes",))
LEFT_OPEN = {  # What makes values that a later program would round otherwise; runs that it takes.
    "a module with other values": ("Linear", 1, networks.scrambled),
    "a gradient": ("Linear", 1, lambda trial: networks.backward(trial, trial.build())),
    "a module to parametrise": ("Linear", 1, lambda trial: ways.built(trial, ways.forms(trial)[0])),
    "a network": ("tied Linear", 1, reference.tied),
    "a network of copies": ("tied Linear", 1, reference.apart),
    "its gradient": (
        "tied Linear", 2, lambda trial: reference.backward(trial, reference.tied(trial))
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "runs", "make"), LEFT_OPEN.values(), ids=[*LEFT_OPEN])
def test_what_is_made_is_run_before_it_is_compared(name, runs, make):
    asked = replace(cell(name), backend=RECORDING)
    Recording.runs = 0
    make(Trial(asked, asked.subject.anchors[0], torch.device("cpu"), 7))
    assert Recording.runs == runs


class Refusing(Backend):
    """A lazy device that tells of what was refused for as long as somebody holds it."""

    held = None

    def synchronize(self, device):
        if self.held() is not None:
            raise RuntimeError("Check failed: tensor_data")


@pytest.mark.parametrize(
    ("lacks", "told"), [(("cheap shapes",), ""), ((), "RuntimeError: Check failed: tensor_data")]
)
def test_what_was_refused_and_nobody_holds_is_no_trouble(lacks, told):
    refused = torch.nn.Linear(1, 1)
    refused.itself = [refused]
    Refusing.held = weakref.ref(refused)
    gc.disable()
    try:
        del refused
        backend = Refusing("maia", lambda: 1, dict, lacks=lacks)
        assert backend.trouble(torch.device("meta")) == told
    finally:
        gc.enable()


def test_so_few_programs_are_kept_that_linux_maps_them(monkeypatch):
    """Unless whoever runs it says otherwise."""
    monkeypatch.setitem(sys.modules, "torch_xla", types.ModuleType("torch_xla"))
    monkeypatch.setattr(os, "environ", {})
    xla._xla()
    assert int(os.environ["XLA_COMPILATION_CACHE_SIZE"]) * 80 < 65_530
    os.environ["XLA_COMPILATION_CACHE_SIZE"] = "7"
    xla._xla()
    assert os.environ == {"XLA_COMPILATION_CACHE_SIZE": "7"}
