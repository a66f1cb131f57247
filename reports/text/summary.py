"""The verdict as text: for the terminal, and as Markdown for a CI step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from reports.evidence.causes import Kind, causes
from reports.evidence.faults import Fault, faults, parted
from reports.evidence.records import CellRecord, Report
from reports.evidence.verdict import (
    Overview,
    RunVerdict,
    finding_key,
    overview,
)
from reports.evidence.words import (
    TOGETHER,
    big,
    count,
    decided,
    labelled,
    listing,
    named,
    number,
    plain,
    plural,
    said,
)

SUMMARY = "summary.md"
# More faults than this are counted, and more warnings than that; the pages have all.
MOST_FAULTS, MOST = 5, 40
# More known defects of other backends than this are counted.
MOST_KNOWN = 12
ADVICE = (
    "PyTorch is known to do the rest on other backends. Mend the device first; then add its name "
    "to the backends of these entries in a copy of the list: python -m reports adopt, "
    "docs/known-defects.md."
)
_TONES = {RunVerdict.PASS: "green", RunVerdict.FAIL: "red", RunVerdict.INCOMPLETE: "yellow"}


def diagnosis(cell: CellRecord) -> str:
    """Return what is wrong with a cell: one plain sentence, then what the checks say of it."""
    full = labelled(*parts_of_diagnosis(cell))
    return " – ".join(filter(None, (in_plain_words(cell, full), full)))


def in_plain_words(cell: CellRecord, told: str) -> str:
    """Return what is wrong in one sentence without statistics; nothing if it is told already."""
    sentence = causes(cell)[0].sentence
    return "" if sentence.removesuffix(" …") in told else sentence


def parts_of_diagnosis(cell: CellRecord) -> tuple[str, str]:
    """Return the worst tensor of a cell, if it has a name, and what its checks say of it."""
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
    if view.fills:
        yield view.fills, "yellow"
    found, known = parted(faults(evidence.cells, evidence.run.defects))
    for rank, fault in enumerate(found[:MOST_FAULTS], start=1):
        yield "", ""
        yield f"{rank}. {plain(head(fault))}", "yellow" if fault.kind is Kind.GAP else "red"
        for text in filter(None, (_where(fault), fault.cell.replay)):
            yield f"   {plain(text)}", ""
    if len(found) > MOST_FAULTS:
        yield "", ""
        yield _more(found), tone
    yield "", ""
    if known:
        for text in (plain(ADVICE), *(f"   {plain(text)}" for text in _known(known))):
            yield text, "yellow"
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
    facts += f", selected: {run.selected}" if run.selections else ""
    lines = [
        f"## Initializer verification: {view.verdict.upper()}",
        "",
        _text(f"{view.sentence} {view.fills}".rstrip()),
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
    found, known = parted(faults(evidence.cells, run.defects))
    if found:
        lines += [
            "",
            "| | wrong in | what is wrong | where | size | least found | replay |",
            "| ---: | --- | --- | --- | --- | --- | --- |",
            *(_row(rank, fault) for rank, fault in enumerate(found[:MOST_FAULTS], start=1)),
        ]
    if len(found) > MOST_FAULTS:
        lines += ["", _more(found)]
    if known:
        lines += ["", _text(ADVICE), "", *(f"- {_text(text)}" for text in _known(known))]
    return "\n".join((*lines, ""))


def _known(known: Sequence[Fault]) -> Iterator[str]:
    """Yield a line for each of the first known defects, and how many more there are."""
    for fault in known[:MOST_KNOWN]:
        yield f"{fault.sentence} ({plural(len(fault.cells), 'cell')})"
    if len(known) > MOST_KNOWN:
        yield f"… and {count(len(known) - MOST_KNOWN)} more: see the report."


def _more(found: Sequence[Fault]) -> str:
    return f"… and {plural(len(found) - MOST_FAULTS, 'more fault')}: see the report."


def head(fault: Fault) -> str:
    """Return what is wrong, how large it is, and from which size on it would have been found."""
    least = f"sure to be found from {fault.smallest}" if fault.smallest else ""
    size = ", ".join(filter(None, (fault.size, least)))
    # Why there is no result is said in full: it tells how to mend that.
    text = said(fault.sentence if fault.finding else fault.cell.reason or fault.sentence)
    return f"{text} ({size})" if size else text


def _where(fault: Fault) -> str:
    """Return where it shows, and the check that saw it."""
    place = f"{fault.cell.verdict}: {fault.where}"
    return " – ".join(filter(None, (place, decision(fault))))


def decision(fault: Fault) -> str:
    """Return the check that saw it, and how it decided; nothing where there is no result."""
    finding = fault.finding
    return f"{named(finding)}{_asked(fault)}, {decided(finding)}" if finding else ""


def _asked(fault: Fault) -> str:
    """Return the ids of its questions in brackets."""
    return f" ({fault.questions})" if fault.questions else ""


def _row(rank: int, fault: Fault) -> str:
    sentence = said(fault.sentence) + _asked(fault)
    texts = (fault.label, sentence, fault.where, fault.size, fault.smallest)
    replay = fault.cell.replay and _code(fault.cell.replay).replace("|", "\\|")
    return f"| {rank} | {' | '.join(map(_text, texts))} | {replay} |"


def _text(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", plain(text))


def _code(text: str) -> str:
    """Return inline code, fenced by more backticks than it holds."""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence} {plain(text)} {fence}"
