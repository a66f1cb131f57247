"""Runs with something planted: of one test in this process, or of the real command in its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import _lru_cache_wrapper, cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from selftest.behaviour.support import RUN
from selftest.forked import run_pytest
from selftest.planted.fault import Fault, Planted
from selftest.planted.lean import shorten
from selftest.planted.plugin import VARIABLE, plant
from verify.behaviour.promises import PROMISES
from verify.outcome.outcome import Outcome
from verify.outcome.promises import FILLS, identity
from verify.plan import run as plan
from verify.plan.profiles import PROFILES
from verify.plan.run import Cell
from verify.ranks.group import IMPORTS

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ("-p", "selftest.planted.plugin", "-p", "selftest.planted.lean")
TAIL = 3000
SEED = 20260101
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
    command += ["--profile", "smoke", "--run-seed", str(SEED), "--report-dir", str(folder)]
    ended = run_pytest(
        [*command, *arguments],
        folder=ROOT,
        environment=inherited | environment,
        timeout=RUN_LIMIT,
    )
    return Run(ended.returncode, ended.stdout + ended.stderr, _cells(folder / "evidence.jsonl"))


def _cells(evidence: Path) -> list[dict[str, Any]]:
    if not evidence.exists():
        return []
    lines = [json.loads(line) for line in evidence.read_text().splitlines() if line.strip()]
    return [line for line in lines if line.get("kind") == "cell"]


def asked(*nodes: str, planted: Planted) -> Run:
    """Plant something in this process, and let the suite's own tests ask about their cells."""
    outcomes: list[Outcome] = []
    _forget()
    with pytest.MonkeyPatch.context() as patch:
        replace_or_add = partial(patch.setattr, raising=False)
        plant(planted, replace_or_add)
        shorten(replace_or_add)
        for node in nodes:
            _test(node)(_cell(node), _run(node, planted), outcomes.append)
    _forget()
    cells = [_line(outcome) for outcome in outcomes]
    output = [*(outcome.diagnosis for outcome in outcomes), planted.effect()]
    return Run(int({cell["verdict"] for cell in cells} != {"pass"}), "\n".join(output), cells)


def _line(outcome: Outcome) -> dict[str, Any]:
    """What a test looks at of a cell's line of evidence."""
    findings = [
        {
            "check": found.check,
            "tensor": found.tensor,
            "passed": found.passed,
            "message": found.message,
        }
        for found in outcome.findings
    ]
    return {"verdict": outcome.final_verdict, "findings": findings}


def _forget() -> None:
    """Forget what the suite keeps of cases: it may have been made under a fault."""
    for name, module in sys.modules.items():
        if name.startswith("verify."):
            for kept in vars(module).values():
                # What has no bound is said of the machine or the suite, and asked once.
                if isinstance(kept, _lru_cache_wrapper) and kept.cache_parameters()["maxsize"]:
                    kept.cache_clear()


def fits(*nodes: str, planted: Planted) -> bool:
    """Whether this process can ask: it has its environment, and the tests are about cells.

    Not about those of sharded tensors: in the processes of their ranks nothing would be planted.
    """
    return (
        planted.in_process
        and not planted.environment
        and planted.setting is None
        and planted.arguments[::2] in ((), ("--profile",))
        and all(_cell_id(node) in _cells_by_id() for node in nodes)
        and not any(_promise(node) in FILLS["sharded"] for node in nodes)
    )


def tried(*nodes: str, folder: Path, planted: Planted, by_command: bool = False) -> Run:
    """Run some nodes with something planted: here if that serves, or by the real command.

    Parameters
    ----------
    folder
        Where a report goes.
    by_command
        Whether the real command must be run, even if this process can ask.
    """
    here = fits(*nodes, planted=planted) and not by_command
    return asked(*nodes, planted=planted) if here else run(*nodes, folder=folder, planted=planted)


def _test(node: str) -> Callable[[Cell, plan.Run, Callable[[Outcome], object]], None]:
    """The test of a node that a user would run."""
    path, _, name = node.partition("[")[0].partition("::")
    module = import_module(path.removesuffix(".py").replace("/", "."))
    test: Callable[..., None] = getattr(module, name)
    return test


def _cell(node: str) -> Cell:
    """The cell of a node, which its test must be asked in."""
    cell = _cells_by_id()[_cell_id(node)]
    if promise := PROMISES.get(_promise(node)):
        assert promise.is_asked_in(*cell.names), node
    return cell


def _promise(node: str) -> str:
    asks = identity(node)
    assert asks, f"{node} is no test of the suite"
    return asks.promise


def _cell_id(node: str) -> str:
    return node.partition("[")[2].removesuffix("]")


@cache
def _cells_by_id() -> dict[str, Cell]:
    return {cell.id: cell for cell in plan.cells(["cpu"])}


def _run(node: str, planted: Planted) -> plan.Run:
    profile = PROFILES[planted.arguments[1] if planted.arguments else "smoke"]
    # What a question says is looked at: its cases are those that its other tests draw.
    seed = RUN.seed if _promise(node) in PROMISES else SEED
    return replace(RUN, seed=seed, profile=profile)


def assert_found(fault: Fault, folder: Path, *, by_command: bool = False) -> None:
    """Plant a fault, and demand that its cell fails and that a check meant for it says so.

    The two parameters are those of `tried`.
    """
    by_command |= fault.exit_code != 1  # No process says of itself how it died.
    result = tried(fault.node, folder=folder, planted=fault, by_command=by_command)
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
