"""How long each initializer takes, as a multiple of filling the same tensor with a constant.

The ratio of two pieces of work that alternate in one process means nearly the same on every
machine. On the host the thread's own processor time counts, so that what else a busy machine
does stays out; on a device the clock on the wall, which sees the device's work. The median of
the rounds' ratios stands with its order-statistics interval of 99.9 %, which holds whatever the
law of the noise is.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from scipy import stats

from reports.evidence.store import write_atomically
from reports.upgrade.speed import SCHEMA, Ratio
from verify import backends, torch_api
from verify.backends import Backend
from verify.subjects import INITIALIZERS, Initializer

DTYPES = ("float32", "float64", "bfloat16")
ROUNDS = 50
LEVEL = 0.999

NUMEL = 1 << 16
"""Entries of a measured tensor: what fits into a core's own cache."""

LEAST = 1e-3
"""Seconds of work between two looks at the clock."""

FINEST = 1e-5
"""A counter of processor time that advances in longer ticks is not used."""

Work = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Stopwatch:
    """Times calls on one backend."""

    backend: Backend
    clock: Clock

    def seconds(self, work: Work, calls: int) -> float:
        """Seconds of one of so many calls in a row."""
        device = self.backend.device()
        self.backend.synchronize(device)
        start = self.clock()
        for _ in range(calls):
            work()
        self.backend.synchronize(device)
        return (self.clock() - start) / calls

    def calls(self, work: Work) -> int:
        """How many calls take `LEAST` seconds."""
        calls = 1
        while calls < 1 << 14 and self.seconds(work, calls) * calls < LEAST:
            calls *= 2
        return calls


def stopwatch(backend: Backend) -> Stopwatch:
    """A stopwatch with the clock that suits the backend and the machine."""
    fine = backend.name == "cpu" and _tick(time.thread_time) < FINEST
    return Stopwatch(backend, time.thread_time if fine else time.perf_counter)


def _tick(clock: Clock) -> float:
    """The smallest of several steps in which a clock advances."""
    steps = []
    for _ in range(5):
        start = now = clock()
        while now == start:
            now = clock()
        steps.append(now - start)
    return min(steps)


def measure(backend: Backend, rounds: int) -> Iterator[Ratio]:
    """The ratio of every initializer in every dtype that the backend has it in."""
    watch = stopwatch(backend)
    jobs = {
        (subject.name, dtype): [(work, watch.calls(work)) for work in works]
        for subject in INITIALIZERS
        for dtype in DTYPES
        if not subject.deprecated and (works := _works(subject, backend, dtype))
    }
    ratios: dict[tuple[str, str], list[float]] = {key: [] for key in jobs}
    for _ in range(rounds):
        for key, both in jobs.items():
            fill, own = (watch.seconds(work, calls) for work, calls in both)
            ratios[key].append(own / fill)
    for (subject, dtype), seen in ratios.items():
        yield Ratio(subject, backend.name, dtype, *interval(seen))


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The median, and the order statistics that hold it between them with probability `LEVEL`.

    The number of values below the median of their law is binomial with probability one half
    (David & Nagaraja 2003, sec. 7.1); too few values give the smallest and the largest.
    """
    ordered, n = sorted(values), len(values)
    outside = max(0, int(stats.binom.ppf((1 - LEVEL) / 2, n, 0.5)) - 1)
    return statistics.median(ordered), ordered[outside], ordered[n - 1 - outside]


def _works(subject: Initializer, backend: Backend, dtype: str) -> tuple[Work, Work] | None:
    """A fill of a tensor, and the initializer on it; None where it is not implemented."""
    case = subject.anchors[0]
    device = backend.device()
    tensor = torch.empty(_cut(case.shape), dtype=getattr(torch, dtype), device=device)
    fill = torch_api.filler(subject.name, subject.arguments(case), backend.generator(device, 1))
    try:
        fill(tensor)
    except Exception as reason:
        if torch_api.unsupported(reason):
            return None
        raise
    return (lambda: tensor.fill_(0.5)), (lambda: fill(tensor))


def _cut(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape of at most `NUMEL` entries: the longest axis is halved until it is."""
    found = list(shape)
    while torch.Size(found).numel() > NUMEL:
        found[found.index(max(found))] //= 2
    return tuple(found)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the ratios, and write them to a file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the ratios go")
    path: Path | None = parser.parse_args(arguments).json
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}: time relative to a fill, median of {ROUNDS} rounds\n")
    ratios = [r for name in backends.present() for r in measure(backends.known()[name], ROUNDS)]
    for ratio in ratios:
        name = f"{ratio.backend} {ratio.dtype} {ratio.subject}"
        print(f"{name:<40}{ratio.estimate:>10.2f}   [{ratio.low:.2f}, {ratio.high:.2f}]")
    if path is not None:
        document = {"schema": SCHEMA, "torch": str(torch.__version__), "rounds": ROUNDS}
        entries = {"ratios": [asdict(ratio) for ratio in ratios]}
        write_atomically(path, json.dumps(document | entries, indent=1) + "\n")


if __name__ == "__main__":
    main()
