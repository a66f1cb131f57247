"""Cells that not every run looked at: a suite that grew, or a run that was smaller."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reports.evidence.records import CellRecord
from reports.evidence.words import listing, plural
from reports.nights.changes import Trace
from reports.nights.history import Night

_IDLE = (
    "not run the last time, for another shard, profile, backend, selection or list of known "
    "defects, or for want of a package"
)


def _last_seen(trace: Trace) -> int:
    return max(at for at, point in enumerate(trace.points) if point.verdict is not None)


def _first_seen(trace: Trace) -> int:
    return next(at for at, point in enumerate(trace.points) if point.verdict is not None)


@dataclass(frozen=True)
class Presence:
    """Cells by why some runs lack them."""

    new: tuple[Trace, ...] = ()
    gone: tuple[Trace, ...] = ()
    idle: tuple[Trace, ...] = ()

    @property
    def sentences(self) -> Iterator[tuple[str, tuple[Trace, ...]]]:
        """Yield what is to be said of each kind, and its cells."""
        version = "another version of the suite or of PyTorch"
        since = listing(dict.fromkeys(t.nights[_first_seen(t)].name for t in self.new))
        until = listing(dict.fromkeys(t.nights[_last_seen(t)].name for t in self.gone))
        for words, cells in (
            (f"added with {version}, first seen in {since}", self.new),
            (f"dropped with {version}, last seen in {until}", self.gone),
            (_IDLE, self.idle),
        ):
            if cells:
                verb = "was" if len(cells) == 1 else "were"
                yield f"{plural(len(cells), 'cell')} {verb} {words}.", cells


def presence(found: Iterable[Trace]) -> Presence:
    """Tell cells that a version of the suite added or dropped from those that were not run."""
    kinds: dict[str, list[Trace]] = defaultdict(list)
    for trace in found:
        first, last = _first_seen(trace), _last_seen(trace)
        if _elsewhere(trace.cell, trace.nights[first], trace.nights[:first]):
            kinds["new"].append(trace)
        if trace.latest.blank:
            gone = _elsewhere(trace.cell, trace.nights[last], trace.nights[last + 1 :])
            kinds["gone" if gone else "idle"].append(trace)
    return Presence(**{kind: tuple(own) for kind, own in kinds.items()})


def _elsewhere(cell: CellRecord, night: Night, others: Sequence[Night]) -> bool:
    """Whether runs as wide as this one are among others, and all of them of other versions."""
    alike = [other for other in others if _is_as_wide(other, night, cell)]
    return bool(alike) and all(_version(other) != _version(night) for other in alike)


def _is_as_wide(one: Night, other: Night, cell: CellRecord) -> bool:
    """Whether a run looks at all cells like this one that another looks at."""
    selected = {*one.run.selections}
    return _width(one, cell) == _width(other, cell) and (
        not selected or selected == {*other.run.selections}
    )


def _width(night: Night, cell: CellRecord) -> tuple[object, ...]:
    told = night.run.environment
    # A list of known defects decides which witnesses there are, a model of one's own about all.
    known = told.get("known defects") if cell.witness else None
    return (night.run.profile, {*night.run.shards}, night.backends, told.get("recipe"), known)


def _version(night: Night) -> tuple[str | None, str]:
    return (night.run.environment.get("suite"), night.run.torch)
