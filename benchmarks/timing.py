"""Time several pieces of work against each other."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Stopwatch:
    """Adds up the CPU time of named pieces of work.

    CPU time, not wall time: what else the machine does is none of our cost.
    """

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Add the block's CPU time to `name`."""
        start = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - start


def least(work: Callable[[Stopwatch], None], rounds: int) -> Mapping[str, float]:
    """Do `work` once to warm up and `rounds` times for the clock; each name's smallest time."""
    work(Stopwatch())
    smallest: dict[str, float] = {}
    for _ in range(rounds):
        watch = Stopwatch()
        work(watch)
        for name, seconds in watch.seconds.items():
            smallest[name] = min(seconds, smallest.get(name, math.inf))
    return smallest
