"""A signal on its way through many layers: how large it is after each, against theory."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from verify.checks import bounds
from verify.checks.bounds import ALPHA, INTERVAL_Z, POWER_MISS
from verify.checks.finding import Detectable, Effect
from verify.checks.statistics.base import Floats, Statistic
from verify.checks.statistics.decision import Decision, Told, decided


@dataclass(frozen=True, eq=False)
class Signal(Statistic):
    """Standard deviations layer by layer, and what the squares say of all layers together.

    The decision is about the mean of ``f(z)²/E f(z)² − 1`` over all units of all layers, each
    expectation taken given the layer's input.
    """

    observed: Floats
    expected: Floats
    """Root mean square of each layer's activations: seen, and by the mean-field recursion."""
    n: int
    excess: float
    """The mean, and its standard error."""
    error: float
    exponent: float
    """Chernoff's bound of its probability is ``2 exp(−exponent)``."""
    tilts: Floats | None = None
    """Tilts t > 0, shape ``(k,)``, by which it is bounded."""
    cumulants: Floats | None = None
    """``P(±sum ≥ s) ≤ exp(c − ts)``: c of each tilt, shape ``(2k,)``, first upwards."""

    kind = "signal"

    @property
    def pools(self) -> bool:
        """No: every network has layers of its own."""
        return False

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        factor, half = 1 + self.excess, INTERVAL_Z * self.error
        return [
            decided(
                name,
                bounds.at_most_one(2 * math.exp(-self.exponent)),
                self.n,
                lambda: Told(
                    f"a layer makes {factor:.4g}× the mean square that theory gives it",
                    Effect(
                        "mean square of a layer", factor, factor - half, factor + half, "× theory"
                    ),
                    Detectable(
                        "mean square of a layer given its input",
                        self._detectable(level),
                        "relative",
                    ),
                ),
                level=level,
            )
        ]

    def _detectable(self, level: float) -> float:
        """Relative excess of every layer's mean square, given its input, found with power 0.999.

        The squares are that much larger, and relatively no more spread. For a rectifier the
        weights' variance is off by as much; for a function that saturates it is off by more.
        """
        if self.tilts is None or self.cumulants is None:
            return math.inf
        above, below = self.cumulants.reshape(2, -1)
        alarm = float(np.min((math.log(2 / level) + above) / self.tilts))
        short = float(np.min((below - math.log(POWER_MISS)) / self.tilts))
        return (alarm + short) / (self.n - short) if short < self.n else math.inf
