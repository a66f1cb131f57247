"""Copy a list of known defects, with the backends of a report added to the entries it shows."""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

from reports.commands.inputs import MEANT, evidence_of, require_other
from reports.commands.problem import Problem, unreadable, unwritable
from reports.evidence import store
from reports.evidence.records import Report
from reports.evidence.words import listing, plain
from reports.text import defect_list

OWN = Path(__file__).resolve().parents[2] / "verify" / "known_defects.toml"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("evidence", type=Path, help=MEANT)
    parser.add_argument("out", type=Path, help="the file that gets the copy")
    parser.add_argument(
        "--known-defects",
        type=Path,
        default=OWN,
        metavar="FILE",
        help="the list that the run was told of; default: the suite's own",
    )


def run(options: argparse.Namespace) -> int:
    """Write the copy, name the entries that speak of more backends, and return 0."""
    given, out = options.known_defects, options.out
    evidence = evidence_of(store.evidence_in(options.evidence))
    require_other(out, [given, store.evidence_in(options.evidence)])
    seen = _seen(evidence)
    try:
        text = defect_list.adopted(given.read_text(encoding="utf-8"), seen)
    except OSError as error:
        raise unreadable(given, error, "name a list of known defects") from None
    except ValueError as reason:
        raise Problem(f"{given} cannot be copied: {reason}") from None
    try:
        store.write_atomically(out, text)
    except OSError as error:
        raise unwritable(out, error, "name another file") from None
    for id, backends in seen.items():
        print(plain(f"{id}: {listing(backends)}"))
    return 0


def _seen(evidence: Report) -> dict[str, list[str]]:
    """Return by known defect the backends on which the report shows it, and nobody had seen it."""
    found: dict[str, set[str]] = defaultdict(set)
    for cell in evidence.cells:
        for finding in cell.failures:
            if finding.elsewhere:
                found[finding.elsewhere].add(cell.backend)
    return {id: sorted(backends) for id, backends in sorted(found.items())}
