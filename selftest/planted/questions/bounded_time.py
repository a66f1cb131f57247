"""Windows of `trunc_normal_` that are filled with something outside.

Windows farther out go wrong today: known defects name them.
"""

from __future__ import annotations

import functools
import math

from selftest.planted.fault import calling, table
from selftest.planted.module import question


def within(chosen, act):
    """Edit what is filled in the windows that are chosen by their bounds."""

    def fill(original, tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
        filled = original(tensor, mean, std, a, b, generator=generator)
        if tensor.shape == (16,) and chosen(a, b):
            act(filled, a, b)
        return filled

    return calling(fill)


def of(low, high):
    return lambda a, b: (a, b) == (low, high)


def negated(tensor, _a, _b):
    tensor.neg_()


def unfilled(tensor, _a, _b):
    tensor[-1] = math.nan


def unbounded(tensor, _a, _b):
    tensor[0] = math.inf


def one_below(tensor, a, _b):
    tensor[7] = a - 1


def above(tensor, _a, b):
    tensor.fill_(b).add_(0.1)


row = functools.partial(question, "bounded_time", "time_limit")
ONE = "1 of 16 values outside the window"

FAULTS = table(
    row("no window at all is infinite", "float64-trunc_normal_", "trunc_normal_",
        within(of(-math.inf, math.inf), unbounded), f"everywhere: {ONE}"),
    row("a very wide window leaves one out", "float32-trunc_normal_", "trunc_normal_",
        within(of(-6e4, 6e4), unfilled), f"within 60,000: {ONE}"),
    row("half a line is turned round", "float32-trunc_normal_", "trunc_normal_",
        within(of(0.0, math.inf), negated), "from 0 on: "),
    row("a half window is turned round", "float64-trunc_normal_", "trunc_normal_",
        within(of(0.0, 6e4), negated), "from 0 to 60,000: "),
    row("a lower tail is turned round", "float64-trunc_normal_", "trunc_normal_",
        within(of(-6.1, -6.0), negated), "from -6.1 to -6: 16 of 16"),
    row("a narrow window is missed", "float64-trunc_normal_", "trunc_normal_",
        within(of(0.5, 0.5 + 1e-6), above), "of width 1e-6 at 0.5: 16 of 16"),
    row("a narrow window at 0 is turned round", "float64-trunc_normal_", "trunc_normal_",
        within(of(-1e-6, 0.0), negated), "of width 1e-6 at 0: "),
    row("a window between two values is missed", "float64-trunc_normal_", "trunc_normal_",
        within(of(11.871, 11.872), one_below), f"between two values of float16: {ONE}"),
    row("one point is missed", "float64-trunc_normal_", "trunc_normal_",
        within(of(1.0, 1.0), above), "of one point: 16 of 16"),
)  # fmt: skip
