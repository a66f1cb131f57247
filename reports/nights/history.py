"""Many runs side by side, as they are read: what each says of each cell.

Of each run little is kept for a cell, whatever the size of its evidence, so that a year of nights
fits into memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from pathlib import Path
from sys import intern

from reports.evidence import store
from reports.evidence.records import (
    CellRecord,
    Effect,
    Finding,
    Kind,
    Line,
    RunRecord,
    Verdict,
)
from reports.evidence.verdict import RunVerdict, finding_key, overall, worst_finding
from reports.nights.folders import evidence_of, folders, order, start_of
from reports.text.summary import diagnosis
from verify.checks.words import WORDS

LETTERS = {
    Verdict.PASS: "P", Verdict.FAIL: "F", Verdict.TIMED_OUT: "T", Verdict.CRASHED: "C",
    Verdict.LOST: "L", Verdict.ERROR: "E", Verdict.NOT_RUN: "N", Verdict.KNOWN_DEFECT: "K",
    Verdict.UNSUPPORTED: "U", Verdict.NOT_TESTED: "–",
}  # fmt: skip
ABSENT = "·"
LEGEND: Mapping[str, str] = dict(LETTERS) | {"not run": ABSENT}
"""What the letters mean, for readers."""
# Tuples: an enumeration hashes slowly, and a year of nights asks a million times.
_GAPS = tuple(verdict for verdict in Verdict if verdict.is_gap)
_BLANKS = (None, Verdict.NOT_TESTED)


@dataclass(frozen=True, slots=True)
class Point:
    """What one run says of a cell; without a verdict the run neither planned nor saw it."""

    verdict: Verdict | None
    p_value: float = 1.0
    """The smallest, times the number of findings: what a single check would show."""
    effect: Effect | None = None
    words: str = ""
    cause: str = ""
    """The diagnosis without what differs from cell to cell: alike where the fault is."""
    replay: str = ""

    @property
    def letter(self) -> str:
        """The verdict in one letter."""
        return LETTERS.get(self.verdict, "?") if self.verdict else ABSENT

    @property
    def wrong(self) -> bool:
        """Whether a promise is broken."""
        return self.verdict is not None and self.verdict.is_wrong

    @property
    def gap(self) -> bool:
        """Whether the run wanted a result of the cell, and there is none."""
        return self.verdict in _GAPS

    @property
    def blank(self) -> bool:
        """Whether the run did not look at the cell, for whatever reason."""
        return self.verdict in _BLANKS

    @property
    def ruled(self) -> bool:
        """Whether the run reached a verdict about PyTorch."""
        return not self.blank and not self.gap

    @property
    def rank(self) -> int:
        """Place of the verdict among all, the worst first; none comes last."""
        return len(Verdict) if self.verdict is None else self.verdict.rank


NOTHING = Point(None)


@dataclass(frozen=True)
class Night:
    """A run of the history."""

    name: str
    start: str
    run: RunRecord
    """What was asked for, without the plan."""
    points: Mapping[str, Point]
    listed: frozenset[str] = frozenset()
    """The known defects that it was told of."""
    verdict: RunVerdict = RunVerdict.PASS
    """What the run says as a whole."""

    @property
    def began(self) -> str:
        """When it began, for readers."""
        return f"{self.start[:16].replace('T', ' ')} UTC" if self.start else "begin unknown"

    @cached_property
    def counts(self) -> Counter[Verdict]:
        """How many cells have each verdict."""
        return Counter(point.verdict for point in self.points.values() if point.verdict)

    @property
    def wrong(self) -> int:
        """How many cells break their promise."""
        return sum(amount for verdict, amount in self.counts.items() if verdict.is_wrong)

    @property
    def gaps(self) -> dict[Verdict, int]:
        """How many cells have no result, by what became of them."""
        return {verdict: n for verdict, n in sorted(self.counts.items()) if verdict.is_gap}

    @property
    def ruled(self) -> int:
        """How many cells it reached a verdict on."""
        return sum(point.ruled for point in self.points.values())

    @cached_property
    def backends(self) -> frozenset[str]:
        """Where it ran."""
        return frozenset(self.run.backends)


@dataclass(frozen=True)
class History:
    """Runs in the order of time, and what each cell of any of them is."""

    nights: tuple[Night, ...] = ()
    cells: Mapping[str, CellRecord] = field(default_factory=dict)
    """By node id, without findings; the verdict is no particular run's."""


def read(directory: Path, problems: list[str]) -> History:
    """Read the runs in the folders of a directory, in order of their start, then by name.

    Parameters
    ----------
    directory
        Holds one folder for each run.
    problems
        Gets a sentence for each thing that cannot be used.

    """
    nights = []
    cells: dict[str, CellRecord] = {}
    for folder in folders(directory):
        try:
            night = _night(folder, cells, problems)
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{folder} was not used: {store.system_says(error)}.")
            continue
        if night.points:
            nights.append(night)
        else:
            problems.append(
                f"{folder} was not used: {evidence_of(folder).name} holds no usable evidence."
            )
    ordered = sorted(nights, key=lambda night: order(night.start, night.name))
    return History(tuple(ordered), cells)


