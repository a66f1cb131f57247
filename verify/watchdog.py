"""A time limit for one call into the code under test."""

from __future__ import annotations

import faulthandler
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_GRACE = 3.0
"""A call that ignores its limit this many times over is stuck in native code."""


class TimedOut(Exception):
    """The call did not end within its limit."""


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise `TimedOut` in the block after `seconds`.

    An endless loop in Python is interrupted and the run goes on. Native code cannot be: the
    process then ends with a traceback after three times the limit, which pytest-xdist
    reports as a crashed worker before it starts another. On systems without interval
    timers, and outside the main thread, only the second guard stands.
    """
    interruptible = (
        hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    )
    stderr = sys.__stderr__ or sys.stderr  # pytest captures the latter, if the first is there.
    faulthandler.dump_traceback_later(seconds * _GRACE, exit=True, file=stderr)
    if not interruptible:
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimedOut(f"the call did not end within {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        faulthandler.cancel_dump_traceback_later()
