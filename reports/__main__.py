"""What can be done with the evidence of runs; needs no PyTorch."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import NoReturn

from reports.commands import COMMANDS
from reports.commands.problem import Problem
from reports.evidence.store import system_says
from reports.evidence.words import plain
from reports.live import streams

USAGE, INTERRUPTED = 4, 2
# Whether the system names a file: what it refused, and what to do.
_REFUSED = {
    True: ("cannot be used", "mend that, and run it again"),
    False: ("the output is refused", "make room, or send it somewhere else"),
}


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence and exit with 4, as pytest's do."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {plain(message).rstrip('.')}.", file=sys.stderr)
        raise SystemExit(USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    streams.open_missing()
    parser = _Parser(prog="python -m reports", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        command.declare(commands.add_parser(name, help=command.__doc__))
    given = sys.argv[1:] if arguments is None else arguments
    if foreign := [text for text in given if not _can_name_a_file(text)]:
        parser.error(f"{foreign[0]!r} has a character that no file name can have")
    options = parser.parse_args(given)
    if isinstance(sys.stdout, TextIOWrapper):
        # A terminal without these signs gets the rest of the sentence.
        sys.stdout.reconfigure(errors="replace")
    try:
        code: int = COMMANDS[options.command].run(options)
        sys.stdout.flush()
    except Problem as problem:
        parser.error(str(problem))
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        _give_up_output()
        return 0
    except MemoryError:
        parser.error("the input is larger than the memory of this machine: give it less at a time")
    except KeyboardInterrupt:
        print(f"{parser.prog}: stopped.", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        _give_up_output()
        what, mend = _REFUSED[error.filename is not None]
        parser.error(f"{error.filename or ''} {what} ({system_says(error)}): {mend}".strip())
    return code


def _can_name_a_file(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _give_up_output() -> None:
    """Send nowhere what cannot be printed: Python flushes once more on its way out."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