def without_evidence(directory: Path) -> list[str]:
    """Return a sentence for each folder of a directory that is none of a run."""
    return [
        f"{folder} was not used: it holds no evidence."
        for folder in folders(directory)
        if not evidence_of(folder).exists()
    ]


def _night(folder: Path, cells: dict[str, CellRecord], problems: list[str]) -> Night:
    points: dict[str, Point] = {}
    runs: list[RunRecord] = []
    said: list[str] = []
    for number, entry in store.records_of(evidence_of(folder), _gist, said):
        if isinstance(entry, RunRecord):
            runs.append(entry)
            continue
        cell, point = entry
        if cell.nodeid in points:
            said.append(f"Line {number} was not used: it repeats {cell.nodeid}.")
        else:
            # The names of a cell are held once, however many runs have it.
            points[cells.setdefault(cell.nodeid, cell).nodeid] = point
    if not runs:
        said.append(store.NO_RUN_LINE)
    identities = {name: found for run in runs for name, found in run.identities.items()}
    for line in store.lost({name for run in runs for name in run.planned}, points, identities):
        cell, point = _kept(CellRecord.from_json(line))
        points[cells.setdefault(cell.nodeid, cell).nodeid] = point
    problems += [f"{folder}: {sentence}" for sentence in said[:3]]
    problems += [f"{folder}: {len(said) - 3} more lines like these."] if len(said) > 3 else []
    return _told(folder.name, start_of(folder, problems), runs, points, cells, whole=not said)


def _told(
    name: str,
    start: str,
    runs: Sequence[RunRecord],
    points: Mapping[str, Point],
    cells: Mapping[str, CellRecord],
    *,
    whole: bool,
) -> Night:
    """Return a run without the plan, which is read and done with."""
    bare = [replace(run, planned=(), identities={}) for run in runs or [RunRecord()]]
    run = reduce(RunRecord.joined, bare)
    verdict = overall(
        [replace(cells[n], verdict=p.verdict) for n, p in points.items() if p.verdict]
    )
    if verdict is RunVerdict.PASS and not whole:
        verdict = RunVerdict.INCOMPLETE
    listed = frozenset(map(intern, run.defects))
    return Night(name, start, replace(run, defects={}), points, listed, verdict)


def _gist(line: Line) -> RunRecord | tuple[CellRecord, Point]:
    """Return what is kept of a line; statistics, by far the most of it, are not looked at."""
    if line["kind"] == "run":
        return RunRecord.from_json(line)
    return _kept(CellRecord.from_json({**line, "statistics": {}, "tensors": {}}))


def _kept(cell: CellRecord) -> tuple[CellRecord, Point]:
    """Return what a cell is, and what the run says of it."""
    names = CellRecord(
        cell.nodeid, cell.promise, cell.subject, cell.backend, cell.dtype, cell.verdict,
        witness=cell.witness,
    )  # fmt: skip
    return names, _point(cell)


def _point(cell: CellRecord) -> Point:
    worst = worst_finding(cell)
    p_value = min(1.0, finding_key(worst)[1] * len(cell.findings)) if worst else 1.0
    if cell.verdict is Verdict.PASS:
        return Point(cell.verdict, p_value)
    failed = worst is not None and not worst.passed
    # Many runs say the same words: each text is held once.
    words = intern(diagnosis(cell) if failed else cell.reason)
    if not cell.verdict.needs_attention:
        return Point(cell.verdict, p_value, words=words, cause=words)
    effect = worst.effect if worst else None
    cause = intern(_cause(cell))
    return Point(cell.verdict, p_value, effect, words, cause, intern(cell.replay))


def _cause(cell: CellRecord) -> str:
    """Return what is wrong with a cell, without places, sizes and what else is its own."""
    failed = sorted((f for f in cell.findings if not f.passed), key=finding_key)
    if not failed:
        return cell.reason
    # A count of wrong answers says less than the question that has them, which comes next.
    effect = failed[0].effect
    told = 2 if effect is not None and effect.name == "mismatches" else 1
    return "; ".join(dict.fromkeys(map(_title, failed[:told])))


def _title(finding: Finding) -> str:
    """Return what names a fault; what is left out is one case of it."""
    if finding.kind is Kind.FIXED_UPSTREAM:
        return str(finding.kind)
    broken = WORDS[finding.check].broken if finding.check in WORDS else finding.check
    raised = finding.raised.type if finding.raised and finding.kind is Kind.ERROR else ""
    return finding.asked or ": ".join(filter(None, (broken, raised)))
