"""`calculate_gain` returns the documented gains, and rejects what it must."""

from __future__ import annotations

import math
from functools import partial

from verify.behaviour.exact import Comparison, compare
from verify.laws import GAINS, gain
from verify.outcome.outcome import Outcome
from verify.subjects.refusals.refusal import REFUSED
from verify.torch_api import calculate_gain

_SLOPES = (0.0, 0, 1, -1, 2, 0.01, 0.2, -0.3, 1e-6, 1e3, math.sqrt(5))
_NUMBERS: tuple[float | None, ...] = (None, *_SLOPES)

_REFUSED = (
    ("leaky_relu", True),
    ("leaky_relu", False),
    ("leaky_relu", "0.1"),
    ("leaky_relu", [0.1]),
    ("leaky_relu", 1j),
    ("gelu", None),
    ("RELU", None),
    ("", None),
    ("conv4d", None),
)


def _comparison(expected: object, *arguments: object) -> Comparison:
    shown = ", ".join(map(repr, arguments))
    return Comparison(f"calculate_gain({shown})", partial(calculate_gain, *arguments), expected)


_COMPARISONS = [
    *(_comparison(gain(name), name) for name in GAINS),
    *(_comparison(gain(name, number), name, number) for name in GAINS for number in _NUMBERS),
    *(_comparison(REFUSED, *arguments) for arguments in _REFUSED),
]


def verify_gains(host: str) -> Outcome:
    """Compare every nonlinearity and parameter of the documentation's table, but for rounding."""
    asked = Outcome(
        promise="gain",
        subject=host,
        backend="host",
        dtype="float64",
        words="the recommended gain of each nonlinearity; others are refused",
        formula="1, 5/3, √2, √(2/(1+slope²)), 3/4",
        source="PyTorch documentation, calculate_gain; He et al. 2015, eq. 15",
    )
    return compare(asked, _COMPARISONS)
