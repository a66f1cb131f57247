"""The times of initializers in two runs, and the rule by which one is called slower."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.evidence.store import MALFORMED, why

SPEED = "speed.json"
SCHEMA = 1
FACTOR = 1.25
"""A ratio that changed by less is not reported: processes and builds differ by as much."""

_SIDES = ("baseline", "candidate")
_MISSING = (
    f"No times are compared: the {{}} has no {SPEED}, which "
    f"`python -m benchmarks.speed --json {SPEED}` writes in its environment."
)


@dataclass(frozen=True)
class Ratio:
    """The time of an initializer relative to a fill of the same tensor, with its interval."""

    subject: str
    backend: str
    dtype: str
    estimate: float
    low: float
    high: float

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Ratio:
        """Read an entry; raise KeyError, TypeError or ValueError where it is malformed."""
        subject, backend, dtype = (str(data[name]) for name in ("subject", "backend", "dtype"))
        estimate, low, high = (float(data[name]) for name in ("estimate", "low", "high"))
        found = cls(subject, backend, dtype, estimate, low, high)
        if not 0 < found.low <= found.estimate <= found.high < float("inf"):
            raise ValueError(f"the ratio of {found.subject} is no number within its interval")
        return found

    @property
    def place(self) -> tuple[str, str, str]:
        """What was measured."""
        return self.subject, self.backend, self.dtype


@dataclass(frozen=True)
class TimeChange:
    """A ratio that changed by more than noise."""

    before: Ratio
    after: Ratio

    @property
    def factor(self) -> float:
        """How many times as long it takes now."""
        return self.after.estimate / self.before.estimate


@dataclass(frozen=True)
class Times:
    """Changes, the slowest first; how many ratios were compared; why none were.

    `damaged` says that there was a file of times that could not be used.
    """

    changes: tuple[TimeChange, ...] = ()
    compared: int = 0
    problems: tuple[str, ...] = ()
    damaged: bool = False


def times(baseline: Path, candidate: Path) -> Times:
    """Compare the speed files of two folders; where neither has one, nothing is said."""
    old, new = baseline / SPEED, candidate / SPEED
    missing = [side for side, path in zip(_SIDES, (old, new), strict=True) if not path.is_file()]
    if missing:
        return Times(problems=(_MISSING.format(missing[0]),) if len(missing) == 1 else ())
    problems: list[str] = []
    read = [_read(side, path, problems) for side, path in zip(_SIDES, (old, new), strict=True)]
    found = changed(*read)
    compared = len({ratio.place for ratio in read[0]} & {ratio.place for ratio in read[1]})
    return Times(tuple(found), compared, tuple(problems), damaged=bool(problems))


def _read(side: str, path: Path, problems: list[str]) -> list[Ratio]:
    try:
        data = json.loads(path.read_bytes())
        if data["schema"] != SCHEMA:
            raise ValueError(f"its schema is {data['schema']!r}, and this version reads {SCHEMA}")
        return [Ratio.from_json(entry) for entry in data["ratios"]]
    except (OSError, *MALFORMED) as error:
        problems.append(
            f"The times of the {side} were not used: {path.name} is damaged ({why(error)}); "
            "measure them again, or take the file away."
        )
        return []


def changed(baseline: Iterable[Ratio], candidate: Iterable[Ratio]) -> list[TimeChange]:
    """Return what is slower or faster: intervals disjoint, and by more than `FACTOR`."""
    old = {ratio.place: ratio for ratio in baseline}
    pairs = [TimeChange(old[new.place], new) for new in candidate if new.place in old]
    return sorted(filter(_beyond_noise, pairs), key=lambda change: -change.factor)


def _beyond_noise(change: TimeChange) -> bool:
    before, after, factor = change.before, change.after, change.factor
    disjoint = after.low > before.high or after.high < before.low
    return disjoint and max(factor, 1 / factor) > FACTOR
