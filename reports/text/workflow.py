"""The worst faults as workflow commands of GitHub, which shows them beside the run.

Source: GitHub documentation, "Workflow commands for GitHub Actions": ``::error title=…::…``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.evidence.causes import Kind
from reports.evidence.faults import Fault, faults, parted
from reports.evidence.records import Report
from reports.evidence.verdict import RunVerdict, overview
from reports.evidence.words import listing, plain, plural
from reports.text.summary import decision, head, warnings

# GitHub shows ten errors and ten warnings of a step.
MOST = 10
# So many cells of a fault are named.
MOST_CELLS = 3
_KINDS = {RunVerdict.PASS: "notice", RunVerdict.FAIL: "error", RunVerdict.INCOMPLETE: "warning"}
# A percent sign first, since the others turn into some.
_DATA = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY = (*_DATA, (":", "%3A"), (",", "%2C"))


def commands(evidence: Report) -> Iterator[str]:
    """Yield one command for the run, and one for each of its worst faults."""
    view = overview(evidence)
    whole = plain(" ".join((view.sentence, *warnings(evidence.problems))))
    yield _command(_KINDS[view.verdict], "initializers", whole)
    found, _ = parted(faults(evidence.cells))
    for kind, own in (
        ("error", [fault for fault in found if fault.kind is not Kind.GAP]),
        ("warning", [fault for fault in found if fault.kind is Kind.GAP]),
    ):
        yield from _worst(kind, own, MOST - (kind == _KINDS[view.verdict]))


def _worst(kind: str, found: Sequence[Fault], room: int) -> Iterator[str]:
    """Yield a command for each fault; where there is no room for all, the last counts the rest."""
    shown = found if len(found) <= room else found[: room - 1]
    for fault in shown:
        title = " · ".join((fault.cell.verdict, fault.where))
        yield _command(kind, title, "\n".join(filter(None, _message(fault))))
    if rest := found[len(shown) :]:
        told = plural(len(rest), "more fault")
        yield _command(kind, f"and {told}", f"… and {told}: see the report.")


def _message(fault: Fault) -> tuple[str, ...]:
    cells = [cell.nodeid for cell in fault.cells]
    named = listing(cells, MOST_CELLS) if len(cells) > 1 else ""
    return tuple(map(plain, (head(fault), decision(fault), named, fault.cell.replay)))


def _command(kind: str, title: str, message: str) -> str:
    return f"::{kind} title={_escaped(plain(title), _PROPERTY)}::{_escaped(message, _DATA)}"


def _escaped(text: str, table: tuple[tuple[str, str], ...]) -> str:
    for sign, code in table:
        text = text.replace(sign, code)
    return text
