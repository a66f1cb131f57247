"""The history of runs as a page and as text."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from reports.evidence import promises, words
from reports.evidence.records import Verdict
from reports.evidence.verdict import RunVerdict
from reports.nights.changes import Change, Group, Trace, changes
from reports.nights.history import LEGEND, Night
from reports.nights.presence import presence
from reports.nights.strips import MOST_RUNS, strip
from reports.page import render

PAGE = "history.html"
# So many changes are told in the terminal, and so many on the page.
MOST_TOLD = 40
MOST_ROWS = 100
# So many subjects are named before the others are counted.
MOST_NAMES = 7
# So many runs stand in the overview, and so many of them in the open part of the table.
MOST_SQUARES = 400
MOST_OPEN = 14


@dataclass(frozen=True)
class Row:
    """A change as the page shows it."""

    change: Change
    picture: str

    @property
    def who(self) -> str:
        """The subjects, the first by name."""
        return words.listing(self.change.subjects, MOST_NAMES)

    @property
    def amount(self) -> int:
        """How many cells it stands for."""
        return len(self.change.traces)

    @property
    def effect(self) -> str:
        """The size of what is wrong, with its interval; of what was counted nothing."""
        effect = self.change.worst.telling.effect
        return words.effect(effect) if effect and effect.low != effect.high else ""

    @property
    def tone(self) -> str:
        """The verdict that colours it: what is known now."""
        worst = self.change.worst
        point = worst.latest if worst.group is Group.GAP else worst.ruling
        return point.verdict or ""

    @property
    def names(self) -> list[tuple[str, list[str]]]:
        """All its cells, where one line cannot name them."""
        return names(self.change.traces) if self.amount > 1 else []


@dataclass(frozen=True)
class Calm:
    """The cells of a promise to which nothing happened."""

    title: str
    traces: tuple[Trace, ...]

    @property
    def counts(self) -> list[tuple[Verdict, int]]:
        """How many have each verdict, the worst first."""
        last = [trace.ruling.verdict or Verdict.NOT_TESTED for trace in self.traces]
        return sorted(Counter(last).items(), key=lambda each: each[0].rank)

    @property
    def names(self) -> list[tuple[str, list[str]]]:
        """Its cells."""
        return names(self.traces)


def names(found: Iterable[Trace]) -> list[tuple[str, list[str]]]:
    """Return where cells are, and which subjects are there: those alike in dtypes together."""
    where: dict[tuple[str, str], list[str]] = defaultdict(list)
    for trace in sorted(found, key=lambda trace: trace.cell.nodeid):
        where[trace.cell.title, trace.cell.backend].append(trace.cell.dtype)
    alike: dict[str, list[str]] = defaultdict(list)
    for (title, backend), dtypes in where.items():
        listed = ", ".join(dict.fromkeys(filter(None, dtypes)))
        alike[" · ".join(filter(None, (listed, backend)))].append(title)
    return sorted(alike.items())


def exit_code(nights: Sequence[Night]) -> int:
    """Return that of the last run."""
    return nights[-1].verdict.exit_code


def sentence(nights: Sequence[Night], found: Sequence[Trace]) -> str:
    """Return in one sentence what the last run shows, and what others did."""
    bad = sum(trace.latest.wrong or trace.latest.gap for trace in found)
    idle = sum(trace.ruling.wrong and trace.latest.blank for trace in found)
    before = sum(trace.group is Group.MENDED for trace in found)
    now = f"{words.plural(bad, 'cell')} need attention" if bad else "No cell needs attention"
    now = now.replace("1 cell need ", "1 cell needs ") if bad == 1 else now
    which = f"the last of {words.plural(len(nights), 'run')}" if len(nights) > 1 else "the only run"
    parts = [f"{now} in {nights[-1].name}, {which}"]
    if idle:
        did = "was" if idle == 1 else "were"
        parts.append(f"{words.count(idle)} more {did} wrong when last looked at")
    if before:
        parts.append(f"{words.count(before)} more did before and {_are(before)} well again")
    return f"{'; '.join(parts)}."


def meaning(nights: Sequence[Night]) -> str:
    """Return in one sentence what the runs were."""
    counts = Counter(night.verdict for night in nights)
    told = [
        f"{words.count(counts[verdict])} {_were(counts[verdict], *phrase)}"
        for verdict, phrase in _PHRASES.items()
        if counts[verdict]
    ]
    versions = list(dict.fromkeys(night.run.torch for night in nights))
    of = "The only run" if len(nights) == 1 else f"Of {words.plural(len(nights), 'run')}"
    torch = f"torch {words.listing(versions, 5)}"
    return f"{of} {words.listing(told)}; {torch}." if len(nights) > 1 else f"{of}; {torch}."


_PHRASES: Mapping[RunVerdict, tuple[str, str]] = {
    RunVerdict.PASS: ("passed", "passed"),
    RunVerdict.FAIL: ("found something wrong", "found something wrong"),
    RunVerdict.INCOMPLETE: ("has gaps", "have gaps"),
}


def _were(amount: int, one: str, many: str) -> str:
    return one if amount == 1 else many


def _are(amount: int) -> str:
    return _were(amount, "is", "are")


def text(nights: Sequence[Night], found: Sequence[Trace]) -> Iterator[str]:
    """Yield the lines of the text table."""
    yield f"{nights[-1].verdict.upper()}: {words.plain(sentence(nights, found))}"
    yield "runs: " + ", ".join(words.plain(night.name) for night in nights[-MOST_RUNS:])
    yield "letters: " + ", ".join(f"{letter} {name}" for name, letter in LEGEND.items())
    told = [change for rows in changes(found).values() for change in rows]
    for change in told[:MOST_TOLD]:
        letters = "".join(point.letter for point in change.points[-MOST_RUNS:])
        yield _name(change)
        yield f"  {letters}  {words.plain(change.story)}"
    if len(told) > MOST_TOLD:
        yield f"… and {words.plural(len(told) - MOST_TOLD, 'change')} more: see the page."
    for said, _ in presence(found).sentences:
        yield words.plain(said)
    calm = sum(trace.group is None for trace in found)
    yield f"{words.plural(calm, 'cell')} without change."


def page(path: Path, nights: Sequence[Night], found: Sequence[Trace], notes: Sequence[str]) -> None:
    """Write the page; OSError is left to the caller."""
    alpha = nights[-1].run.alpha
    groups = changes(found)
    numbered = list(enumerate(nights, start=1))
    render.write(
        path,
        "history.html",
        overview=nights[-1],
        title="run by run",
        sentence=sentence(nights, found),
        meaning=meaning(nights),
        eras=[
            (torch, list(own))
            for torch, own in groupby(numbered[-MOST_SQUARES:], lambda each: each[1].run.torch)
        ],
        recent=numbered[-MOST_OPEN:][::-1],
        earlier=numbered[:-MOST_OPEN][::-1],
        runs=len(nights),
        squares=min(len(nights), MOST_SQUARES),
        drawn=min(len(nights), MOST_RUNS),
        cells=len(found),
        moved=sum(bool(trace.steps) for trace in found),
        wrong=sum(trace.latest.wrong for trace in found),
        groups=list(_shown(groups, nights, alpha)),
        presence=[(said, names(own)) for said, own in presence(found).sentences],
        calm=_calm(found),
        problems=notes,
    )


def _shown(
    groups: Mapping[Group, Sequence[Change]], nights: Sequence[Night], alpha: float
) -> Iterator[tuple[Group, list[Row], list[tuple[str, list[str]]], int]]:
    """Yield each group, its rows, and the cells of those that are one too many."""
    room = MOST_ROWS
    turns = _turns(nights[-MOST_RUNS:])
    for group, rows in groups.items():
        shown = [Row(row, strip(row.points[-MOST_RUNS:], alpha, turns)) for row in rows[:room]]
        others = [trace for row in rows[room:] for trace in row.traces]
        yield group, shown, names(others), sum(len(row.traces) for row in rows)
        room -= len(shown)


def _turns(nights: Sequence[Night]) -> list[int]:
    """Return the places of runs that begin another version of PyTorch."""
    return [at for at in range(1, len(nights)) if nights[at].run.torch != nights[at - 1].run.torch]


def _calm(found: Iterable[Trace]) -> list[Calm]:
    by_promise: dict[str, list[Trace]] = defaultdict(list)
    for trace in found:
        if trace.group is None:
            by_promise[trace.cell.promise].append(trace)
    ranked = sorted(by_promise.items(), key=lambda each: (promises.rank(each[0]), each[0]))
    return [Calm(promises.title(promise), tuple(own)) for promise, own in ranked]


def _name(change: Change) -> str:
    return words.plain(f"{words.listing(change.subjects)} · {change.where}")
