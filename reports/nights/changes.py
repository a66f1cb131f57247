"""What changed from run to run: the verdicts that moved, told once for each cause.

A cell changes between two runs that both looked at it and reached a verdict about PyTorch. A run
that did not look (another shard, profile, backend or selection, a package that is missing) is a
blank, and one that has no result of the cell is a gap: neither is a change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import pairwise

from reports.evidence import promises
from reports.evidence.records import CellRecord, Verdict
from reports.evidence.words import listing, plural
from reports.nights.history import NOTHING, History, Night, Point

# So many changes are told one by one; of more the number is told.
_MOST_STEPS = 2
_KNOWN_LIST = "another list of known defects"


class Group(StrEnum):
    """What has become of cells that changed, or are wrong; the worst first."""

    WRONG = "Wrong now"
    GAP = "Without a result in the last run"
    MENDED = "Wrong before, and well again"
    MOVED = "Other verdicts that moved"

    @property
    def meaning(self) -> str:
        """What the cells of a group have in common, in a sentence."""
        return _MEANINGS[self]


_MEANINGS: Mapping[Group, str] = {
    Group.WRONG: "Each was wrong in the last run that looked at it.",
    Group.GAP: "They crashed, were lost or could not be run: nothing is known of them this time.",
    Group.MENDED: "Each passed in the last run that looked at it, and an earlier one found it "
    "wrong.",
    Group.MOVED: "A known defect that came or went, or what the backend supports.",
}


@dataclass(frozen=True)
class Step:
    """A change of verdict between two runs that looked, by their places in the history."""

    before: int
    after: int
    was: Verdict
    now: Verdict


@dataclass(frozen=True)
class Trace:
    """A cell from run to run."""

    cell: CellRecord
    points: tuple[Point, ...]
    nights: tuple[Night, ...]

    @property
    def latest(self) -> Point:
        """What the last run says."""
        return self.points[-1]

    @cached_property
    def ruled(self) -> tuple[int, ...]:
        """The runs that reached a verdict."""
        return tuple(at for at, point in enumerate(self.points) if point.ruled)

    @cached_property
    def ruling(self) -> Point:
        """What the last run says that reached a verdict."""
        return self.points[self.ruled[-1]] if self.ruled else NOTHING

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every change of verdict."""
        verdicts = [(at, self.points[at].verdict) for at in self.ruled]
        return tuple(
            Step(before, after, was, now)
            for (before, was), (after, now) in pairwise(verdicts)
            if was and now and was != now
        )

    @cached_property
    def streak(self) -> int | None:
        """The first of the runs since which there is no result; None if the last has one."""
        start = None
        for at in reversed(range(len(self.points))):
            if self.points[at].ruled or (start is None and not self.points[at].gap):
                break
            start = at if self.points[at].gap else start
        return start

    @cached_property
    def group(self) -> Group | None:
        """What has become of the cell; None if there is nothing to tell."""
        if self.ruling.wrong:
            return Group.WRONG
        if self.latest.gap:
            return Group.GAP
        if self.ruling.verdict is Verdict.PASS and self.wrong_once:
            return Group.MENDED
        return Group.MOVED if self.steps else None

    @cached_property
    def wrong_once(self) -> bool:
        """Whether any run found the cell wrong."""
        return any(point.wrong for point in self.points)

    @cached_property
    def telling(self) -> Point:
        """The point that says what there is to tell: the last wrong one, or else the last."""
        backwards = [point for point in reversed(self.points) if not point.blank]
        if self.group in (Group.WRONG, Group.MENDED):
            return next(point for point in backwards if point.wrong)
        if self.group is Group.MOVED:
            moved = (point for point in backwards if point.ruled and point.words)
            return next(moved, self.ruling)
        return backwards[0] if backwards else NOTHING

    @cached_property
    def last_seen(self) -> int:
        """The last run that looked at the cell, with or without a result."""
        looked = (at for at in reversed(range(len(self.points))) if not self.points[at].blank)
        return next(looked, len(self.points) - 1)


