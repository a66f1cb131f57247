"""Gains."""

from __future__ import annotations

import math
from collections.abc import Callable

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy

#: The gains that `torch.nn.init.calculate_gain` documents.
DOCUMENTED_GAINS = (1.0, 5 / 3, math.sqrt(2), 0.75)


@strategy
def gains(min_value: float = 1e-4, max_value: float = 1e4) -> Callable[[Choices], float]:
    """Draw a gain, the dimensionless factor of an initializer's scale.

    Half of the draws are gains that ``torch.nn.init.calculate_gain`` documents (1, 5/3, sqrt(2)
    and 3/4), as far as the bounds allow; the others are log-uniform between the bounds, with
    three significant digits.

    Parameters
    ----------
    min_value, max_value
        The bounds, both included, from 1e-150 to 1e150.

    Returns
    -------
    SearchStrategy[float]
        Shrinks to 1.0, or to the bound nearest to it.

    Raises
    ------
    InvalidArgument
        When a bound is not a number in that range, or the bounds are out of order.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(gains(), lambda gain: gain > 1)
    1.6666666666666667
    """
    _check.scales(min_value=min_value, max_value=max_value)
    _check.ordered(min_value=min_value, max_value=max_value)
    return lambda choices: choices.scale(min_value, max_value, DOCUMENTED_GAINS)
