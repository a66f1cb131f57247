"""Peak memory of a process that verifies one cell under the standard profile.

``python -m benchmarks.memory float64-normal_`` prints it in bytes.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def peak(cell_name: str) -> int:
    """Bytes that a fresh process holds at most while it verifies a cell of the CPU."""
    command = [sys.executable, "-m", __name__, cell_name]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout)


def _verify(cell_name: str) -> None:
    import torch

    from verify.engine.explore import verify_cell
    from verify.plan.profiles import PROFILES
    from verify.plan.run import Run, cells

    torch.set_num_threads(1)
    (cell,) = (cell for cell in cells(["cpu"]) if cell.id == f"cpu-{cell_name}")
    outcome = verify_cell(cell, Run(1, PROFILES["standard"], time_limit=600.0, worker=0))
    if outcome.final_verdict != "pass":
        raise SystemExit(f"{cell.id}: {outcome.final_verdict}: {outcome.diagnosis}")


if __name__ == "__main__":
    _verify(sys.argv[1])
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
