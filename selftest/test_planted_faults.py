"""Each planted fault must be found and rightly named; of each test one by the real command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from selftest.lawful.alternatives import CONTROLS
from selftest.planted.fault import Fault, law
from selftest.planted.faults import FAULTS
from selftest.planted.module import behaviour, default, materialisation, reset
from selftest.planted.runner import TAIL, assert_found, run

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
    behaviour("construction", "float32-Embedding"),
    behaviour("lazy", "float32-LazyConv2d"),
    behaviour("batch_norm", "float64-BatchNorm1d"),
)

BY_COMMAND = {
    fault.node.partition("[")[0]: name for name, fault in reversed(FAULTS.items())
}.values()


def _parameter(fault: Fault) -> Any:
    """Expect a fault to stay unseen where its row says why."""
    unseen = pytest.mark.xfail(strict=True, raises=AssertionError, reason=fault.blind)
    return pytest.param(fault, id=fault.name, marks=[unseen] if fault.blind else [])


@pytest.mark.parametrize("fault", [_parameter(fault) for fault in (FAULTS | CONTROLS).values()])
def test_fault_is_found(fault: Fault, tmp_path: Path) -> None:
    """The cell fails, and a check meant for the fault says so."""
    assert_found(fault, tmp_path, by_command=fault.name in BY_COMMAND)


@pytest.mark.parametrize("sound", SOUND)
def test_no_fault_is_found_where_none_is_planted(sound: str, tmp_path: Path) -> None:
    """The same cells pass when PyTorch is left alone."""
    result = run(sound, folder=tmp_path)
    assert result.exit_code == 0, result.explain("wanted a pass")
    verdicts = {found["verdict"] for found in result.cells}
    assert verdicts == {"pass"}, result.explain("wanted a pass")


def test_unknown_fault_is_refused(tmp_path: Path) -> None:
    """A misspelt name must not run a suite without any fault and call it found."""
    result = run(law("float32-normal_"), folder=tmp_path, name="no_such_fault")
    assert result.exit_code == pytest.ExitCode.USAGE_ERROR, result.output[-TAIL:]
    assert "no_such_fault" in result.output
    assert "normal_scale" in result.output


def test_a_file_without_a_test_of_its_name_is_refused() -> None:
    """A fault of no test would be planted in vain."""
    with pytest.raises(ValueError, match=r"is no row of ASKED in verify/outcome/promises\.py"):
        behaviour("ranges", "float32-torch.rand")
