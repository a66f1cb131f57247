"""A time limit for calls into the code under test."""

from __future__ import annotations

import contextlib
import faulthandler
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

DEFAULT = 60.0
"""Seconds that a call may take unless one says otherwise."""

IMPORT = 60.0
"""Seconds that an import may take, where a call may take less: it happens once."""

_FRESH = 0.01
"""Limits that began so short a share of them ago are not begun anew: most calls take less."""

_GRACE = 10.0
"""A call that has not ended after this many limits on the clock is stuck in native code."""

_LONG = 10.0
"""Between calls that may take so long nothing takes ten times as long: a guard may stay armed."""

_LOOKS = 20
"""Times that a call is looked at before it is said to wait: one bad moment proves nothing."""

_SHORTEST = 0.1
"""Seconds between two looks at least: with a limit of less than two there are fewer looks."""

_TICK = 0.015
"""Seconds of processor time that say nothing: some systems count them in hundredths.

Whoever is awake when the clock ticks is charged for all of the tick (time(7), "The software clock,
HZ, and jiffies"), and a look wakes the process up.
"""

_IDLE = 0.01
"""A call that uses less than this share of a processor waits.

Whoever has work gets a fair share of a busy machine: to fall below 1 % in every interval there
would have to be a hundred others at work for each processor, all the time. Whoever waits and looks
up now and then, a hundred times a second for about 0.05 ms, uses half of that.
"""


_SCHEDSTAT = "/proc/thread-self/schedstat"


_leave = os._exit
"""What `staying` replaces."""


class TimedOut(BaseException):
    """The call did not end within its limit. The code under test may catch any Exception."""


class Ended(Exception):
    """The call would have ended the process, and all that was observed with it."""


@contextmanager
def limit(seconds: float) -> Iterator[Callable[[], None]]:
    """Raise `TimedOut` in the block once it has used, or idly waited, for `seconds`.

    Parameters
    ----------
    seconds : float
        Of processor time; and on the clock, while next to no processor time is used.

    Yields
    ------
    callable
        Starts the time anew, for a block that makes several calls: a call may be stopped by one
        per cent too early.

    Notes
    -----
    An endless loop in Python is interrupted and the run goes on. It is the processor time that
    is limited: on a machine that is busy with something else, a slow clock means nothing. So is
    the time in which a call uses no processor at all: it sleeps, or waits for what never comes.
    Native code that never returns to Python cannot be interrupted: the process then ends
    with a traceback after ten times the limit on the clock, which pytest-xdist reports as
    a crashed worker before it starts another. On systems without interval timers, and outside
    the main thread, only the last guard stands.
    """
    guards: list[_NativeGuard | _Interrupt | _Waiting] = [_NativeGuard(seconds)]
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        guards += [_Interrupt(seconds), _Waiting(seconds)]
    started = -math.inf

    def restart() -> None:
        nonlocal started
        if (now := time.monotonic()) - started > _FRESH * seconds:
            started = now
            for guard in guards:
                guard.start()

    try:
        restart()
        yield restart
    finally:
        for guard in reversed(guards):
            guard.stop()


@contextmanager
def staying(*, everywhere: bool = False) -> Iterator[None]:
    """Raise `Ended` in the block in place of `os._exit`, where no other process would notice.

    Parameters
    ----------
    everywhere : bool
        In workers too: one that ends before it has begun would only be started again.

    Notes
    -----
    A worker that ends is a crash that pytest-xdist reports. Without workers the whole run would
    end without a word, and with the exit code that the call has chosen. Processes that the block
    starts may end as they like.
    """
    if "PYTEST_XDIST_WORKER" in os.environ and not everywhere:
        yield
        return
    owner, leave = os.getpid(), os._exit

    def refuse(status: int) -> NoReturn:
        if os.getpid() != owner:
            leave(status)
        raise Ended(f"the call would end the process by os._exit({status})")

    setattr(os, "_exit", refuse)  # noqa: B010
    try:
        yield
    finally:
        setattr(os, "_exit", leave)  # noqa: B010


@contextmanager
def last_words(text: str, seconds: float, status: int) -> Iterator[None]:
    """Say a line and end the process if the block takes so long on the clock.

    For native code that never returns and holds no lock of Python's, where nothing was observed
    that could be lost.

    Parameters
    ----------
    text : str
    seconds : float
        More than a `limit` inside allows, which interrupts whatever returns to Python.
    status : int
        The exit code.
    """

    def end() -> None:
        say(text)
        _leave(status)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _Timer:
    """The thread that ends the process: to start and to end one costs as much as a small draw.

    Attributes
    ----------
    due : float
        When the process ends, on the monotonic clock; infinite while nothing is armed.
    held : bool
        Whether it stays armed between the calls of a block.
    """

    due = math.inf
    held = False

    def arm(self, seconds: float) -> None:
        """End the process that long from now, or up to a tenth earlier."""
        due = time.monotonic() + seconds
        if not due - seconds / _GRACE <= self.due <= due:
            told = _told_to or sys.__stderr__ or sys.stderr
            faulthandler.dump_traceback_later(seconds, exit=True, file=told)
            self.due = due

    def disarm(self) -> None:
        """Let the process live."""
        if self.due < math.inf:
            faulthandler.cancel_dump_traceback_later()
            self.due = math.inf


