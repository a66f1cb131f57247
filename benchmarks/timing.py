"""Time several pieces of work against each other."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Stopwatch:
    """Keeps the smallest time of each named piece of work.

    The clock on the wall: the smallest of several rounds is free of what else the machine
    does, while counters of CPU time may advance in ticks longer than the work.
    """

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Time the block; it counts for `name` if no earlier one was quicker."""
        start = time.perf_counter()
        yield
        took = time.perf_counter() - start
        self.seconds[name] = min(took, self.seconds.get(name, math.inf))
