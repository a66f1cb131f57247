"""Numbers of few digits."""

from __future__ import annotations

import math
from collections.abc import Iterator


def constant_rank(digits: int) -> float:
    """One digit is simpler than a formula, two are less so, and more are none."""
    return {1: 1.0, 2: 3.0}.get(digits, 6.0 + digits)


def digits_of(value: float) -> int:
    """How many digits a number has that are not zeros around the others."""
    return len(f"{abs(value):.15g}".replace(".", "").strip("0"))


def written(value: float) -> str:
    """A number as Python reads it."""
    return repr(float(value))


def few_digits(
    estimate: float, error: float, most: int = 6, least: float = -math.inf
) -> Iterator[tuple[int, float]]:
    """Numbers near an estimate, with one digit, with two, … until one is as near as can be.

    Parameters
    ----------
    estimate : float
    error : float
        Its relative standard error.
    most : int
        Digits.
    least : float
        The smallest that the number can be: of what lies below it, the last is rounded up.
    """
    last = None
    for digits in range(1, most + 1):
        value = _rounded(estimate, digits)
        if value < least:
            if digits < most:
                continue
            value = _rounded(estimate + 10.0 ** _exponent(estimate, digits), digits)
        off = abs(value / estimate - 1)
        if value != last and (off <= 5 * error if digits < 3 else off <= 1.5 * error):
            yield digits, value
        if off <= 1.5 * error and digits > 1:
            return
        last = value


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits - 1}e}")


def _exponent(value: float, digits: int) -> int:
    """That of the last of so many digits, as a power of ten."""
    return math.floor(math.log10(abs(value))) - digits + 1
