"""Runs of pytest that are pretended: what each leaves, by its environment and its run seed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from reports.processors import runs
from selftest.reports import fakes

KERNELS = {
    "ATen": "AVX512",
    "oneDNN": "AVX512",
    "MKL": "2024.2",
    "MKL_CBWR": "not set",
    "processor": "AMD EPYC",
}
MACHINE = runs.Machine(KERNELS, "2.13.0+cpu", "0a1b2c3d")
GOOD, OTHER = fakes.cell_line("normal_"), fakes.cell_line("uniform_")
PASSING = fakes.cell_line("normal_", "bfloat16") | {"verdict": "pass", "findings": []}
BAD = fakes.cell_line("normal_", "bfloat16")

Left = tuple[int, Iterable[dict[str, Any]]]
"""The exit code of a run, and the cells that it leaves."""


def runs_of_pytest(
    monkeypatch, left: Callable[[Mapping[str, str], int], Left]
) -> list[tuple[dict[str, str], list[str]]]:
    """Pretend that pytest leaves something; the variables and arguments it was called with."""
    calls: list[tuple[dict[str, str], list[str]]] = []

    def run(command, *, cwd, env, stdout, stderr, check):
        assert check is False and cwd == runs.ROOT
        arguments = command[command.index("verify") + 1 :]
        names = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "VERIFY_ONEDNN", "MKL_CBWR")
        calls.append(({name: env[name] for name in names if name in env}, arguments))
        seed = int(arguments[arguments.index("--run-seed") + 1])
        code, cells = left(calls[-1][0], seed)
        if stdout is not None:
            print("said by pytest", file=stdout)
        if cells := list(cells):
            fakes.write(Path(arguments[arguments.index("--report-dir") + 1]), cells)
        return SimpleNamespace(returncode=code)

    for name in ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "VERIFY_ONEDNN", "MKL_CBWR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(runs, "machine", lambda: MACHINE)
    monkeypatch.setattr(runs, "subprocess", SimpleNamespace(run=run, STDOUT=subprocess.STDOUT))
    return calls
