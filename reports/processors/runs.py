"""Runs of the real command in processes of their own, each under one setting."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reports.evidence import store
from reports.evidence.records import Report
from reports.processors.settings import Setting

ROOT = Path(__file__).resolve().parents[2]

USAGE, INTERRUPTED = 4, 2
"""Exit codes of pytest after which a run has nothing to say."""

# In a process of its own: reports load no PyTorch, and what it computes with is fixed at its start.
_PROBE = """
import json, os, torch
from verify.command_line import options
from verify.command_line import suite_version as source
from verify.backends import cpu
options.choose_kernels(os.environ)
print(json.dumps({"kernels": cpu.kernels(), "torch": torch.__version__, "suite": source.digest()}))
"""


class Unusable(Exception):
    """One clause, without a full stop: why nothing can be verified in this environment."""


@dataclass(frozen=True)
class Machine:
    """What would be verified here, and with which kernels.

    Attributes
    ----------
    kernels : dict
        Name and value of everything that decides which kernels compute on the host.
    torch : str
        The version of PyTorch.
    suite : str
        The digest of the suite.
    """

    kernels: dict[str, str]
    torch: str
    suite: str


@dataclass(frozen=True)
class Ended:
    """A run that has ended: its exit code, wall-clock seconds, and evidence if it left any."""

    code: int
    seconds: float
    evidence: Report | None


def machine() -> Machine:
    """Ask a process of its own what it computes with; `Unusable` if it cannot say."""
    asked = subprocess.run(
        [sys.executable, "-c", _PROBE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if asked.returncode:
        last = (asked.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise Unusable(f"this environment cannot verify anything: {last.rstrip('.')}")
    return Machine(**json.loads(asked.stdout.splitlines()[-1]))


def verify(
    setting: Setting, folder: Path, arguments: Sequence[str], log: IO[str] | None = None
) -> Ended:
    """Run ``pytest -n auto verify`` under a setting.

    Parameters
    ----------
    setting : Setting
        What is added to the environment.
    folder : Path
        The report folder; evidence that lies there is removed first.
    arguments : sequence of str
        What pytest is given besides.
    log : file or None
        Takes what the run prints, in place of the terminal.
    """
    (folder / store.EVIDENCE).unlink(missing_ok=True)
    start = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-n", "auto", "verify", *arguments]
    ended = subprocess.run(
        [*command, "--report-dir", f"{folder.resolve()}"],
        cwd=ROOT,
        env={"OMP_NUM_THREADS": "1", **os.environ, **setting.variables},
        stdout=log,
        stderr=subprocess.STDOUT if log else None,
        check=False,
    )
    return Ended(ended.returncode, time.monotonic() - start, _evidence(folder / store.EVIDENCE))


def _evidence(path: Path) -> Report | None:
    return store.complete(store.read(path)) if path.is_file() else None
