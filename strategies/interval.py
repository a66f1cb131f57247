"""Bounds of a uniform distribution."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, get_args

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy

IntervalKind = Literal["unit", "symmetric", "one_sided", "wide", "offset"]
INTERVAL_KINDS: tuple[IntervalKind, ...] = get_args(IntervalKind)


@dataclass(frozen=True)
class Interval:
    """Two finite bounds, ``low < high``."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"not an interval: {self}")


@strategy
def intervals(
    *, kinds: Collection[IntervalKind] = INTERVAL_KINDS, max_magnitude: float = 1e4
) -> Callable[[Choices], Interval]:
    """Draw the bounds of a uniform distribution.

    Parameters
    ----------
    kinds
        Which intervals to draw, each as often as the others; all by default.

        ``unit``
            [0, 1], or [0, `max_magnitude`] if that is less.
        ``symmetric``
            [-b, b], with b log-uniform over eight decades up to `max_magnitude`.
        ``one_sided``
            [0, b] or [-b, 0].
        ``wide``
            zero inside but not in the middle: one bound in the upper three decades, the other
            1.25 to 1000 times closer to zero.
        ``offset``
            far from zero against its width, which is 0.1 down to 2**-12 of the distance: down to
            2048 lattice steps of float32, and less than one of bfloat16.
    max_magnitude
        The largest absolute value of a bound, in units of the values.

    Returns
    -------
    SearchStrategy[Interval]
        Bounds stay distinct when they are rounded to float32. Shrinks to the first of `kinds`
        in the order of `INTERVAL_KINDS`, with bounds near 1 where allowed.

    Raises
    ------
    InvalidArgument
        When `kinds` is empty or holds an unknown kind, or when `max_magnitude` is not between
        1e-20 and 1e30.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(intervals(), lambda interval: interval.low < 0)
    Interval(low=-1.0, high=1.0)
    """
    _check.subset(INTERVAL_KINDS, kinds=kinds)
    _check.between(1e-20, 1e30, max_magnitude=max_magnitude)
    options = [kind for kind in INTERVAL_KINDS if kind in kinds]

    def draw_interval(choices: Choices) -> Interval:
        kind, sign = choices.pick(options), choices.sign()
        decades = 1e3 if kind == "wide" else 1e8
        far = choices.log_float(max_magnitude / decades, max_magnitude)
        if kind == "unit":
            return Interval(0.0, min(1.0, max_magnitude))
        if kind == "symmetric":
            return Interval(-far, far)
        if kind == "one_sided":
            near = 0.0
        elif kind == "wide":
            near = -far / choices.log_float(1.25, 1e3)
        else:
            near = far * (1 - choices.log_float(2**-12, 0.1, near=0.1))
        return Interval(near, far) if sign > 0 else Interval(-far, 0.0 - near)

    return draw_interval
