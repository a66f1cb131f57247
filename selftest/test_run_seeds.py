"""Run seeds that once turned red on a correct PyTorch stay green, through the real command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from selftest.forked import run_pytest

ROOT = Path(__file__).resolve().parent.parent
ORTHOGONAL = "verify/test_laws.py::test_law[cpu-float32-orthogonal_]"

ONCE_RED = [  # What was run, the profile, the run seed, and why it was red.
    pytest.param(ORTHOGONAL, "standard", seed, id=f"equal entries of a completed matrix {seed}")
    for seed in (2166, 2259)
]


@pytest.mark.parametrize(("node", "profile", "seed"), ONCE_RED)
def test_is_green(node: str, profile: str, seed: int, tmp_path: Path) -> None:
    ended = run_pytest(
        [node, "-n", "0", "-p", "no:cacheprovider", "--profile", profile,
         "--run-seed", str(seed), "--report-dir", str(tmp_path)],
        folder=ROOT, environment=os.environ,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout[-2000:]
