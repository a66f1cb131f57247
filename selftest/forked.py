"""Pytest in a process of its own, forked from one that has imported the large libraries.

Importing them is what most short runs spend their time on. The process that is forked has
imported nothing of the suite: whatever a run plants is there before the suite is loaded. What it
has imported is taken out of the garbage collector's sight, which pytest runs over all there is
several times in every run.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["torch", "scipy.signal", "scipy.stats", "hypothesis.strategies", "jinja2", "pytest"]
)


def run_pytest(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    output: Path,
    timeout: float,
) -> tuple[int, str]:
    """Run pytest, and return its exit code and all that it wrote.

    Parameters
    ----------
    arguments
        Of the command line.
    folder
        Where it runs.
    environment
        All of its environment.
    output
        A file that is created for what it writes.
    timeout
        Seconds after which it is killed.

    Raises
    ------
    TimeoutError
        When it had to be killed.

    """
    process = _CONTEXT.Process(
        target=_main, args=(list(arguments), str(folder), dict(environment), str(output))
    )
    process.start()
    process.join(timeout)
    code = process.exitcode
    if code is None:
        process.kill()
        process.join()
    process.close()
    text = output.read_text(errors="replace") if output.exists() else ""
    if code is None:
        raise TimeoutError(f"pytest {' '.join(arguments)} ran for {timeout:g} s: {text[-1000:]}")
    return code, text


def _main(arguments: list[str], folder: str, environment: dict[str, str], output: str) -> None:
    gc.freeze()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(written, stream.fileno())
    sys.path.insert(0, folder)
    sys.argv = ["pytest", *arguments]
    # Not before the environment is there.
    import pytest

    # The suite asserts nothing, and what is imported already cannot be rewritten for it.
    sys.exit(pytest.main([*arguments, "--assert=plain"]))
