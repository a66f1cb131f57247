"""What every statistic can do: merge, decide, be written and be read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from verify.checks import packing
from verify.checks.bounds import ALPHA, POWER_Z
from verify.checks.finding import Finding
from verify.checks.statistics.decision import Decision

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Whole = npt.NDArray[np.int64]
"""Whole numbers of either sign."""

FINE = 2.0**-18
"""Samples whose lattice moves the cdf by more than this are held against their contract
law (support, band-KS, extremes, repeats), and otherwise by a randomised transform or not at all.

Below it the plain transform serves, and every check takes off what the lattice may have done, with
δ the sample's `resolution`: no p-value rests on δ being small, and no number of values is too many.

- KS: δ off the distance.
- Components: the moment generating function is larger by δ times a total variation.
- Tails: the binomial of ``TAIL ± δ``.
- Chi-square: ``2·64·δ·√n`` off the root of the statistic, 63 degrees of freedom.
- Mean and scale of a normal: `bounds.normal_displacement`, about 10·δ and 50·δ off the means.
- Position: δ off each mean.
- Extremes: moved both ways, by the roundings and by the step of the draws.
- Correlation: its mean is 12δ² at most, which 10^21 values do not see at 2^-18.

So the threshold decides about power alone. Where δ is as large as what chance leaves, a check stops
getting sharper: for KS at n = ln(2/α)/(2δ²) values, which is 10^12 for 2^-18, and 6·10^13 for the
2^-21 of float32 (lattice and arithmetic)."""

_SHORT = 8
"""Arrays of so many entries are lists in JSON: easy to read, and short enough."""


def separation(tests: int = 1, level: float = ALPHA) -> float:
    """Standard errors between the law and an alternative found with power 0.999.

    For the largest of `tests` sub-Gaussian sums.
    """
    return math.sqrt(2 * math.log(2 * tests / level)) + POWER_Z


KINDS: dict[str, type[Statistic]] = {}
"""Every kind of statistic by the name it bears in evidence files."""


@dataclass(frozen=True, eq=False)
class Statistic:
    """A summary that merges by addition and yields findings."""

    kind: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        """Make the kind readable from evidence files."""
        KINDS[cls.kind] = cls

    @property
    def pools(self) -> bool:
        """Whether it may be added up over the cases of a cell."""
        return True

    def merge(self, other: Self) -> Self:
        """The summary of both samples; every field adds unless a subclass says otherwise."""
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return type(self)(*(a + b for a, b in pairs))

    def decisions(self, name: str, level: float = ALPHA) -> list[Decision]:
        """Decide at a level, under the check's `name`."""
        raise NotImplementedError

    def findings(self, name: str, level: float = ALPHA) -> list[Finding]:
        """The findings of all decisions."""
        return [decision.finding() for decision in self.decisions(name, level)]

    def to_json(self) -> dict[str, object]:
        """A JSON object: kind and fields; long arrays are packed, see `verify.checks.packing`."""
        values = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}
        return {"kind": self.kind, **values}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """Rebuild a statistic of this kind from the fields that `to_json` wrote.

        A field that an older suite did not know has its default.
        """
        given = (f for f in fields(cls) if f.default is MISSING or f.name in document)
        return cls(**{f.name: _numbers(document[f.name]) for f in given})


def _plain(value: object) -> object:
    if not isinstance(value, np.ndarray):
        return value
    return packing.pack(value) if value.size > _SHORT else value.tolist()


def _numbers(value: object) -> object:
    packed = isinstance(value, list) or (isinstance(value, dict) and "packed" in value)
    return packing.array(value) if packed else value


def from_json(document: Mapping[str, object]) -> Statistic:
    """Rebuild a statistic from `Statistic.to_json`.

    Raises
    ------
    ValueError
        For an unknown kind or a missing field.
    """
    kind = document.get("kind")
    cls = KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise ValueError(f"unknown statistic kind {kind!r}; use a newer suite")
    try:
        return cls.from_json(document)
    except KeyError as missing:
        raise ValueError(f"statistic {cls.kind!r} lacks the field {missing}") from None
