"""Run one finding again in this environment, and say whether it fails again or is fixed."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from reports.commands.inputs import MEANT, evidence_of
from reports.commands.problem import Problem
from reports.evidence import store
from reports.evidence.records import CellRecord, Report, RunRecord, Verdict
from reports.evidence.verdict import worst_first
from reports.evidence.words import plain, plural
from reports.text.summary import diagnosis, warnings

ROOT = Path(__file__).resolve().parents[2]
FIXED, FAILED, UNKNOWN = 0, 1, 3


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("evidence", type=Path, help=MEANT)
    parser.add_argument(
        "cell",
        nargs="?",
        help="its node id, its subject, or a part of its name; of several, and of all, the worst",
    )


def run(options: argparse.Namespace) -> int:
    """Replay the finding, say what came of it, and return 0 fixed, 1 failed again, or 3."""
    evidence = evidence_of(store.evidence_in(options.evidence))
    for problem in warnings(evidence.problems):
        print(plain(f"warning: {problem}"))
    # A record that cannot be read wholly may have held something worse.
    right = UNKNOWN if evidence.problems else FIXED
    cell = _worst(evidence) if options.cell is None else _named(evidence, options.cell)
    if cell is None:
        said = "every cell keeps its promise" + (" that could be read" if evidence.problems else "")
        print(f"There is nothing to replay: {said}.")
        return right
    command = command_of(cell, evidence.run)
    print(plain(f"{cell.verdict} in the record: {cell.nodeid}"))
    print(plain(f"replay: pytest {shlex.join(command)}"), flush=True)
    again, complaint = _replayed(command)
    if again is None:
        print(plain(f"cannot be replayed: {complaint}"))
        return UNKNOWN
    for line in _other_torch(evidence.run, again.run):
        print(plain(line))
    found = next((other for other in again.cells if other.nodeid == _item(cell)), None)
    code, said = _comparison(cell, found)
    print(plain(said))
    return code or right


def _worst(evidence: Report) -> CellRecord | None:
    troubled = [cell for cell in evidence.cells if cell.verdict.needs_attention]
    return next(iter(worst_first(troubled)), None)


def _named(evidence: Report, name: str) -> CellRecord:
    ways: tuple[Callable[[CellRecord], bool], ...] = (
        lambda cell: name == cell.nodeid,
        lambda cell: name == cell.title,
        lambda cell: name in cell.nodeid,
    )
    found = next(filter(None, ([*filter(way, evidence.cells)] for way in ways)), [])
    if not found:
        raise Problem(f"no cell has {name!r} in its name: the node ids stand in {store.EVIDENCE}")
    if len(found) > 1:
        print(plain(f"{name!r} is in the names of {plural(len(found), 'cell')}; this is the worst"))
    return worst_first(found)[0]


def command_of(cell: CellRecord, run: RunRecord) -> list[str]:
    """Return pytest's arguments: as recorded, or for a cell that never came to record them."""
    if not cell.replay:
        seed = next(iter(cell.failed_nights), run.run_seed)
        profile = run.profiles.get(seed, run.profile)
        return [_item(cell), "--run-seed", seed, "--profile", profile]
    try:
        program, *arguments = shlex.split(cell.replay)
        os.fsencode("".join(arguments))
    except ValueError:
        program, arguments = "", []
    # No process can be given an empty character.
    if program != "pytest" or "\0" in "".join(arguments):
        raise Problem(f"the replay command of {cell.nodeid} is damaged: {cell.replay!r}")
    return arguments


def _item(cell: CellRecord) -> str:
    return cell.nodeid.removesuffix("::teardown")


def _replayed(arguments: list[str]) -> tuple[Report | None, str]:
    """The evidence of a run of pytest with these arguments; without any, its complaint."""
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        own = ["-p", "no:cacheprovider", "--report-dir", folder]
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments, *own],
            cwd=ROOT,
            env={"OMP_NUM_THREADS": "1"} | os.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        path = Path(folder) / store.EVIDENCE
        if path.is_file():
            return store.read(path), ""
    lines = [line for line in (ended.stderr or ended.stdout).splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return None, (errors or lines or [f"pytest ended with {ended.returncode}"])[-1]


def _other_torch(recorded: RunRecord, here: RunRecord) -> list[str]:
    if recorded.torch == here.torch:
        return []
    return [f"note: recorded with torch {recorded.torch}, replayed with {here.torch}"]


def _comparison(recorded: CellRecord, found: CellRecord | None) -> tuple[int, str]:
    """The exit code, and what the replay says about the record."""
    if found is None or found.verdict.is_gap:
        reason = found.reason if found else "the item left no result"
        return UNKNOWN, f"cannot be replayed: {reason}"
    wrong = recorded.verdict.is_wrong
    if found.verdict.is_wrong:
        return FAILED, f"{'failed again' if wrong else 'fails now'}: {diagnosis(found)}"
    if found.verdict == recorded.verdict:
        return FIXED, f"as recorded: {found.verdict}"
    if found.verdict is Verdict.UNSUPPORTED:
        return UNKNOWN, f"cannot be replayed: unsupported here: {found.reason}"
    if found.verdict is Verdict.PASS:
        return FIXED, "fixed: it passes now" if wrong else "it passes now"
    return FIXED, f"{found.verdict} now: {found.reason}"
