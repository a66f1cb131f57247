"""The kernels that a run names: what the processor has, what the environment allows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from verify.backends import cpu
from verify.command_line import options

ROOT = Path(__file__).resolve().parents[1]
GENOA = (
    "model name\t: AMD EPYC\nflags\t\t: fpu sse4_1 avx avx2 avx512f avx512bw avx512dq avx512vl\n"
)
ROME = "model name\t: AMD EPYC 7702\nflags\t\t: fpu sse4_1 avx avx2\n"
KNIGHT = "flags\t\t: sse4_1 avx2 avx512f avx512cd\n"
NEOVERSE = "processor\t: 0\nFeatures\t: fp asimd sve\n"


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (GENOA + GENOA, ("AMD EPYC", "AVX512")),
        (ROME, ("AMD EPYC 7702", "AVX2")),
        (KNIGHT, ("", "AVX2")),
        (NEOVERSE, ("", "")),
        ("", ("", "")),
    ],
)
def test_a_processor_has_a_name_and_a_best(text, known):
    assert cpu.processor(text) == known


@pytest.mark.parametrize(
    ("best", "environment", "used"),
    [
        ("AVX512", {}, "AVX512"),
        ("AVX512", {"ONEDNN_MAX_CPU_ISA": "avx2"}, "AVX2"),
        ("AVX512", {"DNNL_MAX_CPU_ISA": "SSE41"}, "SSE41"),
        ("AVX512", {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_AMX"}, "AVX512"),
        ("AVX512", {"ONEDNN_MAX_CPU_ISA": "AVX2_VNNI"}, "AVX2"),
        ("AVX2", {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}, "AVX2"),
        ("AVX2", {"ONEDNN_MAX_CPU_ISA": "DEFAULT"}, "AVX2"),
        ("", {"ONEDNN_MAX_CPU_ISA": "AVX2"}, "on"),
    ],
)
def test_onednn_uses_the_lesser_of_the_best_and_the_cap(monkeypatch, best, environment, used):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    assert cpu.onednn(best, environment) == used


def test_a_build_without_onednn_says_so(monkeypatch):
    monkeypatch.setattr(cpu.torch.backends.mkldnn, "is_available", lambda: False)
    assert cpu.onednn("AVX512", {}) == cpu.NONE


def test_the_variable_switches_onednn_off(monkeypatch):
    before = torch.backends.mkldnn.enabled
    try:
        options.choose_kernels({"VERIFY_ONEDNN": "1"})
        assert torch.backends.mkldnn.enabled == before
        options.choose_kernels({"VERIFY_ONEDNN": "0"})
        assert not torch.backends.mkldnn.enabled
    finally:
        torch.backends.mkldnn.enabled = before


@pytest.mark.parametrize("value", ["off", "2", " "])
def test_a_value_that_means_nothing_is_one_sentence(value):
    with pytest.raises(options.BadOption, match=r"neither 0 .* nor 1"):
        options.choose_kernels({"VERIFY_ONEDNN": value})


def test_the_environment_names_every_library():
    found = cpu.BACKEND.fingerprint()
    names = {"processor", "ATen", "oneDNN", "MKL", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA", "threads"}
    assert names <= found.keys()
    assert all(isinstance(value, str) and value for value in found.values())


def test_the_first_line_of_a_run_and_every_worker_follow_the_environment(tmp_path):
    """The workers compute with what the environment asks for, and the report says so."""
    asked = {"VERIFY_ONEDNN": "0", "ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"}
    (tmp_path / "says.py").write_text(
        "import pytest\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_runtest_logreport(report):\n"
        "    print(dict(report.user_properties))\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_runtest_call(item):\n"
        "    import torch\n"
        "    b = torch.backends\n"
        "    said = f'{b.mkldnn.enabled} {b.cpu.get_cpu_capability()}'\n"
        "    item.user_properties.append(('worker', said))\n",
        encoding="utf-8",
    )
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "1", "-s", "-p", "no:cacheprovider", "-p", "says",
         "verify/test_laws.py::test_law[cpu-float32-eye_]", "--profile", "smoke",
         "--report-dir", str(tmp_path / "report")],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | asked | {"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    first = next(line for line in ended.stdout.splitlines() if line.startswith("verify: "))
    assert "kernels: ATen DEFAULT, oneDNN off, MKL" in first
    assert "{'worker': 'False DEFAULT'}" in ended.stdout
    page = (tmp_path / "report" / "cpu.html").read_text(encoding="utf-8")
    assert "MKL_CBWR" in page and "COMPATIBLE" in page
