"""Compare two runs, the baseline first, and say whether the candidate is qualified."""

from __future__ import annotations

import argparse
from pathlib import Path

from reports.commands.inputs import MEANT, evidence_of, require_other
from reports.commands.problem import Problem, unwritable
from reports.evidence import store
from reports.evidence.records import Report
from reports.upgrade import qualification, speed
from reports.upgrade.comparison import compare, devices, of_backend


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("baseline", type=Path, help=MEANT)
    parser.add_argument("candidate", type=Path, nargs="?", help="by default the baseline itself")
    parser.add_argument(
        "--backends",
        nargs=2,
        metavar=("ONE", "OTHER"),
        help="compare these two, the first of the baseline and the other of the candidate",
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the page of it too")


def run(options: argparse.Namespace) -> int:
    """Print what changed, write the page, and return 0, 1 or 3."""
    paths = [store.evidence_in(each) for each in (options.baseline, options.candidate) if each]
    if len(paths) == 1 and not options.backends:
        raise Problem(
            f"{paths[0]} is one run: name another one, or two of its backends with --backends"
        )
    if options.html is not None:
        require_other(options.html, paths)
    baseline, candidate = evidence_of(paths[0]), evidence_of(paths[-1])
    if options.backends:
        one, other = options.backends
        baseline, candidate = _narrowed(baseline, one), _narrowed(candidate, other)
    found = compare(baseline, candidate, speed.times(paths[0].parent, paths[-1].parent))
    if not found.shared:
        raise Problem(
            f"{paths[0]} and {paths[-1]} have no cell in common: compare two runs of one version "
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


def _narrowed(report: Report, backend: str) -> Report:
    """The cells of one backend."""
    found = of_backend(report, backend)
    if not found.cells:
        there = ", ".join(sorted(devices(report))) or "none"
        raise Problem(f"there is no cell of the backend {backend!r}: those of the run are {there}")
    return found
