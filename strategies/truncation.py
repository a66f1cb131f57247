"""Parameters of a truncated normal distribution."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, get_args

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.normal import USUAL_STDS, draw_mean

TruncationKind = Literal[
    "centred",
    "off_centre",
    "one_sided",
    "narrow",
    "tail",
    "mean_outside",
    "far_tail",
    "one_sided_tail",
]
TRUNCATION_KINDS: tuple[TruncationKind, ...] = get_args(TruncationKind)

Window = tuple[float, float]


@dataclass(frozen=True)
class Truncation:
    """A normal distribution conditioned on an interval.

    Attributes
    ----------
    mean, std
        The normal distribution before truncation; finite, and ``std > 0``.
    a, b
        The bounds in units of the values (not of `std`), ``a < b``; either may be infinite.
    """

    mean: float
    std: float
    a: float
    b: float

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        if not (math.isfinite(self.mean) and 0 < self.std < math.inf and self.a < self.b):
            raise ValueError(f"not a truncated normal distribution: {self}")


@strategy
def truncations(
    *,
    kinds: Collection[TruncationKind] = TRUNCATION_KINDS,
    min_std: float = 1e-4,
    max_std: float = 1e4,
) -> Callable[[Choices], Truncation]:
    """Draw mean, standard deviation and bounds of a truncated normal distribution.

    Parameters
    ----------
    kinds
        Which windows to draw, each as often as the others; all by default. Distances are in
        units of `std`, and every lopsided window comes on either side of the mean:

        ``centred``
            the mean is the middle; the bounds are 0.3 to 100 away (2 is usual).
        ``off_centre``
            the mean is inside, one bound 0.1 to 6 away and the other 1.25 to 8 times that.
        ``one_sided``
            one bound is infinite or beyond 8; the other is at most 0.5 on the wrong side of the
            mean, so that 30 % of the normal distribution is inside.
        ``narrow``
            0.001 to 0.3 wide, centred on the mean or up to 2 away.
        ``tail``
            starts at z = 2 to 8 from the mean, 0.1/z to 4/z wide: the density falls by a factor
            of 1.1 to several thousand inside the window.
        ``mean_outside``
            starts 0.01 to 3 from the mean, 0.1 to 10 wide.
        ``far_tail``
            like ``tail``, from 8 to 30: double precision has no mass left there unless
            the tail is computed as such.
        ``one_sided_tail``
            starts 1 to 6 from the mean, and the other bound is infinite.
    min_std, max_std
        The bounds of the standard deviation, which is 1 or 0.02 in half of the draws and else
        log-uniform.

    Returns
    -------
    SearchStrategy[Truncation]
        The mean is 0 in half of the draws, else up to 4 or, in one draw of eight, 10 to 1000
        standard deviations away from 0. Shrinks to the first of `kinds` in the order of
        `TRUNCATION_KINDS`, with mean 0 and std 1.

    Raises
    ------
    InvalidArgument
        When `kinds` is empty or holds an unknown kind, or when a standard deviation is not
        between 1e-150 and 1e150 or out of order.

    References
    ----------
    https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.trunc_normal_ (bounds are
    absolute)

    Examples
    --------
    >>> from hypothesis import find
    >>> find(truncations(), lambda law: True)
    Truncation(mean=0.0, std=1.0, a=-2.0, b=2.0)
    """
    _check.subset(TRUNCATION_KINDS, kinds=kinds)
    _check.scales(min_std=min_std, max_std=max_std)
    _check.ordered(min_std=min_std, max_std=max_std)
    options = [kind for kind in TRUNCATION_KINDS if kind in kinds]

    def draw_truncation(choices: Choices) -> Truncation:
        kind, sign = choices.pick(options), choices.sign()
        std = choices.scale(min_std, max_std, USUAL_STDS)
        mean = draw_mean(choices, std, 1000.0)
        low, high = _WINDOWS[kind](choices)
        if sign < 0:
            low, high = -high, -low
        return Truncation(mean, std, mean + low * std, mean + high * std)

    return draw_truncation


def _centred(choices: Choices) -> Window:
    half = choices.pick((2.0, 1.0, 3.0, None)) or choices.log_float(0.3, 100, near=2)
    return -half, half


def _off_centre(choices: Choices) -> Window:
    near = choices.log_float(0.1, 6)
    return -near, near * choices.log_float(1.25, 8, near=2)


def _one_sided(choices: Choices) -> Window:
    start = choices.pick((0.0, -1.0, -2.0, 0.5, None))
    if start is None:
        start = 0.5 - choices.log_float(0.01, 5)
    far = choices.pick((math.inf, None)) or choices.log_float(8.01, 100)
    return start, far


def _narrow(choices: Choices) -> Window:
    width = choices.log_float(1e-3, 0.3)
    centre = choices.log_float(0.01, 2) if choices.one_in(2) else 0.0
    return centre - width / 2, centre + width / 2


def _tail_from(lowest: float, highest: float) -> Callable[[Choices], Window]:
    def draw_window(choices: Choices) -> Window:
        start = choices.log_float(lowest, highest)
        return start, start + choices.log_float(0.1, 4) / start

    return draw_window


def _mean_outside(choices: Choices) -> Window:
    start = choices.log_float(0.01, 3)
    return start, start + choices.log_float(0.1, 10)


def _one_sided_tail(choices: Choices) -> Window:
    return choices.log_float(1, 6), math.inf


_WINDOWS: dict[TruncationKind, Callable[[Choices], Window]] = {
    "centred": _centred,
    "off_centre": _off_centre,
    "one_sided": _one_sided,
    "narrow": _narrow,
    "tail": _tail_from(2, 8),
    "mean_outside": _mean_outside,
    "far_tail": _tail_from(8, 30),
    "one_sided_tail": _one_sided_tail,
}
