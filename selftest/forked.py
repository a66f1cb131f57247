"""Pytest in a process of its own, forked from one that has imported what most runs import.

Importing is what short runs spend most of their time on. The process that is forked has imported
the large libraries, and of the suite what keeps no function of PyTorch: whatever a run plants is
there before the tables of subjects are loaded. What it has imported is taken out of the garbage
collector's sight, which pytest runs over all there is several times in every run.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["torch", "scipy.signal", "scipy.stats", "hypothesis.strategies", "jinja2", "pytest",
     "execnet", "strategies", "reports.live.collect"]
)  # fmt: skip
# Not xdist: it hands its workers the search path that stood when it was imported.

_ROOT = Path(__file__).resolve().parents[1]
_SUITE = ("reports", "strategies", "verify")


def run_pytest(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    timeout: float = 1800,
) -> CompletedProcess[str]:
    """Run pytest, and return its exit code and what it wrote.

    Parameters
    ----------
    arguments
        Of the command line.
    folder
        Where it runs.
    environment
        All of its environment.
    timeout
        Seconds after which it is killed.

    Raises
    ------
    TimeoutError
        When it had to be killed.

    """
    with tempfile.TemporaryDirectory() as place:
        written = Path(place, "stdout"), Path(place, "stderr")
        process = _CONTEXT.Process(
            target=_main,
            args=(list(arguments), str(folder), dict(environment), *map(str, written)),
        )
        process.start()
        process.join(timeout)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
        process.close()
        said, complained = (
            path.read_text(errors="replace") if path.exists() else "" for path in written
        )
    if code is None:
        raise TimeoutError(f"pytest {' '.join(arguments)} ran for {timeout:g} s: {said[-1000:]}")
    return CompletedProcess(arguments, code, said, complained)


def _main(
    arguments: list[str], folder: str, environment: dict[str, str], stdout: str, stderr: str
) -> None:
    gc.freeze()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for stream, path in ((sys.stdout, stdout), (sys.stderr, stderr)):
        stream.flush()
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream.fileno())
    if Path(folder) != _ROOT:  # It may hold another suite, or one that is edited.
        for name in [name for name in sys.modules if name.partition(".")[0] in _SUITE]:
            del sys.modules[name]
    sys.path[:0] = [folder, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = ["pytest", *arguments]
    # Not before the environment is there.
    import pytest

    # The suite asserts nothing, and what is imported already cannot be rewritten for it.
    sys.exit(pytest.main([*arguments, "--assert=plain"]))