@dataclass(frozen=True)
class Change:
    """Cells to which the same happened, for the same reason, and between the same runs.

    Attributes
    ----------
    traces
        The most worrying first.
    steps
        The changes of verdict, each between the last run that any of the cells had before it and
        the first that one had after it.

    """

    traces: tuple[Trace, ...]
    steps: tuple[Step, ...]

    @property
    def worst(self) -> Trace:
        """The cell that speaks for all."""
        return self.traces[0]

    @property
    def subjects(self) -> list[str]:
        """What changed, each subject once."""
        return list(dict.fromkeys(trace.cell.title for trace in self.traces))

    @property
    def where(self) -> str:
        """The promises, dtypes and backend."""
        cells = [trace.cell for trace in self.traces]
        titles = sorted({cell.promise for cell in cells}, key=promises.rank)
        dtypes = sorted({cell.dtype for cell in cells})
        shown = (listing(map(promises.title, titles)), listing(dtypes, 8))
        return " · ".join(filter(None, (*shown, self.worst.cell.backend)))

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """The worst that each run says of any of the cells."""
        columns = zip(*(trace.points for trace in self.traces), strict=True)
        return tuple(min(points, key=_weight) for points in columns)

    @property
    def story(self) -> str:
        """What changed, when, and with what."""
        told = (*self._changed(), *self._before(), *self._open())
        return "; ".join(told)

    def _changed(self) -> Iterator[str]:
        """The last change, or that there was none."""
        worst = self.worst
        if worst.group is Group.GAP and worst.streak is not None:
            since = worst.nights[worst.streak].name
            yield f"{worst.latest.verdict}: no result since {since}"
        elif self.steps:
            step = self.steps[-1]
            before, after = worst.nights[step.before], worst.nights[step.after]
            yield _turn(step, before, after, worst.cell.backend)
        else:
            only = all(len(trace.ruled) == 1 for trace in self.traces)
            which = "the only run" if only else "every run"
            yield f"{worst.ruling.verdict} in {which} that looked"

    def _before(self) -> Iterator[str]:
        """The changes before the last, where there were any."""
        if self.worst.group is Group.GAP or len(self.steps) < 2:
            return
        first = self.steps[0]
        name = self.worst.nights[first.after].name
        if len(self.steps) > _MOST_STEPS:
            yield f"one of {len(self.steps)} changes, the first in {name}"
        else:
            yield f"{first.now} since {name} before that"

    def _open(self) -> Iterator[str]:
        """What is not known now."""
        nights = self.worst.nights
        seen = max(trace.last_seen for trace in self.traces)
        if seen < len(nights) - 1:
            yield f"last looked at in {nights[seen].name}"
        lost = sum(trace.latest.gap for trace in self.traces)
        if lost and self.worst.group is not Group.GAP:
            yield f"no result of {plural(lost, 'cell')} in the last run"


def traces(found: History) -> list[Trace]:
    """Return every cell of any run, the most worrying first."""
    nights = found.nights
    all_of = [
        Trace(cell, tuple(night.points.get(name, NOTHING) for night in nights), nights)
        for name, cell in found.cells.items()
        if any(name in night.points for night in nights)
    ]
    return sorted(all_of, key=_worry)


def changes(found: Iterable[Trace]) -> dict[Group, list[Change]]:
    """Fold cells by what happened to them; those to which nothing did are left out."""
    folded: dict[tuple[object, ...], list[_Fold]] = defaultdict(list)
    for trace in found:
        if trace.group is not None:
            _put(trace, folded[_pattern(trace)])
    groups: dict[Group, list[Change]] = {group: [] for group in Group}
    for folds in folded.values():
        for fold in folds:
            change = Change(tuple(fold.traces), fold.steps)
            groups[change.worst.group or Group.MOVED].append(change)
    return {
        group: sorted(rows, key=lambda row: _worry(row.worst))
        for group, rows in groups.items()
        if rows
    }


