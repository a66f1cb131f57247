"""Compare two runs, the baseline first, and say whether the candidate is qualified."""

from __future__ import annotations

import argparse
from pathlib import Path

from reports.commands.inputs import MEANT, evidence_of, require_other
from reports.commands.problem import Problem, unwritable
from reports.evidence import store
from reports.upgrade import qualification, speed
from reports.upgrade.comparison import compare


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    for side in ("baseline", "candidate"):
        parser.add_argument(side, type=Path, help=MEANT)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the page of it too")


def run(options: argparse.Namespace) -> int:
    """Print what changed, write the page, and return 0, 1 or 3."""
    paths = store.evidence_in(options.baseline), store.evidence_in(options.candidate)
    if options.html is not None:
        require_other(options.html, paths)
    baseline, candidate = map(evidence_of, paths)
    found = compare(baseline, candidate, speed.times(*(path.parent for path in paths)))
    if not found.shared:
        raise Problem(
            f"{paths[0]} and {paths[1]} have no cell in common: compare two runs of one version "
            "of the suite, with the same selection of tests"
        )
    for line in qualification.text(found):
        print(line)
    if options.html is not None:
        try:
            qualification.page(found, options.html)
        except OSError as error:
            raise unwritable(options.html, error, "name another file with --html") from None
        print(f"\npage: {options.html}")
    return found.exit_code
