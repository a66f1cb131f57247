"""What a model has started and never ends: it does not hold up a process whose run is over."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.process import BaseProcess
from types import CodeType
from typing import TYPE_CHECKING

from reports.evidence.words import plain

if TYPE_CHECKING:
    import pytest

_GRACE = 1.0
"""Seconds in which what still runs may end by itself once the program has ended."""
_LOOK = 0.05
_USAGE = 4


class Lingering:
    """The pytest plugin that ends a process which would only wait for threads and children.

    Parameters
    ----------
    says
        Whether it says so: one of several processes is enough.

    """

    def __init__(self, *, says: bool) -> None:
        self._says = says
        self._session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Note whose exit code is to be kept."""
        self._session = session

    def watch(self) -> None:
        """See to it that the process ends; to be called when all else is done."""
        if _running():
            program = _program()
            threading.Thread(target=self._end, args=(program,), daemon=True).start()

    def _end(self, program: CodeType | None) -> None:
        # Whoever has called pytest from a program of their own may go on for as long as they like.
        while _program() is program:
            time.sleep(_LOOK)
        until = time.monotonic() + _GRACE
        while (left := _running()) and time.monotonic() < until:
            time.sleep(_LOOK)
        if not left:
            return
        for each in left:
            if isinstance(each, BaseProcess):
                each.kill()
        if self._says:
            _say(left)
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(_USAGE if self._session is None else int(self._session.exitstatus))


def _say(left: list[threading.Thread | BaseProcess]) -> None:
    first, *others = sorted({each.name for each in left})
    names = f"{first!r}" + (f" and {len(others)} more" if others else "")
    with suppress(OSError, ValueError):
        print(
            plain(
                f"verify: the run is over, and what the code under test has started still runs "
                f"({names}): it is ended with the process; start it as a daemon, or end it there."
            ),
            file=sys.stderr,
        )


def _running() -> list[threading.Thread | BaseProcess]:
    """All that Python would wait for on its way out."""
    main = threading.main_thread()
    started: list[threading.Thread | BaseProcess] = [*threading.enumerate()]
    started += multiprocessing.active_children()
    return [each for each in started if each is not main and not each.daemon]


def _program() -> CodeType | None:
    """What the main thread runs, from which all else is called; on its way out it is another."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    return frame and frame.f_code
