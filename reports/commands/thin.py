"""Keep of old runs what the history needs, in a hundredth of the room."""

from __future__ import annotations

import argparse
from pathlib import Path

from reports.commands.problem import Problem, unreadable, unwritable
from reports.evidence import store
from reports.evidence.verdict import RunVerdict
from reports.evidence.words import count, plain, plural
from reports.nights import folders, thinning

WHOLE = 30
_MEND = "name the folder that holds the report folders of the runs"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "directory", type=Path, help=f"holds one folder for each run, with {store.EVIDENCE}"
    )
    parser.add_argument(
        "--whole",
        type=int,
        default=WHOLE,
        metavar="N",
        help="so many of the last runs stay as they are (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Thin all but the last runs; return 3 if one stays whole for a line that is damaged."""
    if options.whole < 0:
        raise Problem("--whole is less than nothing: name how many of the last runs stay whole")
    directory: Path = options.directory
    try:
        runs = _in_order(directory)
    except OSError as error:
        raise unreadable(directory, error, _MEND) from None
    old = runs[: max(0, len(runs) - options.whole)]
    damaged: list[str] = []
    thinned: list[thinning.Sizes] = []
    for folder in old:
        if not (folder / store.EVIDENCE).exists():
            continue
        try:
            thinned.append(thinning.thin(folder))
        except thinning.Damaged as problem:
            damaged.append(str(problem))
        except OSError as error:
            raise unwritable(folder, error, "copy the report folders elsewhere") from None
    sizes = sum(thinned, thinning.Sizes())
    whole = sum((folder / store.EVIDENCE).exists() for folder in runs)
    print(
        f"thinned {plural(len(thinned), 'run')}, {_megabytes(sizes.before)} to "
        f"{_megabytes(sizes.after)}; of {plural(len(runs), 'run')} {count(whole)} stay whole."
    )
    for sentence in damaged:
        print(plain(f"warning: {sentence}"))
    return RunVerdict.INCOMPLETE.exit_code if damaged else 0


def _in_order(directory: Path) -> list[Path]:
    """Return the folders that hold a run, the oldest first."""
    held = [f for f in folders.folders(directory) if folders.evidence_of(f).exists()]
    return sorted(held, key=lambda f: folders.order(folders.start_of(f, []), f.name))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
