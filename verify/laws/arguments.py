"""What the constructor of a law refuses: arguments that are no numbers."""

from __future__ import annotations

import numbers


def require_reals(law: object, *names: str) -> None:
    """Check that attributes of a law are real numbers, and keep them as Python's own.

    Ranges are not looked at: they hang on the tensor, and a degenerate law has its uses.

    Raises
    ------
    TypeError
        For what is no real number, a bool or a tensor among them, or none that a double can hold.
    """
    for name in names:
        value: object = getattr(law, name)
        if not isinstance(value, numbers.Real) or isinstance(value, bool):
            raise TypeError(_refusal(law, name, "a real number", value))
        try:
            as_double = float(value)
        except OverflowError:
            raise TypeError(_refusal(law, name, "a number that a double can hold")) from None
        if type(getattr(law, name)) not in (int, float):
            object.__setattr__(law, name, as_double)  # The law is frozen.


def require_count(law: object, name: str) -> None:
    """Check that an attribute is a whole number, and keep it as Python's own.

    Raises
    ------
    TypeError
        For what is no whole number.
    ValueError
        For one below 1.
    """
    value = getattr(law, name)
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(_refusal(law, name, "a whole number", value))
    if value < 1:
        raise ValueError(_refusal(law, name, "a whole number of at least 1", value))
    object.__setattr__(law, name, int(value))


def _refusal(law: object, name: str, wanted: str, *found: object) -> str:
    told = "".join(f", not {value!r}" for value in found)
    return f"{type(law).__name__} needs {wanted} as {name}{told}"
