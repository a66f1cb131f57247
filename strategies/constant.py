"""Values to fill a tensor with."""

from __future__ import annotations

import math
from collections.abc import Callable

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy

FLOAT32_MAX = (2 - 2**-23) * 2.0**127

#: Exact and inexact in binary, next to the limits of float32, float16 and bfloat16.
_USUAL = (
    0.0,
    1.0,
    0.1,
    0.5,
    2.0,
    42.0,
    1 / 3,
    math.pi,
    -0.0,
    -1.0,
    -0.1,
    65504.0,
    1 + 2**-23,
    1 + 2**-11,
    1 + 2**-9,
    2.0**-24,
    2.0**-126,
    2.0**-149,
    -(2.0**-149),
    2.0**24 + 1,
    FLOAT32_MAX,
    -FLOAT32_MAX,
)


@strategy
def constants(*, allow_infinity: bool = True) -> Callable[[Choices], float]:
    """Draw a value for ``constant_``: finite in float32, or infinite, never NaN.

    Half of the draws are values that tell roundings apart: signed zeros, 1, 0.1, 1/3, ties
    between neighbours in low precision, the largest, smallest and subnormal numbers of float16
    and float32. The others are any float32 (all exponents, subnormals included) or a decimal
    number of three digits, of either sign.

    Parameters
    ----------
    allow_infinity
        Whether to draw the two infinities, in one draw of sixteen.

    Returns
    -------
    SearchStrategy[float]
        Shrinks to 0.0.

    Raises
    ------
    InvalidArgument
        When `allow_infinity` is not a boolean.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(constants(), lambda value: value < 0)
    -1.0
    """
    _check.booleans(allow_infinity=allow_infinity)

    def draw_constant(choices: Choices) -> float:
        kind, sign, usual = choices.below(16), choices.sign(), choices.pick(_USUAL)
        decimal = choices.log_float(1e-6, 1e6)
        subnormal, exponent = choices.one_in(8), choices.integer(1, 254)
        fraction = choices.below(2**23)
        if kind < 8:
            return usual
        if kind < 12:
            return sign * decimal
        if kind == 15 and allow_infinity:
            return sign * math.inf
        if subnormal:
            return sign * math.ldexp(fraction, -149)
        return sign * math.ldexp(2**23 + fraction, exponent - 150)

    return draw_constant
