"""The verdict as text: for the terminal, and as Markdown for a CI step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from reports.evidence.records import CellRecord, Report
from reports.evidence.verdict import (
    Overview,
    RunVerdict,
    finding_key,
    overview,
    worst_finding,
    worst_first,
)
from reports.evidence.words import (
    TOGETHER,
    big,
    count,
    labelled,
    listing,
    named,
    number,
    p_words,
    plain,
    plural,
)

SUMMARY = "summary.md"
# More failing cells, or warnings, than this are counted; the pages have all cells.
MOST = 40
_TONES = {RunVerdict.PASS: "green", RunVerdict.FAIL: "red", RunVerdict.INCOMPLETE: "yellow"}


def diagnosis(cell: CellRecord) -> str:
    """Return what is wrong with a cell, in plain language: its worst tensor, then the others."""
    return labelled(*parts_of_diagnosis(cell))


def parts_of_diagnosis(cell: CellRecord) -> tuple[str, str]:
    """Return the worst tensor of a cell, if it has a name, and what is wrong."""
    failed = sorted((f for f in cell.findings if not f.passed), key=finding_key)
    if not failed:
        return "", cell.reason or "No reason was given."
    worst = failed[0].tensor
    messages = dict.fromkeys(f.message or f.check for f in failed if f.tensor == worst)
    others = dict.fromkeys(f.tensor or TOGETHER for f in failed if f.tensor != worst)
    also = f"also wrong: {listing(others)}" if others else ""
    return worst, "; ".join(filter(None, (*list(messages)[:3], also)))


def failing_cases(cell: CellRecord) -> tuple[str, ...]:
    """Return the cases that show a failure, that of the worst one first."""
    failed = (f for f in sorted(cell.findings, key=finding_key) if not f.passed)
    return tuple(dict.fromkeys(f.case for f in failed if f.case))


def numbers(view: Overview, alpha: float) -> str:
    """Return sizes and the false-alarm probability of a run in one sentence."""
    return (
        f"{plural(view.cells, 'cell')}, {big(view.values)} values, "
        f"{plural(view.decisions, 'decision')}; false-alarm probability of this run ≤ "
        f"{count(view.decisions)} × {number(alpha)} = {number(view.union_bound, 2)}."
    )


def terminal(evidence: Report, directory: Path | None) -> Iterator[tuple[str, str]]:
    """Yield the lines of the terminal summary, each with its colour or nothing.

    Parameters
    ----------
    evidence
        What was observed.
    directory
        The folder that holds its pages; None if they could not be written.

    """
    view = overview(evidence)
    tone = _TONES[view.verdict]
    yield f"{view.verdict.upper()}: {plain(view.sentence)}", tone
    yield numbers(view, evidence.run.alpha), ""
    troubled = _troubled(evidence)
    for cell in troubled[:MOST]:
        yield "", ""
        yield f"{cell.verdict}: {plain(_name(cell))}", "red" if cell.verdict.is_wrong else "yellow"
        for label, text in _details(cell):
            yield f"  {label + ':':<11}{plain(text)}", ""
    if len(troubled) > MOST:
        yield f"… and {plural(len(troubled) - MOST, 'cell')} more: see the report.", tone
    yield "", ""
    for problem in warnings(evidence.problems):
        yield f"warning: {plain(problem)}", "yellow"
    if directory is not None:
        yield f"report: {directory / 'index.html'}", ""


def warnings(problems: Sequence[str]) -> Iterator[str]:
    """Yield the first problems, and how many more there are."""
    yield from problems[:MOST]
    if len(problems) > MOST:
        yield f"… and {count(len(problems) - MOST)} more like these."


def markdown(evidence: Report) -> str:
    """Return the summary of a run for a CI step."""
    view = overview(evidence)
    run = evidence.run
    facts = f"Run seed {run.run_seed}, profile {run.profile}, shard {run.shard}"
    lines = [
        f"## Initializer verification: {view.verdict.upper()}",
        "",
        _text(view.sentence),
        "",
        _text(numbers(view, run.alpha)),
        _text(f"{facts}, torch {run.torch}."),
        "",
        *(f"- warning: {_text(problem)}" for problem in warnings(evidence.problems)),
        *([""] if evidence.problems else []),
        "| verdict | cells |",
        "| --- | ---: |",
        *(f"| {_text(name)} | {amount} |" for name, amount in view.counts.items() if amount),
    ]
    troubled = _troubled(evidence)
    for cell in troubled[:MOST]:
        lines += ["", f"### {_text(cell.verdict)}: {_text(_name(cell))}", ""]
        lines += [f"- {label}: {_markdown(label, text)}" for label, text in _details(cell)]
    if len(troubled) > MOST:
        lines += ["", f"… and {plural(len(troubled) - MOST, 'cell')} more: see the report."]
    return "\n".join((*lines, ""))


def _troubled(evidence: Report) -> list[CellRecord]:
    return [cell for cell in worst_first(evidence.cells) if cell.verdict.needs_attention]


def _name(cell: CellRecord) -> str:
    names = (cell.title, cell.dtype, cell.backend, cell.promise)
    return " · ".join(filter(None, names))


def _details(cell: CellRecord) -> Iterator[tuple[str, str]]:
    yield "diagnosis", diagnosis(cell)
    worst = worst_finding(cell)
    if worst is not None and not worst.passed:
        confirmed = worst.confirmation
        again = (
            ""
            if confirmed is None
            else f"; {p_words(confirmed)} on four times the sample, drawn afresh"
        )
        yield "evidence", f"{named(worst)}, {p_words(worst.p_value)}{again}"
    for case in failing_cases(cell)[:1]:
        yield "case", case
    if cell.replay:
        yield "replay", cell.replay


def _markdown(label: str, text: str) -> str:
    return _code(text) if label in ("case", "replay") else _text(text)


def _text(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", plain(text))


def _code(text: str) -> str:
    """Return inline code, fenced by more backticks than it holds."""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence} {plain(text)} {fence}"
