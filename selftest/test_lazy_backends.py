"""A backend that compiles each shape anew is asked small cases: every subject must have some."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, find, settings

from verify.backends import Backend
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
