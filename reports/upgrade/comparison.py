"""Two runs side by side: which cells got worse, which got better, which cannot be compared."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from reports.evidence import fills
from reports.evidence.records import CellRecord, Defect, Kind, Report, Verdict
from reports.evidence.verdict import HOST, Power, RunVerdict, cell_key, power
from reports.evidence.words import listing, plural
from reports.upgrade.moves import Move, moves
from reports.upgrade.remarks import remarks
from reports.upgrade.speed import Times
from reports.upgrade.streams import Streams, streams

WITNESS = "known defect"


class UpgradeVerdict(StrEnum):
    """What a comparison says of an upgrade."""

    QUALIFIED = "qualified"
    NOT_QUALIFIED = "not qualified"
    INCOMPLETE = "incomplete"

    @property
    def like(self) -> RunVerdict:
        """The verdict of a run that has the same exit code and the same colour."""
        return {
            UpgradeVerdict.QUALIFIED: RunVerdict.PASS,
            UpgradeVerdict.NOT_QUALIFIED: RunVerdict.FAIL,
            UpgradeVerdict.INCOMPLETE: RunVerdict.INCOMPLETE,
        }[self]


class _State(Enum):
    """What a run knows of a cell; those that can be compared have the larger value the better."""

    ABSENT = -2
    GAP = -1
    WRONG = 0
    KNOWN_DEFECT = 1
    UNSUPPORTED = 2
    PASS = 3


@dataclass(frozen=True)
class Change:
    """A cell in both runs, or in one of them."""

    before: CellRecord | None
    after: CellRecord | None

    @property
    def cell(self) -> CellRecord:
        """The cell as it is now, or as it was."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def states(self) -> tuple[_State, _State]:
        """Of the baseline and the candidate."""
        return _state(self.before), _state(self.after)

    @property
    def kind(self) -> str:
        """One of the fields of `Comparison` that hold changes, or "same"."""
        before, after = self.states
        if after is _State.WRONG and before in (_State.ABSENT, _State.GAP):
            return "regressions"
        if _State.GAP in (before, after):
            return "gaps"
        if before is after is _State.ABSENT:
            return "same"
        if _State.ABSENT in (before, after):
            return "added" if before is _State.ABSENT else "removed"
        return _compared(before, after)


@dataclass(frozen=True)
class LawChange:
    """What a subject is held to in the baseline and in the candidate."""

    promise: str
    subject: str
    dtypes: tuple[str, ...]
    before: str
    after: str


