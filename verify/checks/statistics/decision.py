"""What a statistic decides, and what is told of it where anybody asks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from verify.checks.finding import Detectable, Effect, Finding
from verify.checks.words import WORDS


@dataclass(frozen=True)
class Told:
    """What is told of a decision: the size of the deviation, and of what would have been found."""

    detail: str
    effect: Effect | None = None
    detectable: Detectable | None = None


@dataclass(frozen=True)
class Decision:
    """What was decided; most decisions are counted, and few are told.

    Attributes
    ----------
    check, passed, p_value, n, exact, place
        As in `Finding`.
    tell : callable
        What to tell of it.
    """

    check: str
    passed: bool
    p_value: float | None
    n: int
    tell: Callable[[], Told]
    exact: bool = False
    place: str = ""
    horizon: str = ""
    """What to say of the horizon, beyond it."""
    is_open: bool = False
    """Whether nothing is decided there."""

    def finding(self, scope: str = "cell", case: str | None = None, tensor: str = "") -> Finding:
        """The finding of a tensor, in a case or the whole cell."""
        told = self.tell()
        seen = told.detectable
        if self.is_open or (seen is not None and not math.isfinite(seen.size)):
            seen = None  # Too few values to see anything of the kind.
        subject = "not decided" if self.is_open else WORDS[self.check].subject(self.passed)
        return Finding(
            self.check,
            self.passed,
            self.p_value,
            self.n,
            f"{subject}: {told.detail}{self.horizon}",
            told.effect,
            seen,
            scope=scope,
            case=case,
            tensor=tensor,
            exact=self.exact,
            place=self.place,
        )


def decided(
    check: str,
    p_value: float,
    n: int,
    tell: Callable[[], Told],
    *,
    level: float,
    bound: bool = False,
    resolution: float = 0.0,
    place: str = "",
) -> Decision:
    """A statistical decision at a level; a NaN p-value is a failure, never a pass.

    `bound` says that the p-value is a bound though the check has exact ones elsewhere: so is one
    from which more than `bounds.NEGLIGIBLE` standard errors are taken off for a lattice. Beyond the
    horizon of a check that takes nothing off for the lattice, of this `resolution`, its p-value
    is 1.
    """
    words = WORDS[check]
    if words.horizon is None:
        raise LookupError(
            f"the check {check!r} has a p-value and no horizon: name one in its row of "
            "verify/checks/words.py, among those of verify/checks/horizons.py"
        )
    horizon = ""
    if n > (most := words.horizon.at(resolution)):
        horizon = f"; at the horizon: beyond {most:.2g} values more show nothing smaller"
        if not (words.horizon.allowed or math.isnan(p_value)):
            return Decision(check, True, 1.0, n, tell, place=place, horizon=horizon, is_open=True)
    exact = words.exact and not bound
    return Decision(check, p_value >= level, p_value, n, tell, exact, place, horizon)
