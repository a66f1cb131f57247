"""Numbers of few digits."""

from __future__ import annotations

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


def few_digits(estimate: float, error: float, most: int = 6) -> Iterator[tuple[int, float]]:
    """Numbers near an estimate, with one digit, with two, … until one is as near as can be.

    Parameters
    ----------
    estimate : float
    error : float
        Its relative standard error.
    most : int
        Digits.
    """
    last = None
    for digits in range(1, most + 1):
        value = float(f"{estimate:.{digits - 1}e}")
        off = abs(value / estimate - 1)
        if value != last and (off <= 5 * error if digits < 3 else off <= 1.5 * error):
            yield digits, value
        if off <= 1.5 * error and digits > 1:
            return
        last = value