@dataclass
class _Fold:
    traces: list[Trace]
    steps: tuple[Step, ...]


def _pattern(trace: Trace) -> tuple[object, ...]:
    """Return what cells have in common that may have changed together."""
    same = (trace.group, trace.cell.backend, trace.telling.cause)
    if trace.group is Group.GAP:
        return (*same, trace.latest.verdict, trace.streak)
    return (*same, trace.ruling.verdict, *((step.was, step.now) for step in trace.steps))


def _put(trace: Trace, folds: list[_Fold]) -> None:
    """Add a cell to the first that may have changed when it did: between the same runs.

    Not every run looks at every cell; each narrows down when the change was.
    """
    if trace.group is Group.GAP:
        folds[:1] = [_Fold([*(folds[0].traces if folds else ()), trace], ())]
        return
    for fold in folds:
        pairs = list(zip(fold.steps, trace.steps, strict=True))
        if all(a.before < b.after and b.before < a.after for a, b in pairs):
            fold.traces.append(trace)
            fold.steps = tuple(
                replace(a, before=max(a.before, b.before), after=min(a.after, b.after))
                for a, b in pairs
            )
            return
    folds.append(_Fold([trace], trace.steps))


def _turn(step: Step, before: Night, after: Night, backend: str) -> str:
    """Say in a clause what a change of verdict means, when it was, and what else changed then."""
    torch, listed = _torch(before, after, backend), _listed(before, after)
    well = step.now is Verdict.PASS
    if well and torch:
        said = f"fixed in torch {torch[1]}: pass since {after.name}"
        torch = None
    elif well and listed and step.was is Verdict.KNOWN_DEFECT:
        said = f"no longer on the list of known defects: pass since {after.name}"
        listed = False
    elif step.now is Verdict.KNOWN_DEFECT and listed:
        said = f"on the list of known defects since {after.name}"
        listed = False
    else:
        again = "again " if well else ""
        said = f"{step.now} {again}since {after.name}"
    skipped = f" (last {step.was} in {before.name})" if step.after - step.before > 1 else ""
    with_ = [f"torch {torch[1]} in place of {torch[0]}"] if torch else []
    with_ += [_KNOWN_LIST] if listed else []
    with_ += _differences(before, after)
    return f"{said}{skipped}, with {listing(with_, 5)}" if with_ else f"{said}{skipped}"


def _torch(before: Night, after: Night, backend: str) -> tuple[str, str] | None:
    """Return both versions of PyTorch where they differ."""
    versions = [
        night.run.environment_of(backend).get("torch", night.run.torch) for night in (before, after)
    ]
    return None if versions[0] == versions[1] else (versions[0], versions[1])


def _listed(before: Night, after: Night) -> bool:
    """Whether something else was known to be wrong."""
    told = [night.run.environment.get("known defects") for night in (before, after)]
    return told[0] != told[1] or before.listed != after.listed


def _differences(before: Night, after: Night) -> list[str]:
    """Return what else differs between two runs that may be why a verdict does."""
    found = []
    if before.run.profile != after.run.profile:
        found.append(f"profile {after.run.profile} in place of {before.run.profile}")
    if before.run.environment.get("suite") != after.run.environment.get("suite"):
        found.append("another version of the suite")
    return found


def _weight(point: Point) -> tuple[bool, int, float]:
    return (point.blank, point.rank, point.p_value)


def _worry(trace: Trace) -> tuple[object, ...]:
    """Order by group, then what changed, wrong values, the worst verdict and p-value."""
    groups = list(Group)
    group = groups.index(trace.group) if trace.group else len(groups)
    behaviour = not promises.is_of_values(trace.cell.promise)
    telling = trace.telling
    return (group, not trace.steps, behaviour, telling.rank, telling.p_value, trace.cell.nodeid)