@dataclass(frozen=True)
class Comparison:
    """All that two runs say about an upgrade.

    Attributes
    ----------
    baseline, candidate
        The runs.
    shared
        How many cells are in both.
    fills
        The fill methods that both looked at.
    regressions, fixes, still_wrong, gaps, added, removed
        Cells whose verdicts are not the same good ones, the most worrying first.
    gone
        Witnesses of known defects that the candidate's version no longer has.
    laws
        Laws in words, formula or history that are not the same.
    excluded
        For each known defect left out of one run only: of how many cells, and of which run.
    effects
        Sizes of deviations that moved, of cells that pass in both.
    decisions
        How many such sizes were compared.
    seen_from
        How far each must move to be seen, by its check: the median over all.
    times
        Initializers that became slower or faster.
    remarks
        What makes the runs less comparable than they could be.

    """

    baseline: Report
    candidate: Report
    shared: int
    fills: tuple[str, ...]
    regressions: tuple[Change, ...]
    fixes: tuple[Change, ...]
    still_wrong: tuple[Change, ...]
    gaps: tuple[Change, ...]
    added: tuple[Change, ...]
    removed: tuple[Change, ...]
    gone: tuple[Change, ...]
    laws: tuple[LawChange, ...]
    excluded: Mapping[tuple[str, str], int]
    streams: Streams
    effects: tuple[Move, ...]
    decisions: int
    seen_from: Mapping[str, float]
    times: Times
    remarks: tuple[str, ...]

    @property
    def verdict(self) -> UpgradeVerdict:
        """What the comparison says of the upgrade."""
        if self.regressions:
            return UpgradeVerdict.NOT_QUALIFIED
        kept = any(cell.verdict is Verdict.PASS for cell in self.candidate.cells)
        missing = self.gaps or self.removed or self.unread
        sound = kept and not missing
        return UpgradeVerdict.QUALIFIED if sound else UpgradeVerdict.INCOMPLETE

    @property
    def unread(self) -> bool:
        """Whether something of the runs was there and could not be used."""
        return bool(self.baseline.problems or self.candidate.problems or self.times.damaged)

    @property
    def exit_code(self) -> int:
        """0 qualified, 1 not qualified, 3 incomplete."""
        return self.verdict.like.exit_code

    @property
    def defects(self) -> dict[str, Defect]:
        """The known defects that are still in the candidate, by their ids."""
        found = {defect for cell in self.candidate.cells for defect in cell.defects}
        known = self.candidate.run.defects
        return {id: known.get(id, Defect()) for id in sorted(found)}

    @property
    def power(self) -> list[Power]:
        """The smallest errors that the candidate's run could have seen."""
        return power(self.candidate.cells)

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        versions = _sides(self.baseline, self.candidate)
        shared = plural(self.shared, "cell")
        lead = {
            UpgradeVerdict.QUALIFIED: f"none of the {shared} in both runs got worse",
            UpgradeVerdict.NOT_QUALIFIED: _worse(self.regressions, self.candidate.run.defects),
            UpgradeVerdict.INCOMPLETE: f"none of the {shared} in both runs got worse, "
            "but there are gaps",
        }[self.verdict]
        asides = [
            f"{plural(len(changes), 'cell')} {words}"
            for changes, words in (
                (self.gaps, "cannot be compared"),
                (self.removed, "of the baseline missing"),
                (self.still_wrong, "wrong in both"),
                ((*self.fixes, *self.gone), "better"),
            )
            if changes
        ]
        return f"{versions}: {'; '.join(filter(None, (self._fills, lead, *asides)))}."

    @property
    def _fills(self) -> str:
        """Which fill methods were not looked at in both runs, and so stay unjudged."""
        unseen = fills.unseen(self.fills)
        if not unseen or not self.fills:
            return unseen
        judged = self.verdict is UpgradeVerdict.QUALIFIED
        return f"qualified for {fills.named(self.fills)}; {unseen}" if judged else unseen


def _sides(baseline: Report, candidate: Report) -> str:
    """What is compared: two versions, or two kinds of device."""
    old, new = devices(baseline), devices(candidate)
    if baseline.run.torch == candidate.run.torch and old != new:
        one, other = (listing(sorted(each)) for each in (old, new))
        return f"PyTorch {candidate.run.torch} on {other} against {one}"
    return f"PyTorch {candidate.run.torch} against {baseline.run.torch}"


def of_backend(report: Report, name: str) -> Report:
    """The cells of one backend of a run."""
    return replace(report, cells=tuple(cell for cell in report.cells if cell.backend == name))


def compare(baseline: Report, candidate: Report, times: Times) -> Comparison:
    """Compare two complete runs of the suite, and their speed files."""
    changes = _matched(baseline, candidate)
    pairs = [(c.before, c.after) for c in changes if c.before and c.after]
    kinds: dict[str, list[Change]] = defaultdict(list)
    for change in sorted(changes, key=_urgency):
        kinds[change.kind].append(change)
    gone = _witnesses(kinds["removed"], candidate)
    new = _witnesses(kinds["added"], baseline)
    passing = [pair for pair in pairs if {cell.verdict for cell in pair} == {Verdict.PASS}]
    moved = moves(passing, candidate.run.alpha)
    return Comparison(
        baseline=baseline,
        candidate=candidate,
        shared=len(pairs),
        fills=_fills_of(pairs),
        regressions=(*kinds["regressions"], *new),
        fixes=tuple(kinds["fixes"]),
        still_wrong=tuple(kinds["still_wrong"]),
        gaps=tuple(kinds["gaps"]),
        added=tuple(change for change in kinds["added"] if change not in new),
        removed=tuple(change for change in kinds["removed"] if change not in gone),
        gone=tuple(gone),
        laws=tuple(_laws(pairs)),
        excluded=_excluded(pairs),
        streams=streams(pair for pair in pairs if pair[0].backend == pair[1].backend),
        effects=moved.found,
        decisions=moved.compared,
        seen_from=moved.seen_from,
        times=times,
        remarks=tuple(remarks(baseline, candidate, alike=devices(baseline) == devices(candidate))),
    )


