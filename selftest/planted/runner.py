"""Runs of the real command with something planted, each in a process of its own."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from selftest.behaviour.support import ask
from selftest.forked import run_pytest
from selftest.planted.fault import Fault, Planted
from selftest.planted.lean import shorten
from selftest.planted.plugin import VARIABLE, plant
from verify.behaviour.promises import PROMISES
from verify.outcome.promises import identity
from verify.ranks.group import IMPORTS

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ("-p", "selftest.planted.plugin", "-p", "selftest.planted.lean")
TAIL = 3000
RUN_LIMIT = 1800
# A run of its own must not inherit the outer run's worker, options or fault.
FOREIGN = ("PYTEST_", VARIABLE)


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


def run(
    *nodes: str,
    folder: Path,
    planted: Planted | None = None,
    name: str = "",
) -> Run:
    """Run some nodes of the suite in a process of their own.

    Parameters
    ----------
    nodes
        Node ids, relative to the repository's root.
    folder
        Where the report goes.
    planted
        What is planted; nothing by default.
    name
        In its place, a name that may be unknown.
    """
    arguments, environment = (), {VARIABLE: name}
    if planted:
        arguments, environment = planted.arguments, {**planted.environment, VARIABLE: planted.name}
    environment = {IMPORTS: "selftest.planted.plugin", **environment}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    command = [*nodes, *PLUGINS, "-p", "no:cacheprovider"]
    command += ["--profile", "smoke", "--run-seed", "20260101", "--report-dir", str(folder)]
    exit_code, output = run_pytest(
        [*command, *arguments],
        folder=ROOT,
        environment=inherited | environment,
        output=folder / "output.txt",
        timeout=RUN_LIMIT,
    )
    return Run(exit_code, output, _cells(folder / "evidence.jsonl"))


def _cells(evidence: Path) -> list[dict[str, Any]]:
    if not evidence.exists():
        return []
    lines = [json.loads(line) for line in evidence.read_text().splitlines() if line.strip()]
    return [line for line in lines if line.get("kind") == "cell"]


def asked(fault: Fault) -> Run:
    """Plant a fault in this process, and ask the questions of its cell."""
    asks = identity(fault.node)
    assert asks, f"{fault.node} is no test of the suite"
    promise = PROMISES[asks.promise]
    assert promise.is_asked_in(asks.subject, asks.backend, asks.dtype), fault.node
    with pytest.MonkeyPatch.context() as patch:
        plant(fault, patch.setattr)
        shorten(patch.setattr)
        outcome = ask(promise, asks.subject, asks.dtype)
    findings = [
        {"check": found.check, "passed": found.passed, "message": found.message}
        for found in outcome.findings
    ]
    cell = {"verdict": outcome.final_verdict, "findings": findings}
    return Run(int(cell["verdict"] != "pass"), outcome.diagnosis, [cell])


def assert_found(fault: Fault, folder: Path) -> None:
    """Plant a fault, and demand that its cell fails and that a check meant for it says so."""
    result = asked(fault) if fault.in_process else run(fault.node, folder=folder, planted=fault)
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
