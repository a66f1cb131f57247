"""Verify many run seeds, and say how often the suite raises an alarm."""

from __future__ import annotations

import argparse
import re
import signal
from pathlib import Path

from reports.calibration import campaign, document, ledger
from reports.commands.inputs import machine, require_other
from reports.commands.problem import Problem, unreadable, unwritable
from reports.evidence import store
from reports.evidence.verdict import RunVerdict
from reports.evidence.words import plain, plural
from reports.processors import runs, settings

FOLDER = Path("calibration")
_ELSEWHERE = "mend that, or name another folder with --folder"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--runs",
        type=_natural,
        required=True,
        metavar="N",
        help="run seeds in all; those in the ledger are not run again; 0: report only",
    )
    parser.add_argument("--profile", choices=campaign.FIRST, default="smoke")
    parser.add_argument(
        "--first-seed", type=_natural, metavar="S", help="default: one of the profile's own"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=FOLDER,
        metavar="DIR",
        help=f"holds {ledger.LEDGER} and the evidence of alarms; default: {FOLDER}",
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the report too")


def run(options: argparse.Namespace) -> int:
    """Do the runs that are left, print the report, and return 0, 1 after an alarm, or 3."""
    if options.write is not None:
        require_other(options.write, [options.folder / ledger.LEDGER])
    held = _ledger(options.folder)
    if options.runs > 0:
        here = machine()
        version = here.torch, here.suite
        stopped = _go_on(options, here, [e for e in held.entries if e.version == version])
        held = _ledger(options.folder)
    elif held.entries:
        version, stopped = held.entries[-1].version, 0
    else:
        raise _nothing_in(options.folder / ledger.LEDGER, len(held.damaged))
    text = document.markdown(held.entries, version)
    print(text)
    for note in held.notes:
        print(f"note: {note}")
    if options.write is not None:
        _write(options.write, text)
    code = stopped or _code([each for each in held.entries if each.version == version])
    # A line that cannot be read may tell of an alarm, unless its run has been done again.
    unread = not options.runs and held.damaged
    return code or (RunVerdict.INCOMPLETE.exit_code if unread else 0)


def _go_on(options: argparse.Namespace, here: runs.Machine, done: list[ledger.Entry]) -> int:
    """Do what is left; return 0, or the exit code of pytest that stopped it."""
    first = campaign.FIRST[options.profile] if options.first_seed is None else options.first_seed
    found, _ = settings.chosen([], here.kernels)
    left = campaign.planned(first, options.runs, found, done)
    print(
        f"calibrate: {plural(len(left), 'run')} of {options.runs} left, {options.profile}, under "
        f"{', '.join(setting.name for setting in found)}",
        flush=True,
    )
    # Told to end, it ends its run too, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for number, entry in enumerate(
            campaign.campaign(options.folder, here, options.profile, left), start=1
        ):
            print(
                f"calibrate: {number}/{len(left)}, run seed {entry.seed}, {entry.setting}: "
                f"{_result(entry)}, {entry.seconds:.0f} s",
                flush=True,
            )
    except campaign.Interrupted as stop:
        print(f"calibrate: stopped: {plain(str(stop))}")
        return stop.code
    except KeyboardInterrupt:
        print("calibrate: stopped; the same command goes on from here")
        return runs.INTERRUPTED
    except OSError as error:
        raise unwritable(options.folder, error, "name another with --folder") from None
    return 0


def _nothing_in(path: Path, damaged: int) -> Problem:
    if not damaged:
        return Problem(f"{path} holds no run: give --runs N to do some")
    return Problem(
        f"{path} holds no run that can be read, and {plural(damaged, 'damaged line')}: put a copy "
        "of the ledger in its place, or give --runs N to do the runs again"
    )


def _natural(text: str) -> int:
    """A whole number from 0 on, for argparse."""
    if not re.fullmatch(r"\d{1,19}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def _result(entry: ledger.Entry) -> str:
    if entry.is_alarm:
        return f"ALARM in {plural(len(entry.alarms), 'cell')}"
    return "green" if entry.is_complete else f"INCOMPLETE (exit code {entry.code})"


def _ledger(folder: Path) -> ledger.Ledger:
    try:
        return ledger.read(folder / ledger.LEDGER)
    except OSError as error:
        raise unreadable(folder / ledger.LEDGER, error, _ELSEWHERE) from None


def _write(path: Path, text: str) -> None:
    try:
        store.write_atomically(path, text)
    except OSError as error:
        raise unwritable(path, error, "name another file with --write") from None
    print(f"report: {path}")


def _code(counted: list[ledger.Entry]) -> int:
    if any(each.is_alarm for each in counted):
        return RunVerdict.FAIL.exit_code
    sound = counted and all(each.is_complete for each in counted)
    return (RunVerdict.PASS if sound else RunVerdict.INCOMPLETE).exit_code
