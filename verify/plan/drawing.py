"""Hypothesis, driven by the run seed alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from hypothesis.strategies import SearchStrategy

from verify.subjects import python_streams

T = TypeVar("T")
P = TypeVar("P")

# Hypothesis draws some constants from the source of the local modules that happen to be loaded.
# Cases must not depend on how the suite is written, nor on who imported what; no setting says so.
providers._get_local_constants = Constants

PHASES = (Phase.generate, Phase.shrink)


def for_each_case(
    strategy: SearchStrategy[T], check: Callable[[T], None], *, seed: int, examples: int
) -> None:
    """Call `check` on drawn values; should one fail, raise the failure of the smallest.

    Every setting that a profile, a database, a deadline or the environment could change is
    fixed here: Hypothesis's own profile for CI, for one, draws the same cases every night.
    So are the global streams of Python and NumPy, which Hypothesis starts from 0.
    """

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=PHASES,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def explore(value: T) -> None:
        python_streams.seed(seed)
        check(value)

    explore()


class _Failed(Exception):
    """Something is wrong with a value; Hypothesis shrinks on this."""


def smallest_failure(
    strategy: SearchStrategy[T], wrong: Callable[[T], list[P]], *, seed: int, examples: int
) -> list[P]:
    """What is wrong with the smallest drawn value with which something is; nothing if all is well.

    Parameters
    ----------
    strategy : SearchStrategy
    wrong : callable
        What is wrong with a value.
    seed, examples : int
        As for `for_each_case`.
    """
    found: list[P] = []

    def check(value: T) -> None:
        found[:] = wrong(value)
        if found:
            raise _Failed

    try:
        for_each_case(strategy, check, seed=seed, examples=examples)
    except _Failed:
        return found  # Of the smallest: Hypothesis runs it last.
    return []
