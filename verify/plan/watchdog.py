"""A time limit for calls into the code under test."""

from __future__ import annotations

import faulthandler
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_GRACE = 10.0
"""A call that has not ended after this many limits on the clock is stuck in native code."""


class TimedOut(BaseException):
    """The call did not end within its limit. The code under test may catch any Exception."""


@contextmanager
def limit(seconds: float) -> Iterator[Callable[[], None]]:
    """Raise `TimedOut` in the block once it has used `seconds` of processor time.

    Yields
    ------
    callable
        Starts the time anew, for a block that makes several calls.

    Notes
    -----
    An endless loop in Python is interrupted and the run goes on. It is the processor time that
    is limited: on a machine that is busy with something else, a slow clock means nothing.
    Native code, and a call that waits for ever, cannot be interrupted: the process then ends
    with a traceback after ten times the limit on the clock, which pytest-xdist reports as
    a crashed worker before it starts another. On systems without interval timers, and outside
    the main thread, only the second guard stands.
    """
    guards: list[_NativeGuard | _Interrupt] = [_NativeGuard(seconds * _GRACE)]
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        guards.append(_Interrupt(seconds))

    def restart() -> None:
        for guard in guards:
            guard.start()

    try:
        restart()
        yield restart
    finally:
        for guard in reversed(guards):
            guard.stop()


class _NativeGuard:
    """Ends the process; its timer is a thread, so it is not restarted more often than needed."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.armed = -float("inf")

    def start(self) -> None:
        now = time.monotonic()
        if now - self.armed > self.seconds / _GRACE:
            stderr = sys.__stderr__ or sys.stderr  # pytest captures the latter.
            faulthandler.dump_traceback_later(self.seconds, exit=True, file=stderr)
            self.armed = now

    def stop(self) -> None:
        faulthandler.cancel_dump_traceback_later()


class _Interrupt:
    """Raises `TimedOut` in the main thread."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.previous = signal.signal(signal.SIGPROF, self._raise)

    def _raise(self, _signal: int, _frame: FrameType | None) -> None:
        raise TimedOut(f"one call took {self.seconds:g} s of processor time")

    def start(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, self.seconds)

    def stop(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, self.previous)
