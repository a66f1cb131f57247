"""A backend that compiles each shape anew is asked small cases: every subject must have some."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, Phase, find, settings

from selftest.behaviour.support import RUN, cell
from verify.backends import Backend
from verify.behaviour import errors
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
