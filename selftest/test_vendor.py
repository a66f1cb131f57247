"""A simulated vendor: what a device does wrong has its verdict and a sentence, and no other cell
suffers.

The device is one out of tree, over host memory; it has no float64. Each fault is one that a young
backend has, in one kernel.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from selftest.test_command import ROOT, SMALL, command, lines
from selftest.vendor import loom
from verify import torch_api

pytestmark = pytest.mark.skipif(
    torch_api.version() < (2, 13) or shutil.which("g++") is None,
    reason="what a device out of tree registers is an experimental part of PyTorch",
)

SOUND = "verify/test_contracts.py::test_contract[loom-float32-normal_]"
"""A cell that no fault touches."""


@dataclass(frozen=True)
class Planted:
    """A fault of the device, and what the suite must say of it."""

    fault: str
    cell: str
    verdict: str
    said: str
    workers: str = "0"
    """Of pytest-xdist: one that dies is replaced."""
    seconds: str = "2"
    """The time limit of a call; native code that does not return has ten times as long."""


PLANTED = [
    Planted("missing", "test_operations.py::test_operation[loom-float32-torch.poisson]",
            "unsupported", "loom has no kernel of aten::poisson"),
    Planted("wrong", "test_operations.py::test_operation[loom-float32-exponential_]",
            "fail", "the location of F(x) is off"),
    Planted("nan", "test_operations.py::test_operation[loom-float32-exponential_]",
            "fail", "values are NaN or infinite"),
    Planted("unseeded", "test_contracts.py::test_contract[loom-float32-uniform_]",
            "fail", "the global seed changes the values"),
    Planted("past the end", "test_layouts.py::test_layout[loom-float32-uniform_-offset]",
            "fail", "values outside the tensor were changed"),
    Planted("spinning", "test_operations.py::test_operation[loom-float32-geometric_]",
            "timed out", "the call does not end in time"),
    Planted("sleeping", "test_operations.py::test_operation[loom-float32-geometric_]",
            "crashed", "crashed", workers="1", seconds="1"),
    Planted("killing", "test_operations.py::test_operation[loom-float32-cauchy_]",
            "crashed", "crashed", workers="2"),
    Planted("late", "test_contracts.py::test_contract[loom-float32-uniform_]",
            "crashed", "after its call: RuntimeError: loom: an illegal memory access"),
    Planted("lost", "test_operations.py::test_operation[loom-float32-log_normal_]",
            "fail", "an illegal memory access", workers="1"),
    Planted("out of memory", "test_laws.py::test_law[loom-float32-uniform_]",
            "error", "the machine has too little memory"),
]  # fmt: skip


@pytest.fixture(scope="session")
def kernels(tmp_path_factory) -> str:
    """The compiled kernels of the device, one file for all workers."""
    folder = tmp_path_factory.getbasetemp().parent / "loom"
    folder.mkdir(exist_ok=True)
    return str(loom.build(folder))


def verified(
    kernels: str,
    report: Path,
    *cells: str,
    workers: str = "0",
    seconds: str = "2",
    **environment: str,
) -> dict[str, dict]:
    """The records of some cells of the device, by node id."""
    ended = command(
        report, *cells, f"--backend-file={ROOT / 'selftest/vendor/backend.py'}",
        "--backend", "loom", "-n", workers, "--time-limit", seconds, *SMALL,
        LOOM_KERNELS=kernels, **environment,
    )  # fmt: skip
    assert "INTERNALERROR" not in ended.stdout + ended.stderr
    return {line["nodeid"]: line for line in lines(report) if "nodeid" in line}


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.fault)
def test_a_fault_has_its_verdict_and_its_sentence(planted, kernels, tmp_path):
    cell = f"verify/{planted.cell}"
    found = verified(
        kernels,
        tmp_path / "report",
        cell,
        SOUND,
        workers=planted.workers,
        seconds=planted.seconds,
        LOOM_FAULTS=planted.fault,
    )
    assert found[SOUND]["verdict"] == "pass"
    assert found[cell]["verdict"] == planted.verdict
    assert planted.said in str(found[cell])


REDUCED = [
    "test_laws.py::test_law[loom-float64-normal_]",
    "test_laws.py::test_law[loom-float32-uniform_]",
    "test_laws.py::test_law[loom-bfloat16-normal_]",
    "test_laws.py::test_law[loom-float32-trunc_normal_]",
    "test_laws.py::test_law[loom-float32-orthogonal_]",
    "test_laws.py::test_law[loom-float32-sparse_]",
    "test_laws.py::test_law[loom-float32-dirac_]",
    "test_laws.py::test_law[loom-float32-eye_]",
    "test_laws.py::test_law[loom-float32-constant_]",
    "test_laws.py::test_law[loom-complex64-uniform_]",
    "test_operations.py::test_operation[loom-float32-torch.bernoulli]",
    "test_operations.py::test_operation[loom-int64-torch.randperm]",
    "test_operations.py::test_operation[loom-int32-random_]",
    "test_defaults.py::test_default[loom-float32-Linear]",
]
"""Each kind of sample."""


def near(value: object) -> object:
    """The same, in which floats equal those of sums in another order."""
    if isinstance(value, dict):
        return {name: near(each) for name, each in value.items()}
    if isinstance(value, list):
        return [near(each) for each in value]
    return pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value


def test_samples_are_reduced_alike_on_the_device_and_on_the_host(kernels, tmp_path):
    cells = [f"verify/{cell}" for cell in REDUCED]
    there, here = (
        verified(kernels, tmp_path / f"report{lacks}", *cells, LOOM_DOUBLES="1", LOOM_LACKS=lacks)
        for lacks in ("", "sort")
    )
    assert len(there) == len(REDUCED)
    assert near(there) == here


def test_without_a_fault_they_pass(kernels, tmp_path):
    cells = {f"verify/{planted.cell}" for planted in PLANTED}
    found = verified(kernels, tmp_path / "report", *sorted(cells), SOUND)
    assert {line["verdict"] for line in found.values()} == {"pass"}
