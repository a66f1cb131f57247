"""What a check returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Effect:
    """An estimate in natural units with its 99.9 % interval."""

    name: str
    estimate: float
    low: float
    high: float
    unit: str = ""


@dataclass(frozen=True)
class Detectable:
    """The smallest error that a check finds with power 0.999 at level α."""

    name: str
    size: float
    unit: str = ""


@dataclass(frozen=True)
class Finding:
    """One decision: a statistic of a sample against a law, or an exact comparison.

    Attributes
    ----------
    check : str
        Name of the check.
    passed : bool
        The verdict at level α.
    p_value : float or None
        None for an exact comparison.
    n : int
        Number of values (or calls, or pairs) behind the decision.
    message : str
        Plain-language sentence; for a failure the diagnosis.
    effect, detectable
        Size of the deviation, and the smallest one that would have been found.
    scope : str
        ``"case"`` or ``"cell"``.
    case : str or None
        The drawn configuration, for a case-scope finding.
    confirmation : float or None
        The p-value of the same check on fresh draws with four times the sample.
    """

    check: str
    passed: bool
    p_value: float | None
    n: int
    message: str
    effect: Effect | None = None
    detectable: Detectable | None = None
    scope: str = "cell"
    case: str | None = None
    confirmation: float | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every attribute."""
        return asdict(self)
