"""The worst findings as workflow commands of GitHub, which shows them beside the run.

Source: GitHub documentation, "Workflow commands for GitHub Actions": ``::error title=…::…``.
"""

from __future__ import annotations

from collections.abc import Iterator

from reports.evidence.records import CellRecord, Report
from reports.evidence.verdict import RunVerdict, overview, worst_first
from reports.evidence.words import plain
from reports.text.summary import diagnosis, warnings

# GitHub shows ten errors and ten warnings of a step; one is for the whole.
MOST = 9
_KINDS = {RunVerdict.PASS: "notice", RunVerdict.FAIL: "error", RunVerdict.INCOMPLETE: "warning"}
# A percent sign first, since the others turn into some.
_DATA = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY = (*_DATA, (":", "%3A"), (",", "%2C"))


def commands(evidence: Report) -> Iterator[str]:
    """Yield one command for the run, and one for each of its worst cells."""
    view = overview(evidence)
    whole = plain(" ".join((view.sentence, *warnings(evidence.problems))))
    yield _command(_KINDS[view.verdict], "initializers", whole)
    ordered = worst_first(evidence.cells)
    wrong = [cell for cell in ordered if cell.verdict.is_wrong]
    gaps = [cell for cell in ordered if cell.verdict.is_gap]
    for kind, cells in (("error", wrong), ("warning", gaps)):
        for cell in cells[:MOST]:
            yield _command(kind, _title(cell), "\n".join(filter(None, _message(cell))))


def _title(cell: CellRecord) -> str:
    names = (cell.verdict, cell.title, cell.dtype, cell.backend, cell.promise)
    return " · ".join(filter(None, names))


def _message(cell: CellRecord) -> tuple[str, ...]:
    return plain(diagnosis(cell)), plain(cell.replay)


def _command(kind: str, title: str, message: str) -> str:
    return f"::{kind} title={_escaped(plain(title), _PROPERTY)}::{_escaped(message, _DATA)}"


def _escaped(text: str, table: tuple[tuple[str, str], ...]) -> str:
    for sign, code in table:
        text = text.replace(sign, code)
    return text
