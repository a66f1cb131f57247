"""Join the parts of a run, and add up the evidence of several nights."""

from __future__ import annotations

import argparse
from pathlib import Path

from reports.commands import build
from reports.commands.problem import Problem, unwritable
from reports.evidence import store
from reports.evidence.words import plain
from reports.nights import merge, parts
from reports.text.summary import warnings


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("out", type=Path, help="the folder that gets the whole")
    parser.add_argument(
        "parts", type=Path, nargs="+", metavar="part", help="a report folder or an evidence file"
    )


def run(options: argparse.Namespace) -> int:
    """Write the merged evidence and its pages, and return the exit code of the whole."""
    out: Path = options.out
    target = out / store.EVIDENCE
    try:
        merged = merge.merge(options.parts)
        _refuse_loss(target, options.parts)
        store.write_atomically(target, merged.text)
    except parts.Refused as reason:
        raise Problem(str(reason)) from None
    except OSError as error:
        where = Path(error.filename or target)
        raise unwritable(where, error, "name another folder to write to") from None
    for note in warnings(merged.notes):
        print(plain(f"note: {note}"))
    code = build.run(argparse.Namespace(directory=out))
    return code if merged.complete else code or 3


def _refuse_loss(target: Path, given: list[Path]) -> None:
    """Refuse to overwrite evidence that is not among the parts, readable or not."""
    files = [store.evidence_in(part) for part in given]
    if not target.exists() or any(file.exists() and file.samefile(target) for file in files):
        return
    held = {night for file in files for night in parts.shards_of(file)}
    own = parts.shards_of(target)
    if not own <= held or (not own and target.stat().st_size > 0):
        raise Problem(
            f"{target} holds a run that is not among the parts, and would be lost: name it as a "
            f"part too, or another folder to write to"
        )
