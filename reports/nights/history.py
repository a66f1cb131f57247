"""Many runs side by side: what became of each cell from run to run.

Of each run little is kept for a cell, whatever the size of its evidence: the verdict, the
smallest p-value and one effect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reports.evidence import store
from reports.evidence.records import CellRecord, Effect, Line, RunRecord, Verdict
from reports.evidence.verdict import RunVerdict, finding_key, overall, worst_finding
from reports.text.summary import diagnosis

LETTERS = {
    Verdict.PASS: "P", Verdict.FAIL: "F", Verdict.TIMED_OUT: "T", Verdict.CRASHED: "C",
    Verdict.LOST: "L", Verdict.ERROR: "E", Verdict.NOT_RUN: "N", Verdict.KNOWN_DEFECT: "K",
    Verdict.UNSUPPORTED: "U", Verdict.NOT_TESTED: "–",
}  # fmt: skip
ABSENT = "·"
_NAMES = ("nodeid", "promise", "subject", "witness", "backend", "dtype")
LEGEND: Mapping[str, str] = dict(LETTERS) | {"absent": ABSENT}
"""What the letters mean, for readers."""
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Point:
    """What one run says of a cell; without a verdict the run neither planned nor saw it."""

    verdict: Verdict | None
    p_value: float = 1.0
    """The smallest, times the number of findings: what a single check would show."""
    effect: Effect | None = None
    words: str = ""

    @property
    def letter(self) -> str:
        """The verdict in one letter."""
        return LETTERS.get(self.verdict, "?") if self.verdict else ABSENT

    @property
    def bad(self) -> bool:
        """Whether the cell is wrong, or there is no result of it."""
        return self.verdict is not None and self.verdict.needs_attention

    @property
    def rank(self) -> int:
        """Place of the verdict among all, the worst first; none comes last."""
        return len(Verdict) if self.verdict is None else self.verdict.rank


_NOTHING = Point(None)


@dataclass(frozen=True)
class Night:
    """A run of the history."""

    name: str
    start: str
    run: RunRecord
    points: Mapping[str, Point]
    cells: Mapping[str, CellRecord]
    """What each cell is, without its findings."""
    whole: bool = True
    """Whether every line of its evidence could be used."""

    @property
    def verdict(self) -> RunVerdict:
        """What the run says as a whole."""
        found = overall(tuple(self.cells.values()))
        gaps = found is RunVerdict.PASS and not self.whole
        return RunVerdict.INCOMPLETE if gaps else found


@dataclass(frozen=True)
class Trace:
    """A cell from run to run; it is absent where a run neither planned nor saw it."""

    cell: CellRecord
    points: tuple[Point, ...]
    nights: tuple[Night, ...]

    @property
    def letters(self) -> str:
        """All verdicts, one letter each."""
        return "".join(point.letter for point in self.points)

    @property
    def latest(self) -> Point:
        """What the last run says."""
        return self.points[-1]

    @property
    def worst(self) -> Point:
        """The last bad point, or else the last of all."""
        return next((point for point in reversed(self.points) if point.bad), self.latest)

    @property
    def story(self) -> str:
        """What changed and when; nothing for a cell that was always alike."""
        parts = [*self._presence(), *self._badness()]
        return "; ".join(parts)

    @property
    def steady(self) -> bool:
        """Whether nothing about the cell needs attention."""
        return not self.story

    def _presence(self) -> Iterator[str]:
        seen = [point.verdict is not None for point in self.points]
        first, last = seen.index(True), len(seen) - 1 - seen[::-1].index(True)
        if first > 0:
            yield f"appears in {_named(self.nights[first])}"
        if last < len(seen) - 1:
            yield f"disappears after {_named(self.nights[last])}"

    def _badness(self) -> Iterator[str]:
        bad = [index for index, point in enumerate(self.points) if point.bad]
        if not bad:
            return
        start = bad[0]
        yield f"{self.points[start].verdict} first in {_named(self.nights[start])}"
        if self.latest.verdict is not None and not self.latest.bad:
            since = bad[-1] + 1
            yield f"{self.points[since].verdict} again since {_named(self.nights[since])}"


def read(directory: Path, problems: list[str]) -> tuple[Night, ...]:
    """Read the runs in the folders of a directory, in order of their start, then by name.

    Parameters
    ----------
    directory
        Holds one folder for each run.
    problems
        Gets a sentence for each thing that cannot be used.

    """
    nights = []
    for folder in _folders(directory):
        try:
            night = _night(folder, problems)
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{folder} was not used: {store.system_says(error)}.")
            continue
        if night.points:
            nights.append(night)
        else:
            problems.append(f"{folder} was not used: {store.EVIDENCE} holds no usable evidence.")
    return tuple(sorted(nights, key=lambda night: (night.start, _natural(night.name))))


def without_evidence(directory: Path) -> list[str]:
    """Return a sentence for each folder of a directory that is none of a run."""
    return [
        f"{folder} was not used: it holds no evidence."
        for folder in _folders(directory)
        if not (folder / store.EVIDENCE).exists()
    ]


def _folders(directory: Path) -> list[Path]:
    return sorted(filter(Path.is_dir, directory.iterdir()))


def traces(nights: Sequence[Night]) -> list[Trace]:
    """Return every cell of any run, the most worrying first."""
    cells = {name: cell for night in nights for name, cell in night.cells.items()}
    found = [
        Trace(cell, tuple(n.points.get(name, _NOTHING) for n in nights), tuple(nights))
        for name, cell in cells.items()
    ]
    return sorted(found, key=_worry)


def _night(folder: Path, problems: list[str]) -> Night:
    points: dict[str, Point] = {}
    cells: dict[str, CellRecord] = {}
    runs: list[RunRecord] = []
    said: list[str] = []
    for number, entry in store.records_of(folder / store.EVIDENCE, _gist, said):
        if isinstance(entry, RunRecord):
            runs.append(entry)
            continue
        cell, point = entry
        if cell.nodeid in points:
            said.append(f"Line {number} was not used: it repeats {cell.nodeid}.")
        else:
            points[cell.nodeid], cells[cell.nodeid] = point, cell
    if not runs:
        said.append(store.NO_RUN_LINE)
    identities = {name: found for run in runs for name, found in run.identities.items()}
    for line in store.lost({name for run in runs for name in run.planned}, points, identities):
        cell = CellRecord.from_json(line)
        points[cell.nodeid], cells[cell.nodeid] = Point(cell.verdict, words=cell.reason), cell
    problems += [f"{folder}: {sentence}" for sentence in said[:3]]
    problems += [f"{folder}: {len(said) - 3} more lines like these."] if len(said) > 3 else []
    run = (runs or [RunRecord()])[0]
    return Night(folder.name, _start(folder, problems), run, points, cells, not said)


def _gist(line: Line) -> RunRecord | tuple[CellRecord, Point]:
    """Return what is kept of a line; statistics, by far the most of it, are not looked at."""
    if line["kind"] == "run":
        return RunRecord.from_json(line)
    cell = CellRecord.from_json({**line, "statistics": {}, "tensors": {}})
    worst = worst_finding(cell)
    if worst is None:
        point = Point(cell.verdict, words=cell.reason)
    else:
        words = "" if cell.verdict is Verdict.PASS else diagnosis(cell)
        p_value = min(1.0, finding_key(worst)[1] * len(cell.findings))
        point = Point(cell.verdict, p_value, worst.effect, words)
    names = {key: line.get(key) for key in _NAMES}
    return CellRecord.from_json({**names, "verdict": cell.verdict, "replay": cell.replay}), point


def _start(folder: Path, problems: list[str]) -> str:
    """Return when a run began, in UTC; nothing where that is not known."""
    path = folder / store.TIMINGS
    try:
        with store.opened(path) as file:
            begun = datetime.fromisoformat(json.load(file)["start"])
        return begun.astimezone(UTC).isoformat(timespec="seconds")
    except FileNotFoundError:
        return ""
    except (OSError, *store.MALFORMED):
        problems.append(f"{path} cannot be used: the run stands where its name puts it.")
        return ""


def _named(night: Night) -> str:
    return f"{night.name} (torch {night.run.torch})"


def _natural(name: str) -> list[tuple[int, str]]:
    """Order names as a reader would: 2 before 10."""
    return [(int(x), "") if x.isdecimal() else (0, x) for x in _DIGITS.split(name)]


def _worry(trace: Trace) -> tuple[object, ...]:
    """Bad now, then bad once, then changed, then the rest; in each the worst verdict first."""
    worst = trace.worst
    bad = (not trace.latest.bad, not worst.bad, trace.steady, worst.rank)
    return (*bad, min(p.p_value for p in trace.points), trace.cell.nodeid)
