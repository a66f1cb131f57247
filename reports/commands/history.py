"""Show many runs side by side: what became of each cell from run to run."""

from __future__ import annotations

import argparse
from pathlib import Path

from reports.commands.problem import Problem, unreadable, unwritable
from reports.evidence import store
from reports.evidence.verdict import RunVerdict
from reports.evidence.words import plain
from reports.nights import changes, chronicle, history

_MEND = "name the folder that holds the report folders of the runs"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "directory",
        type=Path,
        help=f"holds one folder for each run, with {store.EVIDENCE} and {store.TIMINGS}",
    )


def run(options: argparse.Namespace) -> int:
    """Write the page, print the table, and return the last run's exit code, or 3 for a gap."""
    directory: Path = options.directory
    problems: list[str] = []
    try:
        read = history.read(directory, problems)
        notes = [*problems, *history.without_evidence(directory)]
    except OSError as error:
        raise unreadable(directory, error, _MEND) from None
    nights = read.nights
    if not nights:
        raise Problem(f"{directory} holds no folder with usable evidence: {_MEND}")
    found = changes.traces(read)
    path = directory / chronicle.PAGE
    try:
        chronicle.page(path, nights, found, notes)
    except OSError as error:
        raise unwritable(path, error, "copy the report folders to another folder") from None
    for line in chronicle.text(nights, found):
        print(line)
    for note in notes:
        print(plain(f"warning: {note}"))
    print(f"page: {path}")
    # The last run decides, unless something is missing from what it is seen beside.
    return chronicle.exit_code(nights) or (RunVerdict.INCOMPLETE.exit_code if problems else 0)
