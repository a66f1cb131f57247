"""Code of others that is run in this process, and must leave it as it was."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class _Nowhere(io.StringIO):
    """Takes what is printed, and cannot be closed: a logger may hold it for ever."""

    def write(self, text: str, /) -> int:
        return len(text)

    def close(self) -> None:
        pass


_NOWHERE = _Nowhere()


@contextmanager
def contained() -> Iterator[None]:
    """Code of others: it prints nowhere, what it forks ends, the modules it removes return."""
    owner, modules, depth = os.getpid(), dict(sys.modules), sys.getrecursionlimit()
    try:
        with (
            contextlib.redirect_stdout(_NOWHERE),
            contextlib.redirect_stderr(_NOWHERE),
            _descriptors(),
        ):
            yield
    finally:
        if os.getpid() != owner:
            os._exit(0)
        sys.modules.update(modules)
        sys.setrecursionlimit(depth)


@contextmanager
def _descriptors() -> Iterator[None]:
    """What is written past Python's streams goes nowhere too; a number that is closed returns."""
    kept = {}
    for number in (1, 2):
        with suppress(OSError):
            kept[number] = os.dup(number)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in kept:
        os.dup2(nowhere, number)
    os.close(nowhere)
    try:
        yield
    finally:
        for number, original in kept.items():
            os.dup2(original, number)
            os.close(original)
