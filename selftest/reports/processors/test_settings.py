"""Which settings a machine has: a table against machines that are pretended."""

from __future__ import annotations

import re

import pytest

from reports.processors import settings
from reports.processors.runs import ROOT

GENOA = {"ATen": "AVX512", "oneDNN": "AVX512", "MKL": "2024.2", "MKL_CBWR": "not set"}
ROME = {**GENOA, "ATen": "AVX2", "oneDNN": "AVX2"}
GRAVITON = {"ATen": "SVE256", "oneDNN": "on", "MKL": "not built", "MKL_CBWR": "not set"}
BARE = {"ATen": "DEFAULT", "oneDNN": "not built", "MKL": "not built", "MKL_CBWR": "not set"}

ALL = [*settings.SETTINGS]


@pytest.mark.parametrize(
    ("kernels", "found"),
    [
        (GENOA, [name for name in ALL if name != "avx512"]),
        (ROME, ["machine", "scalar", "no-onednn", "onednn-sse41", "mkl-compatible"]),
        (GRAVITON, ["machine", "scalar", "no-onednn"]),
        (BARE, ["machine"]),
        ({}, ["machine", "scalar", "no-onednn", "mkl-compatible"]),
        ({**GENOA, "oneDNN": "off"}, ["machine", "scalar", "avx2", "mkl-compatible"]),
        ({**ROME, "MKL_CBWR": "COMPATIBLE"}, ["machine", "scalar", "no-onednn", "onednn-sse41"]),
    ],
)
def test_a_machine_runs_what_it_has_and_nothing_twice(kernels, found):
    assert [setting.name for setting in settings.chosen([], kernels)[0]] == found


def test_what_is_left_out_is_said_with_its_reason():
    _, left_out = settings.chosen([], ROME)
    assert left_out["avx2"] == settings.OWN
    assert left_out["avx512"] == settings.ABSENT  # There ATen would end with SIGILL.


def test_settings_can_be_chosen_and_what_the_machine_is_anyway_is_not_repeated():
    found, left_out = settings.chosen(["no-onednn", "scalar", "scalar"], BARE | {"oneDNN": "AVX2"})
    assert [setting.name for setting in found] == ["no-onednn"]
    assert left_out == {"scalar": settings.OWN}


def test_something_is_verified_always():
    found, _ = settings.chosen(["scalar"], BARE)
    assert [setting.name for setting in found] == ["machine"]


def test_every_setting_changes_its_library_by_a_rung_of_its_ladder():
    for setting in settings.SETTINGS.values():
        if setting.library:
            assert setting.variables and setting.rung in settings.LADDERS[setting.library]


def test_a_command_is_shown_as_a_shell_takes_it():
    assert settings.SETTINGS["scalar"].command("pytest x") == "ATEN_CPU_CAPABILITY=default pytest x"
    assert settings.SETTINGS["machine"].command("pytest x") == "pytest x"


def test_the_documentation_lists_every_setting():
    text = (ROOT / "docs" / "processors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| `?([^`|]+?)`? \|", text, re.MULTILINE)
    assert rows == [(setting.name, setting.words) for setting in settings.SETTINGS.values()]
