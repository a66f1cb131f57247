"""Render the pages of a run again, from its evidence."""

from __future__ import annotations

import argparse
from pathlib import Path

from reports.commands.inputs import evidence_of
from reports.commands.problem import unwritable
from reports.evidence import store
from reports.evidence.records import Report
from reports.evidence.verdict import overview
from reports.page import render
from reports.text import summary


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("directory", type=Path, help=f"the folder that holds {store.EVIDENCE}")


def run(options: argparse.Namespace) -> int:
    """Build the pages, print the verdict and return the run's exit code."""
    directory: Path = options.directory
    evidence = evidence_of(directory / store.EVIDENCE)
    refused = _refused(evidence, directory)
    for text, _ in summary.terminal(evidence, None if refused else directory):
        print(text)
    if refused:
        raise unwritable(directory, refused, "copy the evidence to another folder")
    return overview(evidence).verdict.exit_code


def _refused(evidence: Report, directory: Path) -> OSError | None:
    """Write the pages, and return how the system refused, if it did."""
    try:
        render.build(evidence, directory)
    except OSError as error:
        return error
    return None
