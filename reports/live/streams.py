"""Standard streams that whoever started the process has closed: what is said there goes nowhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

_MODES: Mapping[str, tuple[int, str]] = {"stdin": (0, "r"), "stdout": (1, "w"), "stderr": (2, "w")}


def open_under(capture: Any) -> None:
    """Open each closed stream under pytest's capture, which gives back what it found.

    Parameters
    ----------
    capture
        pytest's capture manager, suspended; None without one.

    """
    if capture is None or not _missing():
        open_missing()
        return
    printed = capture.read_global_capture()
    capture.stop_global_capturing()
    open_missing()
    for stream, text in zip((sys.stdout, sys.stderr), printed, strict=True):
        stream.write(text)
    capture.start_global_capturing()
    capture.suspend_global_capture()


def open_missing() -> None:
    """Open the null device in place of each closed stream, under the stream's own number.

    A number left free would be given to the next file that is opened, and what native code
    prints would end up in there.
    """
    for name in _missing():
        number, mode = _MODES[name]
        if not _is_open(number):
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)
        stream = open(number, mode, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _missing() -> list[str]:
    """The streams that Python found closed when it started."""
    return [name for name in _MODES if getattr(sys, name) is None]


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
