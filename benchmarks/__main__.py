"""Measure, and print each result beside its goal."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from benchmarks import memory, pool

SUBJECTS = ("normal_", "uniform_", "trunc_normal_", "orthogonal_", "sparse_")
DTYPES = ("float32", "float64")
MEMORY_CELLS = ("float64-normal_", "float64-trunc_normal_")

MOST_CHECKING = 2.0
"""Goal: checking costs at most so many times the draw, for pooled float32 normal and uniform."""

LEAST_ADVANTAGE = 40.0
"""Goal: drawing and checking together are so many times cheaper than ``kstest`` on a list."""

MOST_MEMORY = 1.5 * 2**30
"""Goal: bytes of a worker at most."""

_WITH_CHECKING_GOAL = {("normal_", "float32"), ("uniform_", "float32")}


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, the result, and the goal if there is one."""

    what: str
    result: str
    goal: str = ""
    met: bool | None = None

    def __str__(self) -> str:
        """The line as printed."""
        word = {True: "met", False: "missed", None: ""}[self.met]
        return f"{self.what:<66}{self.result:>10}   {self.goal:<11}{word}".rstrip()


def _memory_rows() -> Iterator[Row]:
    for cell in MEMORY_CELLS:
        peak = memory.peak(cell)
        result = f"{peak / 2**30:.2f} GiB"
        yield Row(f"peak memory, {cell}, standard", result, "< 1.5 GiB", peak < MOST_MEMORY)


def _cost_rows(subject: str, dtype: str, costs: pool.Costs) -> Iterator[Row]:
    name = f"{dtype} {subject}"
    goal, met = "", None
    if (subject, dtype) in _WITH_CHECKING_GOAL:
        goal, met = f"≤ {MOST_CHECKING:g}", costs.checking <= MOST_CHECKING
    shown = f"{costs.check:.1f} / {costs.fill:.1f} ns"
    yield Row(f"checking / initializer, {name}, {shown}", f"{costs.checking:.2f}", goal, met)
    if costs.kstest is not None and costs.advantage is not None:
        shown = f"{costs.kstest:.0f} / {costs.draw + costs.check:.1f} ns"
        advantage = f"{costs.advantage:.1f}"
        met = costs.advantage >= LEAST_ADVANTAGE
        yield Row(
            f"kstest / verification, {name}, {shown}", advantage, f"≥ {LEAST_ADVANTAGE:g}", met
        )


def _rows(rounds: int) -> Iterator[Row]:
    # Memory first: Linux hands a process's peak down to its children.
    yield from _memory_rows()
    for dtype in DTYPES:
        for subject in SUBJECTS:
            yield from _cost_rows(subject, dtype, pool.measure(subject, dtype, rounds))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="repetitions; the least time counts")
    rounds: int = parser.parse_args(arguments).rounds
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, time per value, one thread, best of {rounds} rounds\n")
    print(f"{'what':<66}{'result':>10}   goal")
    for row in _rows(max(1, rounds)):
        print(row, flush=True)


if __name__ == "__main__":
    main()
