"""Time several pieces of work against each other."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Stopwatch:
    """Keeps the smallest CPU time of each named piece of work.

    CPU time, not wall time: what else the machine does is none of our cost.
    """

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Time the block; it counts for `name` if no earlier one was quicker."""
        start = time.process_time()
        yield
        took = time.process_time() - start
        self.seconds[name] = min(took, self.seconds.get(name, math.inf))
