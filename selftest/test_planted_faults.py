"""Each planted fault, run through the real command, must be found and rightly named."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from selftest.forked import run_pytest
from selftest.planted.fault import Fault, law
from selftest.planted.faults import FAULTS
from selftest.planted.module import conduct, default, materialisation, reset
from selftest.planted.plugin import VARIABLE

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = "selftest.planted.plugin"
TAIL = 3000
RUN_LIMIT = 600
# A run of its own must not inherit the outer run's worker, options or fault.
FOREIGN = ("PYTEST_", VARIABLE)

SOUND = (
    law("float32-normal_"),
    law("float32-uniform_"),
    law("float32-trunc_normal_"),
    law("float32-kaiming_normal_"),
    law("float32-orthogonal_"),
    law("float32-sparse_"),
    law("float32-dirac_"),
    law("float64-xavier_normal_"),
    default("float32-Linear"),
    default("float32-Transformer"),
    default("float64-LSTM"),
    reset("float32-MultiheadAttention"),
    materialisation("float32-BatchNorm2d"),
    conduct("construction", "float32-Embedding"),
    conduct("lazy", "float32-LazyConv2d"),
    conduct("batch_norm", "float64-BatchNorm1d"),
)


@dataclass(frozen=True)
class Run:
    """How a run of the real command ended."""

    exit_code: int
    output: str
    cells: list[dict[str, Any]]

    def explain(self, wanted: str) -> str:
        """Say what was wanted, what was found, and how the run's output ended."""
        found = [
            f"{cell['verdict']}: {', '.join(sorted(failing(cell))) or 'no failing check'}"
            for cell in self.cells
        ]
        return (
            f"{wanted}; exit code {self.exit_code}; cells: {'; '.join(found) or 'none'}\n"
            f"... {self.output[-TAIL:]}"
        )


def failing(cell: dict[str, Any]) -> frozenset[str]:
    """Return the names of the checks that failed in a cell."""
    return frozenset(
        finding["check"] for finding in cell.get("findings", ()) if not finding["passed"]
    )


def said(cell: dict[str, Any], checks: frozenset[str]) -> list[str]:
    """Return what the failing ones among `checks` say in a cell, each with its tensor."""
    return [
        f"{finding.get('tensor', '')}: {finding['message']}"
        for finding in cell.get("findings", ())
        if finding["check"] in checks and not finding["passed"]
    ]


def run(node: str, folder: Path, name: str = "", extra: tuple[str, ...] = ()) -> Run:
    """Run one node of the suite in a process of its own, with a fault or without."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    arguments = [node, "-p", PLUGIN, "-p", "no:cacheprovider"]
    arguments += ["--profile", "smoke", "--run-seed", "20260101", "--report-dir", str(folder)]
    exit_code, output = run_pytest(
        [*arguments, *extra],
        folder=ROOT,
        environment={**environment, VARIABLE: name},
        output=folder / "output.txt",
        timeout=RUN_LIMIT,
    )
    return Run(exit_code, output, _cells(folder / "evidence.jsonl"))


def _cells(evidence: Path) -> list[dict[str, Any]]:
    if not evidence.exists():
        return []
    lines = [json.loads(line) for line in evidence.read_text().splitlines() if line.strip()]
    return [line for line in lines if line.get("kind") == "cell"]


def _parameter(fault: Fault) -> Any:
    """Expect a fault to stay unseen where its row says why."""
    unseen = pytest.mark.xfail(strict=True, raises=AssertionError, reason=fault.blind)
    return pytest.param(fault, id=fault.name, marks=[unseen] if fault.blind else [])


@pytest.mark.parametrize("fault", [_parameter(fault) for fault in FAULTS.values()])
def test_fault_is_found(fault: Fault, tmp_path: Path) -> None:
    """The cell fails, and a check meant for the fault says so."""
    result = run(fault.node, tmp_path, fault.name, fault.arguments)
    assert result.exit_code == fault.exit_code, result.explain(
        f"{fault.description}: wanted exit code {fault.exit_code}"
    )
    verdicts = {cell["verdict"] for cell in result.cells}
    assert verdicts == {fault.verdict}, result.explain(
        f"{fault.description}: wanted the verdict {fault.verdict!r}"
    )
    named = {check for cell in result.cells for check in failing(cell)}
    assert not fault.checks or fault.checks & named, result.explain(
        f"{fault.description}: wanted one of {sorted(fault.checks)}"
    )
    reports = [text for cell in result.cells for text in said(cell, fault.checks)]
    assert not fault.says or any(fault.says in text for text in reports), result.explain(
        f"{fault.description}: wanted {fault.says!r} in one of {reports}"
    )


@pytest.mark.parametrize("sound", SOUND)
def test_no_fault_is_found_where_none_is_planted(sound: str, tmp_path: Path) -> None:
    """The same cells pass when PyTorch is left alone."""
    result = run(sound, tmp_path)
    assert result.exit_code == 0, result.explain("wanted a pass")
    verdicts = {found["verdict"] for found in result.cells}
    assert verdicts == {"pass"}, result.explain("wanted a pass")


def test_unknown_fault_is_refused(tmp_path: Path) -> None:
    """A misspelt name must not run a suite without any fault and call it found."""
    result = run(law("float32-normal_"), tmp_path, "no_such_fault")
    assert result.exit_code == pytest.ExitCode.USAGE_ERROR, result.output[-TAIL:]
    assert "no_such_fault" in result.output
    assert "normal_scale" in result.output
