"""A comparison for readers: the sections of its page, and the same as text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.evidence import words
from reports.evidence.verdict import worst_first
from reports.page import render
from reports.text.summary import diagnosis
from reports.upgrade.comparison import Change, Comparison
from reports.upgrade.speed import FACTOR
from reports.upgrade.streams import Tally

# More entries of one section than this are counted on the terminal, and left to the page.
MOST = 20

_SECTIONS = (
    ("regressions", "Worse", "kept in the baseline and not in the candidate, or new and wrong"),
    ("gaps", "Not compared", "one of the runs has a gap here"),
    ("removed", "Missing", "in the baseline, not in the candidate"),
    ("still_wrong", "Wrong in both", "no fault of the upgrade"),
    ("fixes", "Better", "wrong, known to be wrong or unsupported in the baseline"),
    ("gone", "Known defects that are gone", "the candidate's version is past them"),
    ("added", "New", "in the candidate, not in the baseline"),
)


@dataclass(frozen=True)
class Entry:
    """Cells of one subject and promise whose verdicts changed alike."""

    subject: str
    promise: str
    backend: str
    dtypes: tuple[str, ...]
    before: str
    after: str
    said: str
    replay: str

    @property
    def place(self) -> str:
        """Where, in words."""
        return " · ".join(filter(None, (self.promise, self.backend, ", ".join(self.dtypes))))


@dataclass(frozen=True)
class Section:
    """One kind of change: its heading, what it means, how many cells, and which."""

    title: str
    meaning: str
    cells: int
    entries: tuple[Entry, ...]


def sections(comparison: Comparison) -> list[Section]:
    """Return the kinds of changes that there are, the most worrying first."""
    found = []
    for name, title, meaning in _SECTIONS:
        changes: Sequence[Change] = getattr(comparison, name)
        if changes:
            found.append(Section(title, meaning, len(changes), tuple(_entries(changes))))
    return found


def page(comparison: Comparison, path: Path) -> None:
    """Write the page of a comparison."""
    render.write(
        path,
        "qualification.html",
        title="an upgrade",
        overview=comparison,
        sections=sections(comparison),
        summary=_streams_summary,
        factor=FACTOR,
    )


def text(comparison: Comparison) -> Iterator[str]:
    """Yield the lines of a comparison for a terminal; the verdict comes first."""
    yield f"{comparison.verdict.upper()}: {words.plain(comparison.sentence)}"
    yield from (f"note: {words.plain(remark)}" for remark in comparison.remarks)
    for section in sections(comparison):
        yield from ("", f"{section.title}: {words.plural(section.cells, 'cell')}")
        yield from _most([_lines(entry) for entry in section.entries])
    for title, lines in _tables(comparison):
        yield from ("", title)
        yield from _most([[line] for line in lines])


def _entries(changes: Iterable[Change]) -> Iterator[Entry]:
    groups: dict[tuple[str, ...], list[Change]] = defaultdict(list)
    for change in changes:
        cell = change.cell
        key = (cell.title, cell.promise.replace("_", " "), cell.backend)
        groups[(*key, *_verdicts(change))].append(change)
    for (subject, promise, backend, before, after), found in groups.items():
        worst = worst_first(change.cell for change in found)[0]
        dtypes = tuple(dict.fromkeys(change.cell.dtype for change in found))
        troubled = worst.verdict.needs_attention or bool(worst.reason)
        said = diagnosis(worst) if troubled else ""
        yield Entry(subject, promise, backend, dtypes, before, after, said, worst.replay)


def _verdicts(change: Change) -> tuple[str, str]:
    before, after = (cell.verdict if cell else "–" for cell in (change.before, change.after))
    return before, after


def _lines(entry: Entry) -> list[str]:
    head = f"  {entry.subject} · {entry.place}: {entry.before} → {entry.after}"
    return [head, *(f"    {line}" for line in (entry.said, entry.replay) if line)]


def _tables(comparison: Comparison) -> Iterator[tuple[str, list[str]]]:
    """Everything beside verdicts, each with its heading; what did not change has no lines."""
    streams, times = comparison.streams, comparison.times
    tables: tuple[tuple[str, list[str]], ...] = (
        (
            f"Laws changed: {words.count(len(comparison.laws))}",
            [
                f"  {law.subject} · {law.promise} · {', '.join(law.dtypes)}: "
                f"{law.before} → {law.after}"
                for law in comparison.laws
            ],
        ),
        (
            f"Known defects left out of one run only: {words.count(len(comparison.excluded))}",
            [
                f"  {defect}: of {words.plural(cells, 'cell')}, {side}"
                for (defect, side), cells in comparison.excluded.items()
            ],
        ),
        (f"Known defects still there: {words.count(len(comparison.defects))}", []),
        (
            f"Seeded streams that changed bit for bit: {words.count(streams.changed)} of "
            f"{words.count(streams.compared)}, in {words.count(streams.changed_cells)} of "
            f"{words.plural(streams.cells, 'cell')}",
            [f"  {line}" for line in _streams(comparison)],
        ),
        (
            f"Effects that moved though both pass: {words.count(len(comparison.effects))} of "
            f"{words.count(comparison.decisions)}",
            [
                f"  {move.cell.title} · {move.cell.promise} · {move.cell.dtype}: "
                f"{words.labelled(move.tensor, words.effect(move.before))} → "
                f"{words.effect(move.after)}"
                for move in comparison.effects
            ],
        ),
        (
            "How far an effect must move to be seen (the median over cells):",
            [f"  {name}: {words.number(size, 2)}" for name, size in comparison.seen_from.items()],
        ),
        (
            f"Times that changed by more than noise and a factor of {FACTOR}: "
            f"{words.count(len(times.changes))} of {words.count(times.compared)}",
            [
                f"  {change.after.subject} · {change.after.dtype} · {change.after.backend}: "
                f"{words.number(change.factor, 2)} times as long"
                for change in times.changes
            ],
        ),
    )
    yield from tables
    yield from ((problem, []) for problem in times.problems)


def _streams(comparison: Comparison) -> Iterator[str]:
    """One line for all subjects that changed alike."""
    for subjects, entries in comparison.streams.grouped:
        changed = "; ".join(
            f"{', '.join(dtypes)}: {_streams_summary(row)}" for dtypes, row in entries
        )
        yield f"{', '.join(subjects)} · {changed}"


def _streams_summary(promises: Mapping[str, Tally]) -> str:
    """Promises by how many of their streams changed: ``all of law, reset; 1 of 5 of strided``."""
    groups: dict[str, list[str]] = defaultdict(list)
    for promise, tally in promises.items():
        groups[str(tally)].append(promise)
    return ", ".join(f"{amount} ({', '.join(names)})" for amount, names in groups.items())


def _most(entries: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first entries, line by line, and how many more there are."""
    for lines in entries[:MOST]:
        yield from map(words.plain, lines)
    if len(entries) > MOST:
        yield f"  … and {words.count(len(entries) - MOST)} more: see the page (--html)"