def _fills_of(pairs: Iterable[tuple[CellRecord, CellRecord]]) -> tuple[str, ...]:
    """Return the fill methods of which some cell was looked at in both runs."""
    both = [after for before, after in pairs if fills.looked_at([before])]
    return fills.looked_at(both)


def _state(cell: CellRecord | None) -> _State:
    if cell is None or cell.verdict is Verdict.NOT_TESTED:
        return _State.ABSENT
    if cell.verdict.is_wrong:
        return _State.PASS if _fixed_upstream(cell) else _State.WRONG
    # A verdict that this version does not know is no promise kept.
    return _State[cell.verdict.name] if cell.verdict.is_sound else _State.GAP


def _fixed_upstream(cell: CellRecord) -> bool:
    """Whether a cell fails for no other reason than that a known defect is gone."""
    failed = [f for f in cell.findings if not f.passed]
    told = [f for f in failed if f.scope == "case"]
    counted = [f.effect.estimate for f in failed if f.scope == "cell" and f.effect]
    every = bool(told) and all(f.kind is Kind.FIXED_UPSTREAM for f in told)
    # Only the first problems of a cell are told one by one.
    return every and all(amount <= len(told) for amount in counted)


def _compared(before: _State, after: _State) -> str:
    if before is _State.WRONG and after in (_State.WRONG, _State.KNOWN_DEFECT):
        return "still_wrong"  # That it is documented makes it no better.
    better = after.value - before.value
    return "fixes" if better > 0 else "regressions" if better < 0 else "same"


def _worse(regressions: Sequence[Change], known: Mapping[str, Defect]) -> str:
    subjects = listing(dict.fromkeys(_said(change.cell, known) for change in regressions))
    return f"{plural(len(regressions), 'cell')} got worse: {subjects}"


def _said(cell: CellRecord, known: Mapping[str, Defect]) -> str:
    """The subject; of a known defect's witness what the defect is, up to its size."""
    gist = _SIZE.split(known.get(cell.witness, Defect()).symptom, maxsplit=1)[0]
    return f"{cell.subject} (“{gist}”)" if gist else cell.title


_SIZE = re.compile(r"[.:;](?:\s|$)")
"""Behind the first of these a symptom says how large it is, and since when."""


def _matched(baseline: Report, candidate: Report) -> list[Change]:
    """Every cell once, with its counterpart: by name, or across two backends but for theirs."""
    own, other = devices(baseline), devices(candidate)
    across = len(own) == len(other) == 1 and own != other
    key: Callable[[CellRecord], str] = _placeless if across else lambda cell: cell.nodeid
    before = {key(cell): cell for cell in baseline.cells}
    after = {key(cell): cell for cell in candidate.cells}
    return [Change(before.get(name), after.get(name)) for name in sorted({*before, *after})]


def devices(evidence: Report) -> set[str]:
    """The backends of its cells, but for the host."""
    return {cell.backend for cell in evidence.cells} - {"", HOST}


def _placeless(cell: CellRecord) -> str:
    return cell.nodeid.replace(f"[{cell.backend}-", "[", 1)


def _urgency(change: Change) -> tuple[object, ...]:
    return cell_key(change.cell)


def _witnesses(alone: Iterable[Change], other: Report) -> list[Change]:
    """The witnesses of known defects in one run only, where the other has witnesses at all."""
    if not any(cell.promise == WITNESS for cell in other.cells):
        return []
    return [change for change in alone if change.cell.promise == WITNESS]


def _laws(pairs: Iterable[tuple[CellRecord, CellRecord]]) -> list[LawChange]:
    dtypes: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for before, after in pairs:
        old, new = _law(before), _law(after)
        if old != new and old and new:  # A cell that crashed has no law.
            dtypes[after.promise, after.title, old, new].append(after.dtype)
    return [
        LawChange(promise, subject, tuple(dict.fromkeys(found)), old, new)
        for (promise, subject, old, new), found in sorted(dtypes.items())
    ]


def _law(cell: CellRecord) -> str:
    return "; ".join(filter(None, (cell.law_words, cell.law_formula, cell.law_history)))


def _excluded(pairs: Iterable[tuple[CellRecord, CellRecord]]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = defaultdict(int)
    for before, after in pairs:
        for defect in {*before.excluded} ^ {*after.excluded}:
            found[defect, "candidate" if defect in after.excluded else "baseline"] += 1
    return dict(sorted(found.items()))
