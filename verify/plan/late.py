"""Errors that a device tells after the call that made them: they belong to the cell that asked.

Source: PyTorch documentation, note "CUDA semantics", "Asynchronous execution": an error is told
by a later call, perhaps of another cell; some leave the device unusable by the process.
"""

from __future__ import annotations

import os

from verify import backends
from verify.plan import watchdog
from verify.plan.run import Run


def trouble(backend: str, run: Run) -> str:
    """What the device of a worker tells once it has done all that was asked of it; or nothing."""
    known = backends.known().get(backend)
    if known is None:
        return ""
    try:
        with watchdog.limit(run.time_limit):
            return known.trouble(known.device(run.worker))
    except watchdog.TimedOut as reason:
        return f"{reason}"


def leave(backend: str, run: Run) -> str:
    """End a worker whose device answers no more: the next one opens it anew.

    Returns
    -------
    str
        Why nothing can be verified any more, where no other worker would come; or nothing.
    """
    lost = trouble(backend, run)
    if not lost:
        return ""
    told = f"{backend} answers no more in this process: {lost}"
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return f"{told}; with `-n 1` another process goes on"
    watchdog.say(f"verify: {told}; another worker goes on.")
    os._exit(1)
