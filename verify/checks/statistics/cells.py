"""The joint law of two and of three values: how often they lie in each cell of a lattice."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from verify.checks import bounds
from verify.checks.bounds import ALPHA, INTERVAL_Z
from verify.checks.finding import Detectable, Effect
from verify.checks.statistics.base import Counts, Floats, Statistic, separation
from verify.checks.statistics.decision import Decision, Told, decided
from verify.checks.words import WORDS

SIDES = {2: 32, 3: 8}
"""Cells along each axis, for pairs and for triples."""


@dataclass(frozen=True, eq=False)
class Cells(Statistic):
    """Counts of independent pairs and triples of uniform values, cell by cell.

    Decided by their waves, as in the spectral test (Coveyou & MacPherson 1967): for whole numbers
    h the mean of ``exp(2πi·h·d/s)``, where d are the cells of the values and s cells are along an
    axis. Under the law ``h·d`` mod s is uniform on a subgroup whose order is a power of two. From
    order 4 on, it is a union of crosses ``φ + {0, π/2, π, 3π/2}``, and by ``(cosh x + cosh y)/2 =
    cosh((x+y)/2)·cosh((x−y)/2) ≤ exp((x² + y²)/4)`` a wave's real and imaginary part have the proxy
    ½; of order 2 it is a coin of proxy 1. Waves of one value alone are left out: they are its law.
    """

    pairs: Counts
    triples: Counts

    kind = "cells"

    @property
    def n(self) -> int:
        """Number of pairs."""
        return int(self.pairs.sum())

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:  # noqa: D102
        seen = [(axes, _errors(counts, axes), int(counts.sum())) for axes, counts in self._tables()]
        if not seen:
            return []
        tests = sum(errors.size for _, errors, _ in seen)
        axes, errors, n = max(seen, key=lambda each: float(np.abs(each[1]).max()))
        worst = int(np.abs(errors).argmax())
        mean, half = float(errors[worst]) / math.sqrt(2 * n), INTERVAL_Z / math.sqrt(2 * n)
        quantity, place = WORDS[name].quantity, _named(axes, worst)
        most = max(n for *_, n in seen)
        return [
            decided(
                name,
                bounds.sub_gaussian(np.concatenate([errors for _, errors, _ in seen])),
                most,
                lambda: Told(
                    f"{quantity} {mean:+.3g} {place}",
                    Effect(quantity, mean, mean - half, mean + half),
                    Detectable(quantity, separation(tests, level) / math.sqrt(2 * most)),
                ),
                level=level,
                place=place,
            )
        ]

    def _tables(self) -> list[tuple[int, Counts]]:
        """The counts of pairs and of triples, as far as there are any."""
        return [(axes, c) for axes, c in ((2, self.pairs), (3, self.triples)) if c.any()]


@functools.cache
def _watched(axes: int) -> tuple[npt.NDArray[np.intp], Floats]:
    """The flat numbers of the waves that are looked at, and the proxy of each."""
    side = SIDES[axes]
    shape = (*(side,) * (axes - 1), side // 2 + 1)
    waves = np.stack(np.unravel_index(np.arange(math.prod(shape)), shape))
    chosen = np.flatnonzero((waves > 0).sum(axis=0) > 1)
    coin = (waves[:, chosen] % (side // 2) == 0).all(axis=0)
    return chosen, np.where(coin, 1.0, 0.5)


def _errors(counts: Counts, axes: int) -> Floats:
    """Real parts and then imaginary parts of the waves, each in units of its proxy."""
    chosen, proxies = _watched(axes)
    waves = np.fft.rfftn(counts.reshape((SIDES[axes],) * axes)).ravel()[chosen]
    found: Floats = np.concatenate([waves.real, waves.imag]) / np.tile(
        np.sqrt(proxies * counts.sum()), 2
    )
    return found


def _named(axes: int, worst: int) -> str:
    """Which wave it is, with its smallest numbers."""
    side = SIDES[axes]
    chosen, _ = _watched(axes)
    shape = (*(side,) * (axes - 1), side // 2 + 1)
    wave = np.unravel_index(chosen[worst % chosen.size], shape)
    signed = ", ".join(f"{(int(h) + side // 2) % side - side // 2:+d}" for h in wave)
    return f"of the wave ({signed})"
