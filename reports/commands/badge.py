"""Write a small picture of a run's verdict."""

from __future__ import annotations

import argparse
from pathlib import Path

from reports.commands.inputs import evidence_of
from reports.commands.problem import unwritable
from reports.evidence import store
from reports.evidence.verdict import overview
from reports.text import badge


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("directory", type=Path, help=f"the folder that holds {store.EVIDENCE}")


def run(options: argparse.Namespace) -> int:
    """Write the badge beside the evidence, print its path and return the run's exit code."""
    evidence = evidence_of(options.directory / store.EVIDENCE)
    path = options.directory / badge.BADGE
    try:
        store.write_atomically(path, badge.badge(evidence))
    except OSError as error:
        raise unwritable(path, error, "copy the evidence to another folder") from None
    print(path)
    return overview(evidence).verdict.exit_code
