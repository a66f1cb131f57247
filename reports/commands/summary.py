"""Print the summary of a run for a CI step: Markdown, or annotations."""

from __future__ import annotations

import argparse
from pathlib import Path

from reports.commands.inputs import evidence_of
from reports.evidence import store
from reports.evidence.verdict import overview
from reports.text import summary, workflow


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("directory", type=Path, help=f"the folder that holds {store.EVIDENCE}")
    parser.add_argument(
        "--annotations", action="store_true", help="workflow commands of GitHub instead"
    )


def run(options: argparse.Namespace) -> int:
    """Print the summary and return the run's exit code."""
    evidence = evidence_of(options.directory / store.EVIDENCE)
    if options.annotations:
        for line in workflow.commands(evidence):
            print(line)
    else:
        print(summary.markdown(evidence), end="")
    return overview(evidence).verdict.exit_code
