"""``python -m reports build DIR``: the pages again, from the evidence of a run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

from reports import render, store, summary
from reports.verdict import overview

USAGE = 4


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence and exit with 4, as pytest's do."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}.", file=sys.stderr)
        raise SystemExit(USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = _Parser(prog="python -m reports", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="render the pages of a run again")
    build.add_argument("directory", type=Path, help=f"the folder that holds {store.EVIDENCE}")
    directory: Path = parser.parse_args(arguments).directory
    path = directory / store.EVIDENCE
    try:
        evidence = store.complete(store.read(path))
    except OSError as error:
        parser.error(f"{path} cannot be read: {error.strerror}")
    if not evidence.cells:
        parser.error(f"{path} holds no usable evidence")
    try:
        render.build(evidence, directory)
    except OSError as error:
        parser.error(f"the pages in {directory} cannot be written: {error.strerror}")
    if isinstance(sys.stdout, TextIOWrapper):
        # A terminal without these signs gets the rest of the sentence.
        sys.stdout.reconfigure(errors="replace")
    for text, _ in summary.terminal(evidence, directory):
        print(text)
    return overview(evidence).exit_code


if __name__ == "__main__":
    sys.exit(main())
