"""A backend that compiles each shape anew is asked small cases: every subject must have some."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, Phase, find, settings

from selftest.behaviour.support import RUN
from verify.backends import Backend
from verify.behaviour import errors
from verify.plan.profiles import PROFILES
from verify.plan.run import Cell
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


class Refusing(Backend):
    """A backend over the host that refuses once it is waited for, or never."""

    def device(self, _worker: int = 0) -> torch.device:
        return torch.device("cpu")

    def synchronize(self, _device: torch.device) -> None:
        if self.lacks:
            raise RuntimeError("probabilities of less than nothing")


@pytest.mark.parametrize(("lacks", "passes"), [(("cheap shapes",), True), ((), False)])
def test_what_is_refused_once_it_is_run_is_refused(monkeypatch, lacks, passes):
    monkeypatch.setattr(errors, "call", lambda _subject, _attempt, given, _target: lambda: given)
    backend = Refusing("xpu", lambda: 1, dict, lacks=lacks)
    outcome = errors.verify_errors(Cell(SUBJECTS["torch.normal"], backend, "float32"), RUN)
    assert (not outcome.failures) == passes, outcome.failures