_TIMER = _Timer()

_told_to: int | None = None
"""Where the traceback of a stuck call goes: stderr may be captured, or lead nowhere, by then."""


def tell_where_stderr_leads_now() -> None:
    """Tell of stuck calls there, wherever stderr leads when they are stuck."""
    global _told_to
    if _told_to is None:
        with contextlib.suppress(OSError):
            _told_to = os.dup(2)


def say(text: str) -> None:
    """Say a line there."""
    with contextlib.suppress(OSError):
        os.write(2 if _told_to is None else _told_to, f"{text}\n".encode())


@contextmanager
def held() -> Iterator[None]:
    """Leave the guard against native code armed between the limits in the block.

    Those that are long: who reduces what was drawn must not be taken for a call that never ends.
    """
    before, _TIMER.held = _TIMER.held, True
    try:
        yield
    finally:
        _TIMER.held = before
        if not before:
            _TIMER.disarm()


class _NativeGuard:
    """Ends the process after ten limits on the clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def start(self) -> None:
        _TIMER.arm(_GRACE * self.seconds)

    def stop(self) -> None:
        if not _TIMER.held or self.seconds < _LONG:
            _TIMER.disarm()


class _Interrupt:
    """Raises `TimedOut` in the main thread, after so much processor time."""

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


class Idleness:
    """Looks at a call in regular intervals, and tells whether it waits for what never comes.

    Parameters
    ----------
    seconds : float
        How long a call may wait.
    clock : callable
        Processor time of the process, in seconds.
    queue : callable
        Time for which the call has stood in line for a processor, in seconds.
    """

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.process_time,
        queue: Callable[[], float] | None = None,
    ) -> None:
        self.looks = min(_LOOKS, max(1, round(seconds / _SHORTEST)))
        self.interval = max(seconds / self.looks, _SHORTEST)
        self.work = max(_IDLE * self.interval, _TICK)
        self.clock, self.queue = clock, queue or _queued
        self.start()

    def start(self) -> None:
        """Begin with another call."""
        self.idle = 0
        self.used, self.stood = self.clock(), self.queue()

    def look(self) -> bool:
        """Whether the call has waited in all of the last intervals, this one included.

        Intervals are counted, not read off a clock: a process that was stopped, or a machine
        that slept, comes back to one interval, however long it was. Who stood in line for most of
        one has work to do, on a machine that is too busy to let it.
        """
        used, stood = self.clock(), self.queue()
        works = used - self.used > self.work or stood - self.stood > self.interval / 2
        self.idle = 0 if works else self.idle + 1
        self.used, self.stood = used, stood
        return self.idle >= self.looks


def _queued() -> float:
    """Seconds for which the calling thread was ready to run and did not; 0 where nobody counts.

    Source: proc(5) and the kernel's sched-stats, ``/proc/<pid>/schedstat``: time on a processor,
    time spent waiting on a run queue (both in nanoseconds), and turns. It is read at every call
    that is timed, so the file is opened bare.
    """
    try:
        file = os.open(_SCHEDSTAT, os.O_RDONLY)
        try:
            return int(os.read(file, 100).split()[1]) * 1e-9
        finally:
            os.close(file)
    except (OSError, ValueError, IndexError):
        return 0.0


class _Waiting:
    """Raises `TimedOut` in the main thread, once a call has waited for so long."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.idleness = Idleness(seconds)
        self.previous = signal.signal(signal.SIGALRM, self._look)
        self.timer = signal.setitimer(signal.ITIMER_REAL, 0)

    def _look(self, _signal: int, _frame: FrameType | None) -> None:
        if self.idleness.look():
            self.idleness.start()
            raise TimedOut(
                f"one call waited for {self.seconds:g} s and used next to no processor time: it "
                "sleeps, or waits for a lock, another process or the network"
            )

    def start(self) -> None:
        self.idleness.start()
        interval = self.idleness.interval
        signal.setitimer(signal.ITIMER_REAL, interval, interval)

    def stop(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.previous)
        signal.setitimer(signal.ITIMER_REAL, *self.timer)  # Someone else's, who waits longer.
