"""How far a command is, on stderr: what is said there hangs on the clock, and no verdict does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

_EVERY = 10.0
"""Seconds between two lines where none can be written over."""

_LOOK = 1e-7
"""Seconds in which a value is looked at, about: from 0.04 to 0.13 µs on the machine at hand."""

_CLEAR = "\r\x1b[K"
"""Back to the beginning of a line, and erase it (ECMA-48, EL)."""

_ROUNDS = 0.9995
"""What is as near to the next unit is written in it."""

_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_TIMES = ((3600.0, "h"), (60.0, "min"))


class Progress:
    """Tells how long a command will take, and how far it is.

    Parameters
    ----------
    stream : TextIO
        A terminal's line is written over; elsewhere there is a line every ten seconds.
    clock : callable
        Seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream, self.clock = stream, clock
        self.terminal = stream.isatty()
        self.started = self.said = clock()

    def estimate(self, values: int, count: int | None, seconds: float) -> None:
        """Say how much there is to do, before it starts.

        Parameters
        ----------
        values : int
            Of one build.
        count : int or None
            Builds, if their number is known.
        seconds : float
            What the first build took.
        """
        each = seconds + _LOOK * values
        much = f"{count} builds, about {duration(count * each)}" if count else ""
        rate = f"about {duration(each)} for each"
        self.stream.write(f"{amount(values)} values a build, {much or rate}\n")
        self.stream.flush()
        self.started = self.said = self.clock()

    def __call__(self, done: int, count: int) -> None:
        """Say that so many builds are done, and of how many."""
        now = self.clock()
        if not self.terminal and now - self.said < _EVERY:
            return
        self.said = now
        left = duration((now - self.started) / done * (count - done))
        line = f"{done} of {count} builds" + (f", about {left} left" if done < count else "")
        self.stream.write(f"{_CLEAR}{line}" if self.terminal else f"{line}\n")
        self.stream.flush()

    def close(self) -> None:
        """Leave a terminal's line empty."""
        if self.terminal:
            self.stream.write(_CLEAR)
            self.stream.flush()


def amount(number: int) -> str:
    """A number in three digits: 25.6 M."""
    unit, letter = next((unit for unit in _UNITS if number >= _ROUNDS * unit[0]), (1.0, ""))
    return f"{number / unit:.3g} {letter}".strip()


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, in two digits."""
    unit, name = next((unit for unit in _TIMES if seconds >= 2 * unit[0]), (1.0, "s"))
    return f"{max(1, round(seconds / unit))} {name}"
