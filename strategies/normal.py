"""Parameters of a normal distribution."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy

#: The default, and the `initializer_range` of BERT and its descendants.
USUAL_STDS = (1.0, 0.02)


@dataclass(frozen=True)
class NormalParameters:
    """Mean and standard deviation of a normal distribution; finite, and ``std > 0``."""

    mean: float
    std: float

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        if not (math.isfinite(self.mean) and 0 < self.std < math.inf):
            raise ValueError(f"not a normal distribution: {self}")


@strategy
def normals(
    *, min_std: float = 1e-4, max_std: float = 1e4, max_offset: float = 1e3
) -> Callable[[Choices], NormalParameters]:
    """Draw mean and standard deviation of a normal distribution.

    Parameters
    ----------
    min_std, max_std
        The bounds of the standard deviation, in units of the values. It is 1 or 0.02 in half of
        the draws and else log-uniform.
    max_offset
        The largest distance of the mean from 0, in standard deviations. The mean is 0 in half of
        the draws, up to 4 away in three of eight, and 10 or more in one of eight. A float32
        value keeps about ``2**24 / offset`` lattice steps per standard deviation.

    Returns
    -------
    SearchStrategy[NormalParameters]
        Shrinks to mean 0 and std 1, or to the standard deviation nearest to it.

    Raises
    ------
    InvalidArgument
        When a standard deviation is not between 1e-150 and 1e150 or out of order, or
        `max_offset` is not between 0 and 1e6.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(normals(), lambda law: law.mean != 0)
    NormalParameters(mean=1.0, std=1.0)
    """
    _check.scales(min_std=min_std, max_std=max_std)
    _check.ordered(min_std=min_std, max_std=max_std)
    _check.between(0, 1e6, max_offset=max_offset)

    def draw_parameters(choices: Choices) -> NormalParameters:
        std = choices.scale(min_std, max_std, USUAL_STDS)
        return NormalParameters(draw_mean(choices, std, max_offset), std)

    return draw_parameters


def draw_mean(choices: Choices, std: float, max_offset: float) -> float:
    """Draw a mean up to `max_offset` standard deviations away from 0."""
    place, sign = choices.below(8), choices.sign()
    near, far = (0.01, 4.0) if place < 7 else (10.0, max_offset)
    far = min(far, max_offset) or 1.0
    offset = choices.log_float(min(near, far), far)
    return sign * offset * std if place >= 4 and max_offset else 0.0
