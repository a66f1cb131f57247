"""Which items there are: a promise chooses the cells of its test."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import pytest

from selftest.forked import run_pytest
from verify.behaviour.empty import FACTORIES
from verify.behaviour.promises import PROMISES
from verify.outcome.promises import ASKED, identity
from verify.plan.run import cells

ROOT = Path(__file__).resolve().parents[1]
Place = tuple[str, str, str]


def _collected(folder: Path, *arguments: str) -> dict[str, set[Place]]:
    """Subject, backend and dtype of each item, by promise."""
    arguments += ("--collect-only", "-q", "-n", "0", "--backend", "cpu")
    arguments += ("-p", "no:cacheprovider", "--report-dir", str(folder / "report"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ended = run_pytest([*arguments], folder=ROOT, environment=kept, timeout=300)
    assert ended.returncode == pytest.ExitCode.OK, (ended.stdout + ended.stderr)[-3000:]
    found = defaultdict(set)
    for line in ended.stdout.splitlines():
        if about := identity(line):
            found[about.promise].add((about.subject, about.backend, about.dtype))
    return found


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[Place]]:
    return _collected(tmp_path_factory.mktemp("collected"), "verify")


@pytest.mark.parametrize("name", PROMISES)
def test_a_promise_is_asked_in_the_cells_that_it_names(
    name: str, collected: dict[str, set[Place]]
) -> None:
    promise = PROMISES[name]
    if name == "tied gradient":  # Which has an example by hand besides.
        collected[name] -= {("worked example", "host", "float64")}
    assert name in {asked.promise for asked in ASKED.values()}
    if name == "empty":  # In one cell, of every factory.
        assert collected[name] == {(factory, "cpu", "any") for factory in FACTORIES}
        return
    assert collected[name] == {c.names for c in cells(["cpu"]) if promise.is_asked_in(*c.names)}


def test_smoke_asks_the_laws_of_single_fills_in_every_dtype_and_all_else_in_one(
    tmp_path: Path, collected: dict[str, set[Place]]
) -> None:
    asked = _collected(tmp_path, "verify", "--profile", "smoke")
    usual = {cell.names for cell in cells(["cpu"]) if cell.is_usual}
    # What compiles costs seconds.
    few = {
        "compiled call": {("uniform_", "cpu", "float32")},
        "recomputation": {("dropout", "cpu", "float32")},
        "compiled constructor": set(),
        "compiled generators": set(),
    }
    # One has an example by hand besides, one is asked of factories in place of subjects.
    for promise in PROMISES.keys() - {"tied gradient", "empty"} - few.keys():
        assert asked[promise] == collected[promise] & usual
    assert asked["empty"] == collected["empty"]
    for promise, places in few.items():
        assert asked[promise] == places
    assert asked["law"] == collected["law"]
    assert asked["operation"] == collected["operation"]
    assert asked["default"] == collected["default"] & usual
    assert {subject for subject, *_ in asked["default"]} == {
        subject for subject, *_ in collected["default"]
    }


def test_smoke_asks_a_cell_that_is_named(tmp_path: Path) -> None:
    cell = "verify/test_defaults.py::test_default[cpu-float64-Linear]"
    asked = _collected(tmp_path, cell, "--profile", "smoke")
    assert asked["default"] == {("Linear", "cpu", "float64")}
